import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { AudioBlock } from '../../src/audio/index.ts'
import { AudioError, openAudio } from '../../src/audio/index.ts'
import { createRandom } from '../../src/tensor/random.ts'
import { ffmpeg, interleave, largestDifference, readInfo, readWhole, temporaryFolder, wavBytes } from './support.ts'

const folder = temporaryFolder()
const at = (name: string): string => join(folder, name)

beforeAll(() => {
  ffmpeg('-f', 'lavfi', '-i', 'sine=d=8:r=44100', '-ac', '2', '-c:a', 'pcm_s16le', at('tone.wav'))
  for (const name of ['tone.m4a', 'tone.flac', 'tone.mp3', 'tone.ogg', 'tone.opus', 'tone.aiff']) ffmpeg('-i', at('tone.wav'), at(name))
})

/** The one line that a person sees. */
async function complaintOf(path: string): Promise<string> {
  const error = await readWhole(path).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(AudioError)
  const { message } = error as AudioError
  expect((error as AudioError).path).toBe(path)
  expect(message.startsWith(`${path}: `)).toBe(true)
  expect(message).not.toContain('\n')
  return message.slice(path.length + 2)
}

/** ffmpeg's reading with 64 bits, which hold every integer of a file. */
function readExactly(path: string): Float64Array {
  return new Float64Array(Uint8Array.from(ffmpeg('-i', path, '-f', 'f64le', '-')).buffer)
}

/** Runs something as a user without privileges, where the tests run as root, whom no permission stops. */
async function unprivileged<T>(action: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return action()
  process.seteuid!(65534)
  try {
    return await action()
  } finally {
    process.seteuid!(0)
  }
}

describe('openAudio says in one line why it cannot', () => {
  it('missing, empty, folder, unreadable', async () => {
    expect(await complaintOf(at('nothing.wav'))).toBe('no such file')
    writeFileSync(at('empty.wav'), '')
    expect(await complaintOf(at('empty.wav'))).toBe('is empty')
    mkdirSync(at('folder.wav'))
    expect(await complaintOf(at('folder.wav'))).toBe('is a folder, not a sound file')
    chmodSync(folder, 0o755)
    writeFileSync(at('secret.wav'), wavBytes({ data: new Uint8Array(4) }), { mode: 0o000 })
    expect(await unprivileged(() => complaintOf(at('secret.wav')))).toBe('cannot be read: permission denied')
  })

  it('text, noise, pictures and silent films', async () => {
    writeFileSync(at('text.mp3'), 'These are words, not sounds.\n'.repeat(100))
    expect(await complaintOf(at('text.mp3'))).toMatch(/no decoder for, and ffmpeg cannot read it/)
    const random = createRandom(1)
    writeFileSync(
      at('noise.wav'),
      Uint8Array.from({ length: 200_000 }, () => random.integer(0, 255)),
    )
    expect(await complaintOf(at('noise.wav'))).toMatch(/holds no sound|ffmpeg cannot read it/)
    ffmpeg('-f', 'lavfi', '-i', 'testsrc=d=0.1', '-frames:v', '1', at('picture.png'))
    expect(await complaintOf(at('picture.png'))).toBe('holds no sound')
    ffmpeg('-f', 'lavfi', '-i', 'testsrc=d=0.2', at('film.mp4'))
    expect(await complaintOf(at('film.mp4'))).toBe('holds no sound')
  })

  it('names both ways out where ffmpeg is needed and missing, and needs it for nothing else', async () => {
    const path = process.env.PATH
    process.env.PATH = at('folder.wav')
    try {
      expect(await complaintOf(at('tone.m4a'))).toBe(
        'is an MP4 or M4A file, which needs ffmpeg: install it (it must be on the PATH together with ffprobe), or convert the file to WAV or FLAC',
      )
      expect(await complaintOf(at('tone.aiff'))).toMatch(/^is an AIFF file, which needs ffmpeg/)
      for (const name of ['tone.wav', 'tone.flac', 'tone.mp3', 'tone.ogg', 'tone.opus'])
        expect((await readWhole(at(name))).info.channels).toBe(2)
    } finally {
      process.env.PATH = path
    }
  })
})

