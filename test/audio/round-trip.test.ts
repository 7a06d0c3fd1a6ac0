/** Made signals through every format of the specification and back, and through the resampler. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type AudioBlock, createWavWriter, resample, type SampleFormat } from '../../src/audio/index.ts'
import { createRandom } from '../../src/tensor/index.ts'
import { ffmpeg, largestDifference, readWhole, temporaryFolder } from './support.ts'

const folder = temporaryFolder()
const at = (name: string) => join(folder, name)

const RATE = 44100
const FRAMES = 5000

/** Two channels: full-scale noise with both ends of the range, and a sweep; values are whole numbers of `bits` bits, of which none is −0. */
function made(bits: number): Float64Array[] {
  const random = createRandom(bits)
  const top = 2 ** (bits - 1)
  const noise = Float64Array.from({ length: FRAMES }, () => random.integer(-top, top - 1) / top)
  noise.set([-1, (top - 1) / top, 0, 1 / top, -1 / top])
  const sweep = Float64Array.from({ length: FRAMES }, (_, i) => Math.round(0.9 * (top - 1) * Math.sin(1e-4 * i * i)) / top + 0)
  return [noise, sweep]
}

async function write(name: string, channels: AudioBlock, sampleFormat: SampleFormat): Promise<string> {
  const writer = await createWavWriter(at(name), { sampleRate: RATE, channels: channels.length, sampleFormat })
  await writer.write(channels)
  await writer.finish()
  return at(name)
}

const level = (samples: ArrayLike<number>) => {
  const middle = Array.from(samples).slice(samples.length * 0.25, samples.length * 0.75)
  return 10 * Math.log10((2 * middle.reduce((sum, x) => sum + x * x, 0)) / middle.length)
}

const sine = (rate: number, hz: number, frames: number) =>
  Float64Array.from({ length: frames }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate))

describe('5.8 sound files', () => {
  it.each([8, 16, 24, 32])('5.8 WAV with %i bits: encoded and decoded to the same numbers', async (bits) => {
    const samples = made(bits)
    const read = await readWhole(await write(`${bits}.wav`, samples, { kind: 'int', bits }))
    expect(read.info).toMatchObject({ sampleRate: RATE, channels: 2, frames: FRAMES, sampleFormat: { kind: 'int', bits } })
    for (const [c, channel] of samples.entries()) expect(Array.from(read.channels[c]!)).toEqual(Array.from(channel))
  })

  it.each([32, 64])('5.8 WAV with float%i: the same numbers, beyond full scale too', async (bits) => {
    const random = createRandom(bits)
    const samples = [Float64Array.from({ length: FRAMES }, () => (bits === 32 ? Math.fround(3 * random.normal()) : 3 * random.normal()))]
    const read = await readWhole(await write(`float${bits}.wav`, samples, { kind: 'float', bits }))
    expect(Array.from(read.channels[0]!)).toEqual(Array.from(samples[0]!))
  })

  it.each([16, 24])('5.8 FLAC with %i bits, made from our WAV by ffmpeg, decodes to the same numbers', async (bits) => {
    const samples = made(bits)
    ffmpeg('-i', await write(`to-flac-${bits}.wav`, samples, { kind: 'int', bits }), at(`${bits}.flac`))
    const read = await readWhole(at(`${bits}.flac`))
    expect(read.info).toMatchObject({ format: 'flac', frames: FRAMES, sampleFormat: { kind: 'int', bits } })
    for (const [c, channel] of samples.entries()) expect(Array.from(read.channels[c]!)).toEqual(Array.from(channel))
  })

  it('5.8 MP3 has the length and the phase of what was encoded', async () => {
    // A tone within the first granules and after them; 320 kbit/s leaves noise some 60 dB below it: 0.01 has 20 dB to spare.
    const tone = sine(RATE, 1000, FRAMES).map((x) => 0.5 * x)
    ffmpeg('-i', await write('to-mp3.wav', [tone, tone], { kind: 'int', bits: 16 }), '-b:a', '320k', at('tone.mp3'))
    const read = await readWhole(at('tone.mp3'))
    expect(read.info).toMatchObject({ format: 'mp3', channels: 2, frames: FRAMES })
    expect(read.frames).toBe(FRAMES)
    const inner = (samples: ArrayLike<number>) => Array.from(samples).slice(600, FRAMES - 600)
    expect(largestDifference(inner(read.channels[0]!), inner(tone))).toBeLessThan(0.01)
  })

  it('5.8 bytes that are no sound are refused with the name of the file', async () => {
    writeFileSync(
      at('noise.wav'),
      Uint8Array.from({ length: 500 }, (_, i) => (i * 37) % 251),
    )
    await expect(readWhole(at('noise.wav'))).rejects.toThrow(/noise\.wav/)
  })
})

describe('1.13 down-sampling', () => {
  it.each([8000, 16000, 22050])(
    '1.13, 5.8 44.1 kHz to %i Hz: aliases more than 80 dB down, tones below the cut-off within 0.01 dB, the length by formula',
    (to) => {
      for (const hz of [0.502 * to, 0.6 * to, 0.9 * to, 1.3 * to].filter((hz) => hz < RATE / 2)) {
        expect(level(resample([sine(RATE, hz, RATE)], RATE, to)[0]!), `${hz} Hz`).toBeLessThan(-80)
      }
      for (const hz of [50, 0.2 * to, 0.45 * to])
        expect(Math.abs(level(resample([sine(RATE, hz, RATE)], RATE, to)[0]!)), `${hz} Hz`).toBeLessThan(0.01)
      for (const frames of [1, 2, 100, 4410, 44101])
        expect(resample([sine(RATE, 50, frames)], RATE, to)[0]!.length).toBe(Math.ceil((frames * to) / RATE))
    },
  )
})
