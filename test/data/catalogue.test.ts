import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listFiles, locateFiles, readCatalogue, sharedGroups, writeCatalogue } from '../../src/data/index.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-catalogue-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Files whose contents are their names. */
async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), `sound of ${path}`)
  }
}

const HEADER = 'sha256,bytes,kind,split,group,name'
const hash = (digit: string): string => digit.repeat(64)

describe('the shipped file list', () => {
  const shipped = fileURLToPath(new URL('../../recipes/vocals.files.csv', import.meta.url))

  it('holds out whole singers and artists: no group stands in both splits, and no recording twice', async () => {
    const entries = await readCatalogue(shipped)
    expect(sharedGroups(entries)).toEqual([])
    expect(new Set(entries.map((e) => e.sha256)).size).toBe(entries.length)
    for (const split of ['train', 'valid'] as const)
      for (const kind of ['vocals', 'instrumental'] as const)
        expect(entries.filter((e) => e.split === split && e.kind === kind).length).toBeGreaterThan(0)
  })

  it('has the singer or artist in every group', async () => {
    for (const { group, name } of await readCatalogue(shipped)) expect(group, name).toMatch(/^[a-z0-9-]+\/[a-z0-9-]+$/)
  })
})

describe('readCatalogue', () => {
  const read = async (...lines: string[]) => {
    await writeFile(join(folder, 'list.csv'), `${[HEADER, ...lines].join('\n')}\n`)
    return readCatalogue(join(folder, 'list.csv'))
  }

  it('reads back what writeCatalogue wrote, names with commas and quotes included', async () => {
    const entries = [
      { sha256: hash('a'), bytes: 1, kind: 'vocals', split: 'train', group: 's/a', name: 'plain.wav' },
      { sha256: hash('b'), bytes: 2, kind: 'instrumental', split: 'valid', group: 'b, c/"d"', name: 'Say "hi", please.ogg' },
    ] as const
    await writeCatalogue(join(folder, 'list.csv'), entries)
    expect(await readCatalogue(join(folder, 'list.csv'))).toEqual(entries)
  })

  it('names every wrong line', async () => {
    const wrong = read(
      `${hash('a')},1,vocals,train,s/a,ok.wav`,
      'xyz,1,vocals,train,s/a,a.wav',
      `${hash('b')},many,vocals,train,s/a,b.wav`,
      `${hash('c')},1,guitar,train,s/a,c.wav`,
      `${hash('d')},1,vocals,test,s/a,d.wav`,
      `${hash('e')},1,vocals,train,,e.wav`,
      `${hash('f')},1,vocals`,
    )
    await expect(wrong).rejects.toThrow(
      /line 3: sha256 must be 64 hex.*\n.*line 4: bytes.*"many".*\n.*line 5: kind must be one of vocals, speech, instrumental, got "guitar"\n.*line 6: split must be train or valid, got "test"\n.*line 7: group.*\n.*line 8: expected 6 fields/,
    )
  })

  it('refuses a singer in both splits, a recording listed twice and a foreign file', async () => {
    await expect(read(`${hash('a')},1,vocals,train,s/anna,a.wav`, `${hash('b')},1,vocals,valid,s/anna,b.wav`)).rejects.toThrow(
      /group "s\/anna" stands in both splits/,
    )
    await expect(read(`${hash('a')},1,vocals,train,s/a,a.wav`, `${hash('a')},1,vocals,train,s/a,again.wav`)).rejects.toThrow(
      /again\.wav .* is listed twice/,
    )
    await writeFile(join(folder, 'list.csv'), 'a;b;c\n')
    await expect(readCatalogue(join(folder, 'list.csv'))).rejects.toThrow(/first line must be "sha256,bytes/)
  })
})

describe('listFiles', () => {
  it('takes kinds and groups from the folders, and only audio files in them', async () => {
    await put(
      'vocals/anna/a.wav',
      'vocals/solo.flac',
      'vocals/anna/notes.txt',
      'vocals/choir/ben/1/b.mp3',
      'instrumental/anna/x.ogg',
      'elsewhere/y.wav',
    )
    const entries = await listFiles(folder, { validShare: 0 })
    expect(entries.map(({ kind, group, name, split }) => [kind, group, name, split])).toEqual([
      ['instrumental', 'anna/anna', 'x.ogg', 'train'],
      ['vocals', 'anna/anna', 'a.wav', 'train'],
      ['vocals', 'choir/ben', 'b.mp3', 'train'],
      ['vocals', 'vocals/solo', 'solo.flac', 'train'],
    ])
  })

  it('holds out whole groups, always the same ones', async () => {
    await put(...Array.from({ length: 60 }, (_, i) => `vocals/singer${i % 20}/${i}.wav`))
    const entries = await listFiles(folder, { validShare: 0.3 })
    expect(sharedGroups(entries)).toEqual([])
    const held = new Set(entries.filter((e) => e.split === 'valid').map((e) => e.group))
    expect(held.size).toBeGreaterThan(0)
    expect(held.size).toBeLessThan(20)
    await rm(join(folder, 'vocals/singer0'), { recursive: true })
    const fewer = await listFiles(folder, { validShare: 0.3 })
    for (const entry of fewer) expect(entry.split === 'valid').toBe(held.has(entry.group))
  })

  it('holds out at least one singer and one band of a small folder', async () => {
    await put('vocals/a.wav', 'vocals/b.wav', 'instrumental/c.wav', 'instrumental/d.wav')
    const entries = await listFiles(folder)
    for (const kind of ['vocals', 'instrumental'])
      expect(
        entries
          .filter((e) => e.kind === kind)
          .map((e) => e.split)
          .sort(),
      ).toEqual(['train', 'valid'])
  })

  it('refuses a folder without recordings, and says where they belong', async () => {
    await put('readme.txt')
    await expect(listFiles(folder)).rejects.toThrow(/no audio files to list; put recordings into the sub-folders vocals, instrumental/)
  })
})

describe('locateFiles', () => {
  it('finds files by content under any name, and reads none of another size', async () => {
    await put('vocals/a.wav', 'instrumental/b.wav')
    const entries = await listFiles(folder)
    await mkdir(join(folder, 'moved'))
    await writeFile(join(folder, 'moved/other name'), await readFile(join(folder, 'vocals/a.wav')))
    await rm(join(folder, 'vocals'), { recursive: true })
    await writeFile(join(folder, 'huge.bin'), 'x'.repeat(10_000))
    const candidates: number[] = []
    const located = await locateFiles(entries, folder, { onProgress: (_, total) => candidates.push(total) })
    expect(located.find((e) => e.name === 'a.wav')!.path).toBe(join(folder, 'moved/other name'))
    expect(candidates.at(-1)).toBe(2)
  })

  it('follows links, also those that lead back', async () => {
    await put('store/vocals/a.wav')
    const entries = await listFiles(join(folder, 'store'))
    await mkdir(join(folder, 'data'))
    await symlink(join(folder, 'store'), join(folder, 'data/linked'))
    await symlink(join(folder, 'data'), join(folder, 'data/loop'))
    expect((await locateFiles(entries, join(folder, 'data')))[0]!.path).toBe(join(folder, 'data/linked/vocals/a.wav'))
  })

  it('says that a folder cannot be read', async () => {
    await expect(locateFiles([], join(folder, 'absent'))).rejects.toThrow(/the data folder .*absent cannot be read: ENOENT/)
  })

  it('names the missing ones in one error with the way out', async () => {
    await put(...Array.from({ length: 14 }, (_, i) => `vocals/${10 + i}.wav`))
    const entries = await listFiles(folder)
    for (let i = 0; i < 12; i++) await rm(join(folder, `vocals/${10 + i}.wav`))
    const missingList = join(folder, 'lists/missing.csv')
    const failed = locateFiles(entries, folder, { missingList })
    await expect(failed).rejects.toThrow(
      /12 of the 14 files of the recipe are not below .*\n {2}10\.wav \(vocals, 22 bytes, sha256 [\s\S]*… and 2 more\n.*\n.*point --data/,
    )
    await expect(failed).rejects.toThrow(`All of them are listed in ${missingList}.`)
    expect(await readCatalogue(missingList)).toEqual(entries.slice(0, 12))
  })

  it('lists many missing files in the temporary folder unless told where, and few in the error alone', async () => {
    await put(...Array.from({ length: 11 }, (_, i) => `vocals/${i}.wav`))
    const entries = await listFiles(folder)
    await rm(join(folder, 'vocals'), { recursive: true })
    const error = await locateFiles(entries, folder).catch((e: Error) => e)
    const file = /listed in (.*missing-files\.csv)\.\n/.exec(String(error))![1]!
    expect(file.startsWith(tmpdir())).toBe(true)
    expect(await readCatalogue(file)).toEqual(entries)
    await rm(dirname(file), { recursive: true })
    const missingList = join(folder, 'missing.csv')
    const few = locateFiles(entries.slice(0, 10), folder, { missingList })
    await expect(few).rejects.toThrow(/10 of the 10 files/)
    await expect(few).rejects.not.toThrow(/listed in/)
    expect(await readdir(folder)).toEqual([])
  })

  it('still says what is missing where the list cannot be written', async () => {
    await put('blocked', ...Array.from({ length: 11 }, (_, i) => `vocals/${i}.wav`))
    const entries = await listFiles(folder)
    await rm(join(folder, 'vocals'), { recursive: true })
    const failed = locateFiles(entries, folder, { missingList: join(folder, 'blocked/missing.csv') })
    await expect(failed).rejects.toThrow(/11 of the 11 files[\s\S]*could not be written: .*blocked/)
  })

  it('remembers hashes until size or time of change differ', async () => {
    await put('vocals/a.wav')
    const hashes = join(folder, 'hashes.json')
    const path = join(folder, 'vocals/a.wav')
    const time = new Date(2020, 1, 1)
    await utimes(path, time, time)
    const entries = await listFiles(folder, { hashes })
    const changed = (await readFile(path, 'utf8')).replace('sound', 'SOUND')
    // Same size and, set back, same time: the memory is believed, which shows that the file was not read.
    await writeFile(path, changed)
    await utimes(path, time, time)
    expect(await locateFiles(entries, folder, { hashes })).toHaveLength(1)
    await utimes(path, time, new Date(2020, 1, 2))
    await expect(locateFiles(entries, folder, { hashes })).rejects.toThrow(/1 of the 1 files/)
  })
})