describe('openAudio through ffmpeg', () => {
  it('keeps the rate, channels and depth of the file', async () => {
    ffmpeg('-f', 'lavfi', '-i', 'aevalsrc=sin(2000*t)|sin(3000*t)|sin(4000*t):s=32000:d=1', '-c:a', 'pcm_s24be', at('deep.aiff'))
    const deep = await readWhole(at('deep.aiff'))
    expect(deep.info).toEqual({
      sampleRate: 32000,
      channels: 3,
      frames: 32000,
      format: 'pcm_s24be',
      sampleFormat: { kind: 'int', bits: 24 },
    })
    expect(largestDifference(interleave(deep.channels), readExactly(at('deep.aiff')))).toBe(0)
    ffmpeg('-f', 'lavfi', '-i', 'aevalsrc=sin(2000*t):s=96000:d=1', '-c:a', 'pcm_s32be', at('deeper.aiff'))
    const deeper = await readWhole(at('deeper.aiff'))
    expect(deeper.info.sampleFormat).toEqual({ kind: 'int', bits: 32 })
    expect(largestDifference(interleave(deeper.channels), readExactly(at('deeper.aiff')))).toBe(0)
    ffmpeg('-i', at('tone.wav'), '-c:a', 'alac', at('alac.m4a'))
    const alac = await readWhole(at('alac.m4a'))
    expect(alac.info.sampleFormat).toEqual({ kind: 'int', bits: 16 })
    expect(largestDifference(interleave(alac.channels), readExactly(at('tone.wav')))).toBe(0)
    expect(await readInfo(at('tone.m4a'))).toMatchObject({ format: 'aac', sampleFormat: undefined, sampleRate: 44100, channels: 2 })
  })

  it('tells the length that the container states, by which progress knows the time left', async () => {
    // 8 s, and at most a frame of AAC (1024 samples) more; Matroska counts milliseconds.
    ffmpeg('-i', at('tone.wav'), '-c:a', 'aac', at('tone.mka'))
    for (const name of ['tone.m4a', 'tone.mka']) {
      const { frames } = await readInfo(at(name))
      expect(frames, name).toBeGreaterThanOrEqual(8 * 44100)
      expect(frames, name).toBeLessThanOrEqual(8 * 44100 + 2048)
    }
    // Bare AAC has no container; what ffprobe guesses from its bit rate is no statement.
    ffmpeg('-i', at('tone.wav'), at('tone.aac'))
    expect((await readInfo(at('tone.aac'))).frames).toBeUndefined()
  })

  it('says that an MP4 whose index is cut away is incomplete', async () => {
    const bytes = readFileSync(at('tone.m4a'))
    writeFileSync(at('cut-index.m4a'), bytes.subarray(0, bytes.length * 0.7))
    expect(await complaintOf(at('cut-index.m4a'))).toMatch(/^is an MP4 or M4A file that breaks off before its index/)
  })

  it('takes the sound out of a film', async () => {
    ffmpeg('-f', 'lavfi', '-i', 'testsrc=d=2', '-i', at('tone.wav'), '-t', '1', at('talkie.mkv'))
    expect((await readWhole(at('talkie.mkv'))).frames).toBeGreaterThanOrEqual(44100)
  })

  it('fetches nothing that a play list names', async () => {
    let requests = 0
    const server = createServer((_, response) => {
      requests++
      response.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sound.ts`
      writeFileSync(at('list.m3u8'), `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${address}\n#EXT-X-ENDLIST\n`)
      expect(await complaintOf(at('list.m3u8'))).toMatch(/ffmpeg cannot read it/)
      expect(requests).toBe(0)
    } finally {
      server.close()
    }
  })

  it('takes names that look like options or protocols', async () => {
    for (const name of ['-i.m4a', 'concat:x|y.m4a', 'per%cent.m4a']) {
      ffmpeg('-i', at('tone.wav'), '-t', '1', `file:${at(name)}`)
      expect((await readWhole(at(name))).info.format, name).toBe('aac')
    }
  })
})

describe('streams', () => {
  const NAMES = ['tone.wav', 'tone.flac', 'tone.mp3', 'tone.ogg', 'tone.opus', 'tone.m4a']

  /** File descriptors of this process that lie in the folder, and its ffmpeg children. */
  function held(): string[] {
    const links = execFileSync('sh', ['-c', `ls -l /proc/${process.pid}/fd; ps --ppid ${process.pid} -o comm=`], { encoding: 'utf8' })
    return links.split('\n').filter((line) => line.includes(folder) || line.startsWith('ffmpeg'))
  }

  it.each(NAMES)('%s is released at its end, when the reader leaves, and by close, twice', async (name) => {
    await readWhole(at(name))
    expect(held()).toEqual([])
    const left = await openAudio(at(name))
    for await (const block of left.blocks) if (block.length > 0) break
    expect(held()).toEqual([])
    const unread = await openAudio(at(name))
    await unread.close()
    await unread.close()
    expect(held()).toEqual([])
  })

  it.each(NAMES)('%s cannot be read twice, nor after its close', async (name) => {
    const stream = await openAudio(at(name))
    const first = stream.blocks[Symbol.asyncIterator]()
    await first.next()
    await expect(stream.blocks[Symbol.asyncIterator]().next()).rejects.toThrow(/is being read already/)
    await stream.close()
    await expect(first.next()).rejects.toThrow(/was closed/)
    await expect(stream.blocks[Symbol.asyncIterator]().next()).rejects.toThrow(/was closed/)
  })

  it.each(NAMES)('%s closed in the middle of a step fails that step and is released', async (name) => {
    const stream = await openAudio(at(name))
    const iterator = stream.blocks[Symbol.asyncIterator]()
    await iterator.next()
    const step = iterator.next()
    await Promise.all([expect(step).rejects.toThrow(/was closed/), stream.close()])
    expect(held()).toEqual([])
  })

  it.each(NAMES)('%s stops with the reason of an abort signal', async (name) => {
    const controller = new AbortController()
    const stream = await openAudio(at(name), { signal: controller.signal })
    const reading = async (): Promise<void> => {
      let blocks = 0
      for await (const block of stream.blocks) if (block.length > 0 && ++blocks === 3) controller.abort(new Error('enough'))
    }
    await expect(reading()).rejects.toThrow('enough')
    expect(held()).toEqual([])
    await expect(openAudio(at(name), { signal: controller.signal })).rejects.toThrow('enough')
  })

  it('blocks are the reader’s to keep: later ones do not overwrite them', async () => {
    for (const name of NAMES) {
      const blocks: AudioBlock[] = []
      const copies: AudioBlock[] = []
      const stream = await openAudio(at(name))
      for await (const block of stream.blocks) {
        blocks.push(block)
        copies.push(block.map((samples) => samples.slice()))
        if (blocks.length === 5) break
      }
      const changed = blocks.some((block, index) =>
        block.some((samples, channel) => largestDifference(samples, copies[index]![channel]!) > 0),
      )
      expect(changed, name).toBe(false)
    }
  })

  it('leaves no files behind', () => {
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })
})
