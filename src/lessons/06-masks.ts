/** Masks that know the answer: how far weighting the bins of a mixture can go. */
import { makeSong } from '../data/index.ts'
import { applyMask, binaryMask, inverseMask, istft, magnitude, ratioMask, stft } from '../dsp/index.ts'
import { siSdr } from '../evaluation/index.ts'
import { barChart, heatMap, spectrogramPlot } from '../report/index.ts'
import { add, constant, narrow, stack } from '../tensor/index.ts'
import { numbersOf, rowsOf } from './compute.ts'
import { claim, close, type Lesson } from './lesson.ts'

const frames = { nFft: 1024, hopLength: 256 }
const BINS = 513
/** Of the pictures: bins up to 5.5 kHz. */
const SHOWN = 128

interface Found {
  /** SI-SDR of the voice in decibels. */
  readonly ratios: { readonly mixture: number; readonly binary: number; readonly ratio: number; readonly wiener: number }
  /** Of the binary mask, as many of the bins as are shown. */
  readonly binary: readonly number[]
  /** The largest difference between the mixture and the sum of what a mask and its inverse let through, as a part of the peak. */
  readonly remainder: number
  /** Energy of the voice above that of the band, in decibels. */
  readonly level: number
}

export const masks: Lesson<Found> = {
  name: 'masks',
  title: 'Masks, and how far they can go',
  numbers: ['3.34'],
  idea: `A separator that weights the bins of the mixture's spectrogram, and keeps the mixture's phase, makes of each voice a mask. Which masks are best, and how
good is the best? Made from the true sources they are oracles: the binary mask gives each bin to its loudest source, the ratio mask shares it by magnitude, the Wiener
mask by power. What they reach is a bound for every network that masks; what the mixture itself reaches is the floor.`,
  formula: `binary  M₁ = 1 where |S₁| > |S₂|, else 0        ratio  Mₛ = |Sₛ|ᵖ / Σ|S|ᵖ  (p = 1; p = 2 is Wiener)
estimate = iSTFT(M ⊙ Y)        M ⊙ Y + (1 − M) ⊙ Y = Y`,
  claim:
    'Masks of the true sources raise the SI-SDR of the voice by more than 8 dB, the binary one is 0 or 1, and what a mask and its inverse let through is the mixture.',

  async run({ backend, save, log }) {
    const { stems, sampleRate } = makeSong({ seed: 3, seconds: 4 })
    const [voice, band] = [stems.vocals[0]!, stems.instrumental[0]!]
    const mixture = Float32Array.from(voice, (v, i) => v + band[i]!)
    const samples = mixture.length
    const found = await numbersOf(
      () => {
        const [v, b, y] = [voice, band, mixture].map((signal) => stft(constant(signal), frames))
        const sources = stack([magnitude(v!), magnitude(b!)], 0)
        const all = {
          binary: binaryMask(sources, { axis: 0 }),
          ratio: ratioMask(sources, { axis: 0 }),
          wiener: ratioMask(sources, { axis: 0, power: 2 }),
        }
        const ofVoice = Object.entries(all).map(([name, mask]) => [name, narrow(mask, 0, 0, 1)] as const)
        const estimate = (mask: (typeof ofVoice)[number][1]) =>
          istft(applyMask(mask, { re: stack([y!.re], 0), im: stack([y!.im], 0) }), samples, frames)
        const ratio = ofVoice[1]![1]
        return {
          spectrum: magnitude(y!),
          binaryMask: ofVoice[0]![1],
          ratioMask: ratio,
          ...Object.fromEntries(ofVoice.map(([name, mask]) => [name, estimate(mask)])),
          both: add(estimate(ratio), estimate(inverseMask(ratio))),
        }
      },
      { backend },
    )
    const score = (estimate: ArrayLike<number>) => siSdr([voice], [Float64Array.from(estimate)])
    const named = found as Record<string, number[]>
    const ratios = { mixture: score(mixture), binary: score(named.binary!), ratio: score(named.ratio!), wiener: score(named.wiener!) }
    const low = (rows: readonly (readonly number[])[]) => rows.map((row) => row.slice(0, SHOWN + 1))
    const seconds = samples / sampleRate
    await save(
      'mixture',
      spectrogramPlot({
        title: 'The mixture: a voice and its band',
        frames: low(rowsOf(found.spectrum, BINS)),
        sampleRate: (sampleRate * SHOWN) / (BINS - 1),
        hopLength: (frames.hopLength * SHOWN) / (BINS - 1),
      }),
    )
    const mask = low(rowsOf(found.ratioMask, BINS))
    await save(
      'ratio-mask',
      heatMap({
        title: 'The ideal ratio mask of the voice',
        rows: Array.from({ length: SHOWN + 1 }, (_, bin) => mask.map((row) => row[bin]!)),
        firstRow: 'bottom',
        x: { label: 'time', unit: 's', from: 0, to: seconds },
        y: { label: 'frequency', unit: 'kHz', from: 0, to: (sampleRate * SHOWN) / frames.nFft / 1000 },
        value: { label: 'share of the voice', from: 0, to: 1 },
      }),
    )
    await save(
      'scores',
      barChart({
        title: 'What ideal masks make of the mixture',
        categories: ['mixture', 'binary mask', 'ratio mask', 'Wiener mask'],
        y: { label: 'SI-SDR of the voice', unit: 'dB' },
        series: [{ label: 'voice', values: Object.values(ratios) }],
      }),
    )
    for (const [name, value] of Object.entries(ratios)) log(`${name}: SI-SDR ${value.toFixed(2)} dB`)
    const peak = Array.from(mixture).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const remainder = named.both!.reduce((most, value, i) => Math.max(most, Math.abs(value - mixture[i]!)), 0) / peak
    const energy = (signal: ArrayLike<number>) => Array.from(signal).reduce((sum, value) => sum + value * value, 0)
    const level = 10 * Math.log10(energy(voice) / energy(band))
    return { ratios, binary: low(rowsOf(found.binaryMask, BINS)).flat(), remainder, level }
  },

  check({ ratios: { mixture, binary, ratio, wiener }, binary: mask, remainder, level }) {
    // Voice and band are nearly, not quite, independent.
    claim(close(mixture, level, 0.4), 'what the mixture reaches is the level of the voice above the band')
    claim(
      [binary, ratio, wiener].every((value) => value > mixture + 8 && value < 60),
      'every ideal mask gains more than 8 dB',
    )
    claim(mask.every((value) => value === 0 || value === 1) && mask.includes(0) && mask.includes(1), 'the binary mask is 0 or 1')
    // Transforms in float32.
    claim(close(remainder, 0, 1e-5), 'what a mask and its inverse let through sums to the mixture')
  },
}
