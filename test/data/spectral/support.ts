/** Spectrograms for tests, and ways from sound to them and back. */
import type { SpectralChunk } from '../../../src/data/index.ts'
import { type ComplexSpectrogram, frameCount, istft, type PolarSpectrogram, stft } from '../../../src/dsp/index.ts'
import { evaluate } from '../../../src/runtime/index.ts'
import { constant, createRandom } from '../../../src/tensor/index.ts'

/** Magnitudes in 0…1 and phases in ±π, as drawn. */
export function drawPolar(seed: number, channels = 2, frames = 12, bins = 17): PolarSpectrogram {
  const random = createRandom(seed)
  const length = channels * frames * bins
  return {
    channels,
    frames,
    bins,
    magnitude: Float32Array.from({ length }, () => random.uniform()),
    phase: Float32Array.from({ length }, () => random.uniform(-Math.PI, Math.PI)),
  }
}

export const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0)

/** Numbers of the given size, with their peaks. */
export function drawChunk(seed: number, size = 1, shape: readonly [number, number, number] = [2, 12, 17]): SpectralChunk {
  const random = createRandom(seed)
  const [channels, frames, bins] = shape
  const draw = () => Float32Array.from({ length: channels * frames * bins }, () => random.uniform(-size, size))
  const [re, im] = [draw(), draw()]
  return {
    channels,
    frames,
    bins,
    re,
    im,
    peak: largest(re.map((x, i) => Math.hypot(x, im[i]!))),
    rePeak: largest(re),
    imPeak: largest(im),
  }
}

const transform = { nFft: 2048, hopLength: 1024 }

export async function analyse(sound: readonly Float64Array[]): Promise<ComplexSpectrogram> {
  const samples = sound[0]!.length
  const [re, im] = await evaluate(() => {
    const z = stft(constant(Float64Array.from(sound.flatMap((x) => Array.from(x))), [sound.length, samples]), transform)
    return [z.re, z.im]
  })
  const shape = { channels: sound.length, frames: frameCount(samples, transform.hopLength), bins: transform.nFft / 2 + 1 }
  return { ...shape, re: Float32Array.from(re as Float64Array), im: Float32Array.from(im as Float64Array) }
}

export async function synthesise({ channels, frames, bins, re, im }: ComplexSpectrogram): Promise<Float64Array[]> {
  const samples = (frames - 1) * transform.hopLength
  const shape = [channels, frames, bins]
  const [sound] = await evaluate(() => [istft({ re: constant(re, shape), im: constant(im, shape) }, samples, transform)])
  return Array.from({ length: channels }, (_, c) => (sound as Float64Array).slice(c * samples, (c + 1) * samples))
}

export const tone = (hz: number, samples: number, phase = 0): Float64Array =>
  Float64Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * hz * i) / 44100 + phase))

/** Energy of a sound near a frequency over all of its energy: that of its projection on a tone, under a Hann window, which is 30 Hz wide. */
export function shareAt(sound: Float64Array, hz: number): number {
  let [re, im, energy] = [0, 0, 0]
  for (const [i, x] of sound.entries()) {
    const windowed = x * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / sound.length))
    re += windowed * Math.cos((2 * Math.PI * hz * i) / 44100)
    im += windowed * Math.sin((2 * Math.PI * hz * i) / 44100)
    energy += windowed ** 2
  }
  // Σ w² is 3/8 and (Σ w)² a quarter of the number of samples and of its square.
  return (3 * (re ** 2 + im ** 2)) / (sound.length * energy)
}
