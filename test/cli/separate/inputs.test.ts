/** Which songs a command line means: files, folders, patterns; trees kept, stems passed over. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/cli/errors.ts'
import { type FindOptions, findSongs } from '../../../src/cli/separate/inputs.ts'
import { planJobs } from '../../../src/cli/separate/plan.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
  const files = [
    'music/Track 10.wav',
    'music/Track 2.MP3',
    'music/cover.jpg',
    'music/clip.mp4',
    'music/.hidden.wav',
    'music/Track 2.vocals.wav',
    'music/Track 2.source-1.wav',
    'music/live [1].flac',
    'music/disc 1/a.ogg',
    'music/disc 2/a.ogg',
    'music/disc 2/stems/a.vocals.flac',
    'music/stems/odd.wav',
    'music/.divisi-0123456789abcdef/vocals.wav',
    'empty/notes.txt',
  ]
  for (const file of files) {
    await mkdir(join(folder, dirname(file)), { recursive: true })
    await writeFile(join(folder, file), '')
  }
})

afterEach(() => rm(folder, { recursive: true }))

async function find(
  inputs: readonly string[],
  options: Partial<FindOptions> = {},
): Promise<{ paths: string[]; branches: string[]; notes: readonly string[] }> {
  const { songs, notes } = await findSongs(
    inputs.map((input) => join(folder, input)),
    { recursive: false, out: join(folder, 'out'), stems: [], ...options },
  )
  return { paths: songs.map(({ path }) => relative(folder, path)), branches: songs.map(({ branch }) => branch), notes }
}

describe('findSongs', () => {
  it('takes the songs of a folder in the order of their numbers, going by endings, without stems', async () => {
    const { paths, notes } = await find(['music'])
    expect(paths).toEqual(['music/live [1].flac', 'music/Track 2.MP3', 'music/Track 10.wav'])
    expect(notes).toEqual([`${join(folder, 'music')}: passed over 2 files that are stems already`])
  })

  it('keeps the tree with --recursive, and does not look for songs among its own outputs', async () => {
    const { paths, branches } = await find(['music'], { recursive: true, out: join(folder, 'music', 'stems') })
    expect(paths).toEqual(['music/disc 1/a.ogg', 'music/disc 2/a.ogg', 'music/live [1].flac', 'music/Track 2.MP3', 'music/Track 10.wav'])
    expect(branches).toEqual(['disc 1', 'disc 2', '', '', ''])
    expect((await find(['music'], { recursive: true })).paths).toContain('music/stems/odd.wav')
  })

  it('expands patterns that no shell has expanded', async () => {
    expect((await find(['music/*.wav'])).paths).toEqual(['music/Track 10.wav'])
    expect((await find(['music/*.{wav,mp4}'])).paths).toEqual(['music/clip.mp4', 'music/Track 10.wav'])
    expect((await find(['music/T*'])).paths).toEqual(['music/Track 2.MP3', 'music/Track 10.wav'])
    const tree = await find(['music/**/*.ogg'], { recursive: true })
    expect(tree).toMatchObject({ paths: ['music/disc 1/a.ogg', 'music/disc 2/a.ogg'], branches: ['disc 1', 'disc 2'] })
    expect((await find(['music/disc ?/a.ogg'])).branches).toEqual(['', ''])
  })

  it('takes what is named as it is named: any ending, brackets, what is missing, stems', async () => {
    const named = ['music/live [1].flac', 'music/cover.jpg', 'music/none.wav', 'music/Track 2.vocals.wav']
    expect((await find(named)).paths).toEqual(named)
  })

  it('counts what is found more than once once', async () => {
    const { paths } = await find(['music/T*', 'music', 'music/Track 10.wav'])
    expect(paths).toEqual(['music/Track 2.MP3', 'music/live [1].flac', 'music/Track 10.wav'])
  })

  it('refuses a command line without a song, and says what is there; tells of what is empty beside others', async () => {
    await expect(find(['empty'])).rejects.toThrow(UsageError)
    await expect(find(['empty'])).rejects.toThrow(/empty: there is no song, going by the endings; a file of another kind can be named/)
    await expect(find(['empty', 'music/*.xyz'])).rejects.toThrow(/music\/\*\.xyz: there is no file/)
    await expect(find(['music/disc 2/stems'])).rejects.toThrow(/passed over a file that is a stem already/)
    const { notes } = await find(['empty', 'music/*.wav'])
    expect(notes.some((note) => note.includes('--recursive looks into the folders below'))).toBe(true)
  })
})

describe('planJobs', () => {
  const stems = ['vocals', 'instrumental']
  const song = (path: string, branch = '', named = false) => ({ path, branch, named })

  it('puts stems where their songs were below the folder', () => {
    const jobs = planJobs([song('m/disc 1/a.ogg', 'disc 1'), song('m/disc 2/a.ogg', 'disc 2')], 'out', stems)
    expect(jobs.map((job) => [job.folder, job.base])).toEqual([
      [join('out', 'disc 1'), 'a'],
      [join('out', 'disc 2'), 'a'],
    ])
    expect(() => planJobs([song('m/disc 1/a.ogg'), song('m/disc 2/a.ogg')], 'out', stems)).toThrow('keep their folders with --recursive')
  })

  it('passes over files that were found and are the stems of another song, and refuses those that were named', () => {
    const found = [song('a.wav'), song('a.choir.wav')]
    expect(planJobs(found, '.', ['choir']).map(({ input }) => input)).toEqual(['a.wav'])
    expect(() => planJobs([song('a.wav'), song('a.choir.wav', '', true)], '.', ['choir'])).toThrow('would replace the input a.choir.wav')
  })
})
