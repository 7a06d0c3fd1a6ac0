/** What happens to sound above half of a new sample rate: it is filtered away, or it comes back as something else. */
import { toMono } from '../audio/index.ts'
import { makeSong } from '../data/index.ts'
import { spectrogram } from '../dsp/index.ts'
import { linePlot, spectrogramPlot } from '../report/index.ts'
import type { Backend } from '../runtime/index.ts'
import { constant } from '../tensor/index.ts'
import { numbersOf, rowsOf } from './compute.ts'
import { claim, type Lesson } from './lesson.ts'

const FROM = 32000
const TO = 8000
const NYQUIST = TO / 2
const below = [250, 1000, 2000, 3500]
const above = [4100, 5000, 6300, 9000, 12500]

/** Its phase keeps samples away from 0, whose sign would be chance. */
const sine = (hertz: number, seconds = 0.5): Float32Array =>
  Float32Array.from({ length: seconds * FROM }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / FROM + 0.3))
/** Every fourth sample: down-sampling by those who leave out the filter. */
const decimated = (x: ArrayLike<number>): Float32Array =>
  Float32Array.from({ length: Math.ceil(x.length / (FROM / TO)) }, (_, n) => x[(n * FROM) / TO]!)
const filtered = (x: Float32Array): Float32Array => Float32Array.from(toMono([x], FROM, TO))

/** Root mean square of the middle half over that of the sine. */
function gainOf(x: Float32Array): number {
  const middle = x.subarray(x.length >> 2, (x.length * 3) >> 2)
  return Math.sqrt(middle.reduce((sum, value) => sum + value ** 2, 0) / middle.length) / (0.5 * Math.SQRT1_2)
}

/** Where a frequency is heard after sampling at TO: mirrored into 0…TO/2. */
function aliasOf(hertz: number): number {
  const rest = hertz % TO
  return rest > NYQUIST ? TO - rest : rest
}

async function magnitudesOf(x: Float32Array, backend: Backend): Promise<number[][]> {
  const nFft = 256
  const { magnitudes } = await numbersOf(() => ({ magnitudes: spectrogram(constant(x), { nFft, hopLength: 96, power: 1 }) }), { backend })
  return rowsOf(magnitudes, nFft / 2 + 1)
}

/** The frequency of a sine (Hz), by its changes of sign: off by one of them, a sixth of a hertz in three seconds. */
function pitchOf(x: Float32Array): number {
  let changes = 0
  for (let n = 1; n < x.length; n++) if (x[n]! < 0 !== x[n - 1]! < 0) changes++
  return (changes * TO) / (2 * x.length)
}

/** Shares of a song's power below frequencies (Hz), of the mean of its channels. */
async function sharesOf(seconds: number, limits: readonly number[], backend: Backend): Promise<number[]> {
  const { mixture } = makeSong({ seed: 3, seconds, sampleRate: FROM })
  const nFft = 2048
  const mono = Float32Array.from(toMono(mixture, FROM, FROM))
  const { power } = await numbersOf(() => ({ power: spectrogram(constant(mono), { nFft, hopLength: nFft }) }), { backend })
  const perBin = new Float64Array(nFft / 2 + 1)
  for (const [i, value] of power.entries()) perBin[i % perBin.length]! += value
  const total = perBin.reduce((sum, value) => sum + value, 0)
  return limits.map((limit) => perBin.reduce((sum, value, bin) => sum + ((bin * FROM) / nFft <= limit ? value : 0), 0) / total)
}

interface Found {
  /** Gains of sines below the new Nyquist frequency, with the filter. */
  readonly kept: readonly number[]
  /** Gains of sines above it, without the filter and with it. */
  readonly aliases: readonly number[]
  readonly rejected: readonly number[]
  /** What is heard of those without the filter (Hz). */
  readonly heard: readonly number[]
  /** Shares of a song's power below 8 kHz, and below 8 Hz. */
  readonly shares: readonly number[]
  /** What toMono says of a rate of 16 Hz. */
  readonly refusal: string
}

