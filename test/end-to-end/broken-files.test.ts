/** `divisi separate` of broken files, and where disks, folders and signals fail it: one clear line, the exit code, and nothing partial. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, parse, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openAudio } from '../../src/audio/index.ts'
import { malformedFiles } from '../audio/broken/malformed.ts'
import { makeSmallFiles } from '../audio/broken/small-files.ts'
import { ffmpeg, wavBytes } from '../audio/support.ts'
import { endOf } from './ended.ts'

const folder = mkdtempSync(join(tmpdir(), 'divisi-broken-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)
const main = resolve('dist/cli/main.js')

const whole = makeSmallFiles(folder, 0.5)
/** Long enough that the network is at work when something happens to it. */
const long = at('long.wav')
ffmpeg('-f', 'lavfi', '-i', 'aevalsrc=0.4*sin(2764*t)|0.4*sin(4147*t):s=44100:d=30', '-c:a', 'pcm_s16le', long)

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly errors: readonly string[]
}

function asRan(code: number | null, stdout: string, stderr: string): Ran {
  return { code, stdout, stderr, errors: stderr.split('\n').filter((line) => line.startsWith('error:')) }
}

/** Runs the command line in a shell, which knows limits and redirections that Node does not; "$@" is the command. */
function inShell(script: string, ...args: string[]): Ran {
  const result = spawnSync('sh', ['-c', script, 'sh', process.execPath, main, 'separate', '--threads', '1', ...args], { encoding: 'utf8' })
  return asRan(result.status, result.stdout, result.stderr)
}

const run = (...args: string[]): Ran => inShell('"$@"', ...args)

/** Names in a folder that a person sees. */
const seen = (out: string): string[] => (existsSync(out) ? readdirSync(out).filter((name) => !name.startsWith('.')) : [])

