import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AudioError, openAudio } from '../../src/audio/index.ts'
import { chunk, concatenate, ffmpeg, readInfo, readWhole, temporaryFolder, wavBytes } from './support.ts'

const folder = temporaryFolder()
let counter = 0
function file(bytes: Uint8Array): string {
  const path = join(folder, `${counter++}.bin`)
  writeFileSync(path, bytes)
  return path
}
const sixteenBit = (...values: number[]): Uint8Array => new Uint8Array(Int16Array.from(values).buffer)
const SUBTYPE = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71]
const extension = (validBits: number, tag: number): Uint8Array => Uint8Array.from([22, 0, validBits, 0, 0, 0, 0, 0, tag, 0, ...SUBTYPE])

describe('WAV integers are value / 2^(container bits − 1)', () => {
  it.each([
    ['8-bit, unsigned', 8, [0, 128, 255], [-1, 0, 127 / 128]],
    ['16-bit', 16, [0x00, 0x80, 0xff, 0x7f, 0xff, 0xff], [-1, 32767 / 32768, -1 / 32768]],
    ['24-bit', 24, [0, 0, 0x80, 0xff, 0xff, 0x7f, 0x01, 0, 0], [-1, 1 - 2 ** -23, 2 ** -23]],
    ['32-bit', 32, [0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0], [-1, 1 - 2 ** -31, 2 ** -31]],
    ['12-bit, high in 16', 12, [0x10, 0x00, 0xf0, 0x7f], [16 / 32768, 32752 / 32768]],
    ['20-bit, high in 24', 20, [0x10, 0x00, 0x00, 0xf0, 0xff, 0x7f], [2 ** -19, 1 - 2 ** -19]],
    ['48-bit', 48, [1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [2 ** -47, 1 - 2 ** -47]],
  ])('%s', async (_, bits, data, values) => {
    const sound = await readWhole(file(wavBytes({ bits, data: Uint8Array.from(data) })))
    expect([...sound.channels[0]!]).toEqual(values)
  })

  it('gives the narrowest writable format that holds every value', async () => {
    const format = async (bits: number, tag = 1): Promise<unknown> =>
      (await readInfo(file(wavBytes({ bits, tag, data: new Uint8Array(16) })))).sampleFormat
    expect(await format(12)).toEqual({ kind: 'int', bits: 16 })
    expect(await format(20)).toEqual({ kind: 'int', bits: 24 })
    expect(await format(32)).toEqual({ kind: 'int', bits: 32 })
    expect(await format(48)).toEqual({ kind: 'float', bits: 64 })
    expect(await format(32, 3)).toEqual({ kind: 'float', bits: 32 })
    expect(await format(64, 3)).toEqual({ kind: 'float', bits: 64 })
  })
})

describe('WAV structure', () => {
  const data = sixteenBit(1, 2, 3, 4)
  const values = [1, 2, 3, 4].map((value) => value / 32768)

  it('passes over unknown chunks of odd length, before and after the samples', async () => {
    const odd = chunk('LIST', new Uint8Array(7))
    const sound = await readWhole(file(wavBytes({ data, before: [odd], after: [odd] })))
    expect([...sound.channels[0]!]).toEqual(values)
  })

  it('reads the sub-format and valid bits of extensible files', async () => {
    const float = new Uint8Array(Float32Array.from([0.25, -0.5]).buffer)
    expect([
      ...(await readWhole(file(wavBytes({ tag: 0xfffe, bits: 32, data: float, extension: extension(32, 3) })))).channels[0]!,
    ]).toEqual([0.25, -0.5])
    const padded = new Uint8Array(Int32Array.from([0x40000000]).buffer)
    const info = await readInfo(file(wavBytes({ tag: 0xfffe, bits: 32, data: padded, extension: extension(24, 1) })))
    expect(info.sampleFormat).toEqual({ kind: 'int', bits: 32 })
  })

  it('needs no true byte rate, which some writers get wrong', async () => {
    const bytes = wavBytes({ data })
    new DataView(bytes.buffer).setUint32(28, 1, true)
    expect([...(await readWhole(file(bytes))).channels[0]!]).toEqual(values)
  })

  it('reads big-endian files (RIFX)', async () => {
    const sound = await readWhole(file(wavBytes({ id: 'RIFX', channels: 2, data: Uint8Array.from([0x40, 0, 0xc0, 0, 0, 1, 0, 2]) })))
    expect(sound.channels.map((samples) => [...samples])).toEqual([
      [0.5, 1 / 32768],
      [-0.5, 2 / 32768],
    ])
  })

  it.each(['RF64', 'BW64'])('takes the length of the samples from the ds64 chunk of %s', async (id) => {
    const ds64 = new Uint8Array(28)
    new DataView(ds64.buffer).setBigUint64(8, 6n, true)
    const sound = await readWhole(
      file(wavBytes({ id, riffLength: 0xffffffff, data, dataLength: 0xffffffff, before: [chunk('ds64', ds64)] })),
    )
    expect([...sound.channels[0]!]).toEqual(values.slice(0, 3))
  })

  it.each([
    ['0', { dataLength: 0, riffLength: 36 }],
    ['0xFFFFFFFF', { dataLength: 0xffffffff, riffLength: 0xffffffff }],
    ['0xFFFFFFFF less the header', { dataLength: 0xffffffff - 36, riffLength: 0xffffffff }],
    ["SoX's 0x7FFFF000", { dataLength: 0x7ffff000, riffLength: 0x7ffff024 }],
  ])('reads to the end of the file where the length is %s, as pipes write it', async (_, lengths) => {
    const sound = await readWhole(file(wavBytes({ data, ...lengths })))
    expect(sound.info.frames).toBe(4)
    expect([...sound.channels[0]!]).toEqual(values)
  })

  it('reads to the end where the length is 0 and no chunk follows, though the outer length is true', async () => {
    const sound = await readWhole(file(wavBytes({ data, dataLength: 0 })))
    expect(sound.info.frames).toBe(4)
    expect([...sound.channels[0]!]).toEqual(values)
  })

  it('takes a length of 0 at its word where the rest of the file is accounted for', async () => {
    const sound = await readWhole(file(wavBytes({ data: new Uint8Array(0), after: [chunk('LIST', new Uint8Array(20))] })))
    expect(sound.info.frames).toBe(0)
    expect(sound.frames).toBe(0)
  })

  it('reads what ffmpeg writes into a pipe', async () => {
    const path = file(ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.5:r=8000', '-f', 'wav', '-c:a', 'pcm_s16le', '-'))
    expect((await readWhole(path)).frames).toBe(4000)
  })

  it('names the time where the samples break off, once all there are have been given', async () => {
    const path = file(wavBytes({ data: new Uint8Array(2 * 8000 * 3), dataLength: 2 * 8000 * 10 }))
    const stream = await openAudio(path)
    expect(stream.info.frames).toBe(80000)
    let frames = 0
    const reading = async (): Promise<void> => {
      for await (const [samples] of stream.blocks) frames += samples!.length
    }
    const error = await reading().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(AudioError)
    expect(error).toMatchObject({
      seconds: 3,
      path,
      message: `${path}: breaks off at 3.000 s: its header promises 10.000 s of sound, the file ends before`,
    })
    expect(frames).toBe(24000)
  })

  it.each([
    ['no channels', { channels: 0, blockAlign: 2 }, /claims 0 channels/],
    ['no rate', { sampleRate: 0 }, /rate of 0 Hz/],
    ['more bits than bytes', { bits: 24, blockAlign: 2 }, /24-bit samples in 2 bytes/],
  ])('refuses %s', async (_, parts, reason) => {
    await expect(openAudio(file(wavBytes({ data, ...parts })))).rejects.toThrow(reason)
  })

  it('refuses samples before their format, and headers without any', async () => {
    const bytes = chunk('RIFF', concatenate([new TextEncoder().encode('WAVE'), chunk('data', data)]))
    await expect(openAudio(file(bytes))).rejects.toThrow(/"data" chunk comes before its "fmt " chunk/)
    await expect(openAudio(file(chunk('RIFF', new TextEncoder().encode('WAVE'))))).rejects.toThrow(/no "fmt" chunk/)
    await expect(openAudio(file(wavBytes({ data }).slice(0, 10)))).rejects.toThrow(/broken header: it ends after 10 bytes/)
  })

  it('refuses a 32-bit length that a longer file has overflowed', async () => {
    const path = file(wavBytes({ data, dataLength: 8 }))
    const handle = openSync(path, 'r+')
    // A hole: the file claims 4 GB and takes none.
    writeSync(handle, new Uint8Array(1), 0, 1, 2 ** 32 + 1000)
    closeSync(handle)
    await expect(openAudio(path)).rejects.toThrow(/more than 4 GB/)
  })

  it('hands compressed WAV to ffmpeg', async () => {
    const path = join(folder, 'adpcm.wav')
    ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.5:r=22050', '-c:a', 'adpcm_ms', path)
    const sound = await readWhole(path)
    expect(sound.info).toMatchObject({ format: 'adpcm_ms', sampleRate: 22050, sampleFormat: undefined })
    expect(sound.frames).toBeGreaterThanOrEqual(11025)
  })

  it('reads from a pipe, whose length it cannot know', async () => {
    const path = join(folder, 'fifo')
    execFileSync('mkfifo', [path])
    const source = file(wavBytes({ channels: 2, data: new Uint8Array(4 * 50000), dataLength: 0xffffffff }))
    spawn('sh', ['-c', 'cat "$0" > "$1"', source, path], { stdio: 'inherit' })
    const sound = await readWhole(path)
    expect(sound.info.frames).toBeUndefined()
    expect(sound.frames).toBe(50000)
  })

  it('stops reading from a pipe whose writer stalls, in the header and in the samples, when it is closed or aborted', async () => {
    const path = join(folder, 'stalled')
    execFileSync('mkfifo', [path])
    const bytes = wavBytes({ channels: 2, data: new Uint8Array(4 * 50000), dataLength: 0xffffffff })
    const header = file(bytes.slice(0, 20))
    const most = file(bytes)
    const stalled = async (source: string, read: (signal: AbortSignal, abort: () => void) => Promise<void>): Promise<void> => {
      const writer = spawn('sh', ['-c', 'exec > "$1"; cat "$0"; exec sleep 600', source, path], { stdio: 'inherit' })
      const controller = new AbortController()
      try {
        await read(controller.signal, () => controller.abort(new Error('enough')))
      } finally {
        writer.kill()
      }
    }
    await stalled(header, async (signal, abort) => {
      const opening = openAudio(path, { signal })
      setTimeout(abort, 50)
      await expect(opening).rejects.toThrow('enough')
    })
    const readOn = async (blocks: AsyncIterable<unknown>, then: () => void): Promise<void> => {
      let count = 0
      for await (const _ of blocks) if (++count === 3) setTimeout(then, 10)
    }
    await stalled(most, async (signal, abort) => {
      const { blocks } = await openAudio(path, { signal })
      await expect(readOn(blocks, abort)).rejects.toThrow('enough')
    })
    await stalled(most, async (signal) => {
      const { blocks, close } = await openAudio(path, { signal })
      await expect(readOn(blocks, () => void close())).rejects.toThrow('was closed')
    })
  })
})