export const downSampling: Lesson<Found> = {
  name: 'down-sampling',
  title: 'Down-sampling to 8 to 16 kHz, and what comes back if nobody filters',
  numbers: ['1.13'],
  idea: `Networks that look for keys, chords or singers are given one channel at 8 to 16 kHz: a quarter of the samples, and nearly all of the music, whose notes lie below
4 kHz. A sample rate carries frequencies up to its half. Those above must be filtered away before samples are left out; otherwise each comes back mirrored at the half of the
rate, as a tone that nobody played, and no network can tell it from one that was. In the picture a sweep that rises to 16 kHz is reflected at 4 kHz and at 0; with the
filter it goes up and is gone.`,
  formula: `f is heard at |f − r · round(f / r)| where the rate is r;  samples after: ⌈n · to / from⌉`,
  correction: `A source text advises to down-sample to "8–16 Hz". It is kilohertz: at 16 Hz nothing above 8 Hz is left, and the lowest string of a bass swings 41 times a
second.`,
  claim:
    'With the filter, sines below 90 % of the new half keep their level within 0.01 dB and those above it are more than 80 dB lower; without it they come back at full level, mirrored.',

  async run({ backend, save, log }) {
    const heard = above.map((hertz) => pitchOf(decimated(sine(hertz, 3))))
    const [kept, rejected] = [below, above].map((list) => list.map((hertz) => gainOf(filtered(sine(hertz))))) as [number[], number[]]
    const aliases = above.map((hertz) => gainOf(decimated(sine(hertz))))
    const seconds = 4
    const sweep = Float32Array.from(
      { length: seconds * FROM },
      (_, n) => 0.5 * Math.sin(2 * Math.PI * (((FROM / 2) * (n / FROM) ** 2) / (2 * seconds))),
    )
    for (const [name, title, x] of [
      ['without-filter', 'A sweep from 0 to 16 kHz, every fourth sample of it', decimated(sweep)],
      ['with-filter', 'The same sweep, filtered before', filtered(sweep)],
    ] as const) {
      await save(name, spectrogramPlot({ title, frames: await magnitudesOf(x, backend), sampleRate: TO, hopLength: 96, rangeDb: 80 }))
    }
    const curve = Array.from({ length: 60 }, (_, i) => 230 + i * 150)
    const decibels = (gain: number) => 20 * Math.log10(Math.max(gain, 1e-8))
    await save(
      'levels',
      linePlot({
        title: `What is left of a sine at ${TO / 1000} kHz`,
        x: { label: 'frequency of the sine', unit: 'kHz' },
        y: { label: 'level', unit: 'dB', from: -140, to: 10 },
        lines: [
          { label: 'filtered', x: curve.map((f) => f / 1000), y: curve.map((f) => decibels(gainOf(filtered(sine(f))))) },
          { label: 'not filtered', x: curve.map((f) => f / 1000), y: curve.map((f) => decibels(gainOf(decimated(sine(f))))) },
        ],
      }),
    )
    const shares = await sharesOf(4, [8000, 8], backend)
    let refusal = ''
    try {
      toMono([sweep], FROM, 16)
    } catch (error) {
      refusal = (error as Error).message
    }
    above.forEach((hertz, i) => {
      log(`${hertz} Hz: heard at ${heard[i]!.toFixed(0)} Hz without the filter; with it ${decibels(rejected[i]!).toFixed(0)} dB are left`)
    })
    log(`below 8 kHz lies ${(100 * shares[0]!).toFixed(1)} % of a song's power; below 8 Hz, ${(100 * shares[1]!).toFixed(2)} %`)
    return { kept, aliases, rejected, heard, shares, refusal }
  },

  check({ kept, aliases, rejected, heard, shares, refusal }) {
    const within = (gain: number, decibels: number) => Math.abs(20 * Math.log10(gain)) < decibels
    claim(
      kept.every((gain) => within(gain, 0.01)),
      'sines below keep their level within 0.01 dB',
    )
    claim(
      rejected.every((gain) => gain < 1e-4),
      'sines above are more than 80 dB lower',
    )
    claim(
      aliases.every((gain) => within(gain, 0.1)),
      'without the filter they come back at full level',
    )
    claim(
      heard.every((hertz, i) => Math.abs(hertz - aliasOf(above[i]!)) < 0.5),
      'they are heard at the mirrored frequency',
    )
    claim(shares[0]! > 0.95 && shares[0]! <= 1 && shares[1]! < 0.01, 'nearly all of a song lies below 8 kHz, and nearly nothing below 8 Hz')
    claim(refusal.startsWith('createMonoResampler: to 16 Hz; allowed'), 'a rate of 16 Hz is refused')
  },
}