describe('malformed files', () => {
  const malformed = malformedFiles(whole)
  const broken = at('broken')
  mkdirSync(broken)
  for (const [name, { bytes }] of Object.entries(malformed)) writeFileSync(join(broken, name), bytes)
  const paths = Object.keys(malformed).map((name) => join(broken, name))

  /** Peak memory of a run in MB, written by the process itself at its end. */
  function measured(...args: string[]): Ran & { megabytes: number } {
    const note = at('peak')
    const script = `import { writeFileSync } from 'node:fs'; process.on('exit', () => writeFileSync(${JSON.stringify(note)}, String(process.resourceUsage().maxRSS)))`
    const result = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(script)}`, main, 'separate', '--threads', '1', ...args],
      { encoding: 'utf8' },
    )
    return { ...asRan(result.status, result.stdout, result.stderr), megabytes: Number(readFileSync(note, 'utf8')) / 1024 }
  }

  it('end in one line each, without stems and without the memory that their headers claim', () => {
    expect(paths.length).toBeGreaterThan(40)
    const good = measured('-o', at('good'), at('tone.wav'))
    expect(good.code).toBe(0)
    const { code, errors, megabytes, stderr } = measured('-o', at('none'), ...paths)
    expect(code).toBe(1)
    for (const [name, { reason }] of Object.entries(malformed)) {
      const lines = errors.filter((line) => line.includes(`${join(broken, name)}: `))
      expect(lines, name).toHaveLength(1)
      expect(lines[0]).toMatch(reason)
    }
    expect(errors).toHaveLength(paths.length)
    // Nothing of a decoder's own words, no traces of the program.
    expect(stderr).not.toMatch(/mpg123|libopus|FLAC__|\n {4}at /)
    expect(existsSync(at('none'))).toBe(false)
    // Nobody claims less than 2 GB.
    expect(megabytes).toBeLessThan(good.megabytes + 400)
  })

  it('are separated up to the place where they break off, where that is allowed', async () => {
    const names = [
      'two-gigabytes.wav',
      'nan.wav',
      'cut-flac.flac',
      'flipped-flac.flac',
      'cut-mp3.mp3',
      'cut-vorbis.ogg',
      'cut-opus.opus',
      'cut-aac.m4a',
    ]
    const inputs = names.map((name) => join(broken, name))
    const out = at('taken')
    const { code, stdout, stderr } = run('--allow-truncated', '--json', '-o', out, ...inputs)
    expect(stderr).not.toContain('error:')
    expect(code).toBe(0)
    const facts = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    for (const [index, name] of names.entries()) {
      const { frames, sampleRate, brokenOff } = facts[index]
      expect(brokenOff.reason, name).toMatch(malformed[name]!.reason)
      expect(brokenOff.seconds).toBeCloseTo(frames / sampleRate, 6)
      expect(stderr).toContain(`warning: ${brokenOff.reason}`)
      const stem = await openAudio(join(out, `${parse(name).name}.vocals.wav`))
      expect(stem.info).toMatchObject({ frames, sampleRate })
      await stem.close()
    }
  })
})

describe('what fails around the command', () => {
  it('a file larger than is allowed', () => {
    // 200 blocks of 512 bytes, or of 1024 in some shells: less than a second of sound.
    const { code, errors } = inShell('ulimit -f 200; exec "$@"', '-o', at('limited'), long)
    expect(code).toBe(1)
    expect(errors).toEqual([
      `error: ${long}: the stems cannot be written into ${at('limited')}: a file would become larger than is allowed there`,
    ])
    expect(existsSync(at('limited'))).toBe(false)
  })

  /** Whether this user may make a file system of his own; where not, a limit on files stands in for it. */
  const ownDisk = spawnSync('unshare', ['-rm', 'true']).status === 0

  it('a disk that becomes full', () => {
    const [out, pipe, song] = [at('small-disk'), at('pipe.wav'), at('unknown-length.wav')]
    mkdirSync(out)
    // From a pipe, and without a length: what is known beforehand is refused beforehand.
    execFileSync('mkfifo', [pipe])
    writeFileSync(song, wavBytes({ channels: 2, sampleRate: 44100, data: readFileSync(long).subarray(100), dataLength: 0xffffffff }))
    const limit = ownDisk ? `mount -t tmpfs -o size=400k tmpfs '${out}' || exit 99` : 'ulimit -f 200'
    writeFileSync(at('run.sh'), `cat '${song}' > '${pipe}' &\n${limit}\n"$@"\ncode=$?\nls -A '${out}'\nexit $code\n`)
    const command = [...(ownDisk ? ['unshare', '-rm', 'sh'] : ['sh']), at('run.sh'), process.execPath, main, 'separate', '-o', out, pipe]
    const result = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' })
    const { code, errors, stdout } = asRan(result.status, result.stdout, result.stderr)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/the stems cannot be written into .*small-disk: (the disk is full|a file would become larger)/)
    expect(code).toBe(1)
    expect(stdout).toBe('')
  })

  it('a folder that cannot be written into', () => {
    // Permissions do not bind root; the kernel's own folders do.
    const out = process.getuid?.() === 0 ? '/sys/kernel' : at('read-only')
    if (out !== '/sys/kernel') mkdirSync(out, { mode: 0o555 })
    const { code, errors } = run('-o', out, at('tone.wav'))
    expect(code).toBe(1)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/: the stems cannot be written into \S+: (permission denied|the disk can only be read)$/)
    if (out !== '/sys/kernel') chmodSync(out, 0o755)
  })

  it('standard output that is full costs the exit code, not the stems; closed outputs cost nothing', () => {
    const full = inShell('"$@" > /dev/full', '-o', at('full'), at('tone.wav'))
    expect(full.code).toBe(1)
    expect(full.errors).toHaveLength(1)
    expect(full.errors[0]).toContain('standard output cannot be written')
    const closed = inShell('"$@" >&- 2>&-', '-o', at('closed'), at('tone.wav'))
    expect(closed).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const gone = inShell('{ "$@"; echo $? >&2; } | true', '-o', at('gone'), at('tone.wav'))
    expect(gone.stderr.trimEnd().endsWith('0')).toBe(true)
    for (const out of ['full', 'closed', 'gone']) expect(seen(at(out))).toEqual(['tone.instrumental.wav', 'tone.vocals.wav'])
  })
})

describe('what happens in the middle', () => {
  /** Starts the command on a song, waits until its stems have begun, does something, and waits for the end. */
  async function amid(out: string, song: string, action: (child: ChildProcess) => void): Promise<Ran> {
    const child = spawn(process.execPath, [main, 'separate', '--threads', '1', '-o', out, song], { stdio: ['ignore', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
    let acted = false
    const begun = (): boolean => {
      try {
        return readdirSync(out, { recursive: true }).some((name) => String(name).includes('vocals'))
      } catch {
        return false // not there yet, or changing
      }
    }
    const watch = setInterval(() => {
      if (acted || !begun()) return
      acted = true
      action(child)
    }, 5)
    const code = await endOf(child)
    clearInterval(watch)
    expect(acted).toBe(true)
    return asRan(code, output.stdout, output.stderr)
  }

  function copyOfSong(name: string): string {
    writeFileSync(at(name), readFileSync(long))
    return at(name)
  }

  it('the song is cut: an error with the place', async () => {
    const song = copyOfSong('cut-amid.wav')
    const { code, errors } = await amid(at('amid-cut'), song, () => truncateSync(song, 26 * 44100 * 4))
    expect(code).toBe(1)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/cut-amid\.wav: breaks off at (25\.99\d|26\.000) s: .*; --allow-truncated separates what lies before$/)
    expect(seen(at('amid-cut'))).toEqual([])
  })

  it('the song is removed: it is open, and separated whole', async () => {
    const song = copyOfSong('removed.wav')
    const { code } = await amid(at('amid-removed'), song, () => rmSync(song))
    expect(code).toBe(0)
    const stem = await openAudio(join(at('amid-removed'), 'removed.vocals.wav'))
    expect(stem.info.frames).toBe(30 * 44100)
    await stem.close()
  })

  it('the folder is removed: an error, and the folder does not come back', async () => {
    const { code, errors } = await amid(at('amid-gone'), long, () =>
      rmSync(at('amid-gone'), { recursive: true, force: true, maxRetries: 9 }),
    )
    expect(code).toBe(1)
    expect(errors).toEqual([`error: ${long}: the stems cannot be written into ${at('amid-gone')}: it was removed meanwhile`])
    expect(existsSync(at('amid-gone'))).toBe(false)
  })

  it('SIGTERM and SIGKILL: nothing under the names of stems', async () => {
    const ended = await amid(at('amid-term'), long, (child) => child.kill('SIGTERM'))
    expect(ended.code).toBe(143)
    expect(ended.errors).toEqual(['error: interrupted by SIGTERM'])
    expect(seen(at('amid-term'))).toEqual([])
    const killed = await amid(at('amid-kill'), long, (child) => child.kill('SIGKILL'))
    expect(killed.code).toBe(137)
    expect(seen(at('amid-kill'))).toEqual([])
    // The next run is not in the way of what the killed one left.
    expect(run('-o', at('amid-kill'), long).code).toBe(0)
    expect(readdirSync(at('amid-kill'))).toEqual(['long.instrumental.wav', 'long.vocals.wav'])
  })
})
