/** Spectral examples as sound: what was transformed comes back, at one gain for input and target. */
import { expect, it } from 'vitest'
import { createPlainTransform } from '../../src/data/index.ts'
import { createReferenceBackend } from '../../src/runtime/index.ts'
import { previewSpectra } from '../../src/tasks/frame-transformer/preview.ts'

const [nFft, hopLength, frames, sampleRate] = [16, 8, 9, 8000]
const samples = (frames - 1) * hopLength
const tone = Float32Array.from({ length: samples }, (_, i) => 0.2 * Math.sin(0.6 * i + 1))

/** Centred frames without their last bin, as networks get them. */
function spectraOf(sound: Float32Array): { re: Float32Array; im: Float32Array } {
  const padded = new Float32Array(samples + nFft)
  padded.set(sound, nFft / 2)
  const { re, im, bins } = createPlainTransform({ nFft, hopLength })([padded])
  const seen = (x: Float32Array) => x.filter((_, i) => i % bins < bins - 1)
  return { re: seen(re), im: seen(im) }
}

it('7.45 complex spectra come back as the sound they were taken of', async () => {
  const { re, im } = spectraOf(tone)
  const input = Float32Array.from([...re, ...im])
  const arrays = { input, target: input.map((x) => 0.5 * x), masked: Float32Array.from({ length: frames }, (_, t) => (t < 3 ? 1 : 0)) }
  const format = { nFft, hopLength, sampleRate, estimate: 'complex' as const }
  const [example] = await previewSpectra(arrays, [1, 2, frames, nFft / 2], format, createReferenceBackend())
  const { sounds, facts } = example!
  const peak = tone.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  for (let i = nFft; i < samples - nFft; i++) {
    // Without the last bin, in which a tone of a fifth of the rate has little.
    expect(sounds.input![0]![i]).toBeCloseTo((0.5 / peak) * tone[i]!, 1)
    expect(sounds.target![0]![i]).toBeCloseTo(0.5 * sounds.input![0]![i]!, 5)
  }
  expect(facts).toEqual({ frames, 'share of frames masked': 1 / 3, phases: 'as given' })
})

it('7.45 magnitudes get phases that fit them', async () => {
  const { re, im } = spectraOf(tone)
  const magnitudes = re.map((x, i) => Math.hypot(x, im[i]!))
  const arrays = { input: magnitudes, target: magnitudes, presence: new Float32Array(frames * 2).fill(1) }
  const format = { nFft, hopLength, sampleRate, estimate: 'mask' as const }
  const [example] = await previewSpectra(arrays, [1, 1, frames, nFft / 2], format, createReferenceBackend())
  const sound = example!.sounds.input![0]!
  expect(sound).toHaveLength(samples)
  const found = spectraOf(sound)
  const level = found.re.map((x, i) => Math.hypot(x, found.im[i]!))
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
  // Griffin and Lim's phases of a tone with a few bins: the spectral shape is kept, not each value.
  expect(dot(level, magnitudes) / Math.sqrt(dot(level, level) * dot(magnitudes, magnitudes))).toBeGreaterThan(0.95)
  expect(example!.facts).toMatchObject({ 'share of bands and frames with a voice': 1, phases: 'fitted to the magnitudes' })
})
