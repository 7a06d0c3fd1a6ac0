import {
  amplitudeToDb,
  createFilterBank,
  createFrontEnd,
  dct,
  fft,
  InputWhitening,
  ifft,
  irfft,
  istft,
  localContrastNormalize,
  logCompress,
  logExpand,
  logMagnitude,
  logMelSpectrogram,
  logPower,
  magnitude,
  melSpectrogram,
  mfcc,
  overlapAdd,
  powerToDb,
  rfft,
  spectrogram,
  stft,
  toWindows,
  whitenBins,
} from '../../../src/dsp/index.ts'
import type { Tensor } from '../../../src/tensor/index.ts'
import { type Block, calling, of } from '../support.ts'

const complexCases = (n: number): Block['cases'] => [
  {
    inputs: [
      [2, n],
      [2, n],
    ],
    outputs: [
      [2, n],
      [2, n],
    ],
  },
  {
    inputs: [
      [1, 1],
      [1, 1],
    ],
    outputs: [
      [1, 1],
      [1, 1],
    ],
  },
]

const pairs = (f: (z: { re: Tensor; im: Tensor }) => { re: Tensor; im: Tensor }) =>
  calling((re: Tensor, im: Tensor) => Object.values(f({ re, im })) as Tensor[])

const transforms: readonly Block[] = [
  { ids: ['5.9'], name: 'fft', ...pairs(fft), cases: complexCases(12) },
  // A prime that goes by chirps would have 257 points; a prime matrix is enough here.
  { ids: ['5.9'], name: 'ifft', ...pairs(ifft), cases: complexCases(37) },
  {
    ids: ['5.9'],
    name: 'rfft',
    ...calling((x) => Object.values(rfft(x)) as Tensor[]),
    cases: [
      {
        inputs: [[2, 15]],
        outputs: [
          [2, 8],
          [2, 8],
        ],
      },
      {
        inputs: [[1, 1]],
        outputs: [
          [1, 1],
          [1, 1],
        ],
      },
    ],
  },
  {
    ids: ['5.9'],
    name: 'irfft',
    ...calling((re, im) => irfft({ re, im }, 2 * re.shape.at(-1)! - 1)),
    cases: [
      {
        inputs: [
          [2, 6],
          [2, 6],
        ],
        outputs: [[2, 11]],
      },
      {
        inputs: [
          [1, 1],
          [1, 1],
        ],
        outputs: [[1, 1]],
      },
    ],
  },
]

const frames = { nFft: 8, hopLength: 3 }
const uncentred = { ...frames, window: 'hamming', center: false } as const
const mirrored = { ...frames, window: { name: 'kaiser', beta: 6 }, padMode: 'reflect' } as const

const toFrames = (options: Parameters<typeof stft>[1]) => calling((x) => Object.values(stft(x, options)) as Tensor[])

const short: readonly Block[] = [
  {
    ids: ['3.21', '3.22'],
    name: 'stft',
    ...toFrames({ ...frames, window: 'blackman' }),
    cases: [
      {
        inputs: [[2, 10]],
        outputs: [
          [2, 4, 5],
          [2, 4, 5],
        ],
      },
      {
        inputs: [[1, 1]],
        outputs: [
          [1, 1, 5],
          [1, 1, 5],
        ],
      },
    ],
  },
  {
    ids: ['3.22'],
    name: 'stft, mirrored',
    ...toFrames(mirrored),
    cases: [
      {
        inputs: [[2, 10]],
        outputs: [
          [2, 4, 5],
          [2, 4, 5],
        ],
      },
    ],
  },
  {
    ids: ['3.22'],
    name: 'stft, not centred',
    ...toFrames(uncentred),
    cases: [
      {
        inputs: [[2, 12]],
        outputs: [
          [2, 2, 5],
          [2, 2, 5],
        ],
      },
    ],
  },
  {
    ids: ['3.22'],
    name: 'istft',
    ...calling((re, im) => istft({ re, im }, re.shape.at(-2)! * 3 - 2, { ...frames, window: 'sqrt-hann' })),
    cases: [
      {
        inputs: [
          [2, 4, 5],
          [2, 4, 5],
        ],
        outputs: [[2, 10]],
      },
      {
        inputs: [
          [1, 1, 5],
          [1, 1, 5],
        ],
        outputs: [[1, 1]],
      },
    ],
  },
]

const bank = { sampleRate: 8000, nFft: 16, hopLength: 5, melBands: 4 } as const

/** Logarithms of drawn signals: float32 is not surer of a level than of what it is the level of, and bands may be faint. */
const faint = { value: 1e-4, reason: 'logarithms of sums that nearly cancel: their relative error is larger than that of their terms' }

const ofSignals = (outputs: readonly number[]): Block['cases'] => [
  { inputs: [[2, 20]], outputs: [[2, 5, ...outputs]] },
  { inputs: [[1, 1]], outputs: [[1, 1, ...outputs]] },
]

const sounds: readonly Block[] = [
  { ids: ['3.23'], name: 'spectrogram', create: of((x) => spectrogram(x, bank)), cases: ofSignals([9]) },
  { ids: ['1.12', '3.23'], name: 'melSpectrogram', create: of((x) => melSpectrogram(x, bank)), cases: ofSignals([4]) },
  { ids: ['3.23'], name: 'logMelSpectrogram', create: of((x) => logMelSpectrogram(x, bank)), cases: ofSignals([4]), tolerance: faint },
  {
    ids: ['3.23'],
    name: 'mfcc',
    create: of((x) => mfcc(x, { ...bank, htk: true, norm: 'none', coefficients: 3, lifter: 8 })),
    cases: ofSignals([3]),
    tolerance: faint,
  },
  {
    ids: ['1.12'],
    name: 'createFrontEnd',
    create: () => createFrontEnd({ ...bank, window: 'hamming', power: 1, compression: 10, coefficients: 3 }),
    cases: ofSignals([3]),
  },
  ...Object.entries({ magnitude, logMagnitude, logPower }).map(([name, f]) => ({
    ids: ['3.23'],
    name,
    ...calling((re, im) => f({ re, im })),
    cases: [
      {
        inputs: [
          [2, 3, 4],
          [2, 3, 4],
        ],
        outputs: [[2, 3, 4]],
      },
      {
        inputs: [
          [1, 1],
          [1, 1],
        ],
        outputs: [[1, 1]],
      },
    ] as const,
  })),
]

const values: Block['cases'] = [
  { inputs: [[2, 5, 4]], outputs: [[2, 5, 4]] },
  { inputs: [[1, 1, 1]], outputs: [[1, 1, 1]] },
]

const scales: readonly Block[] = [
  { ids: ['3.23'], name: 'powerToDb', create: of((x) => powerToDb(x, { topDb: 10, axes: [-2, -1] })), cases: values, range: [0.01, 2] },
  { ids: ['3.23'], name: 'amplitudeToDb', create: of((x) => amplitudeToDb(x, { ref: 0.5 })), cases: values, range: [0.01, 2] },
  { ids: ['3.23'], name: 'dct', create: of((x) => dct(x)), cases: values },
  { ids: ['1.10'], name: 'logCompress', create: of((x) => logCompress(x, 100)), cases: values, range: [0, 2] },
  { ids: ['1.10'], name: 'logExpand', create: of((x) => logExpand(x, 100)), cases: values, range: [0, 3] },
  { ids: ['1.11'], name: 'whitenBins', create: of((x) => whitenBins(x, 1e-3)), cases: values },
  {
    ids: ['1.11'],
    name: 'localContrastNormalize',
    create: of((x) => localContrastNormalize(x, { size: [3, 3] })),
    cases: values,
    tolerance: { value: 1e-3, reason: 'one value by itself has no contrast: 0 up to rounding, divided by the root of 1e-12' },
  },
  {
    ids: ['1.11', '3.19'],
    name: 'InputWhitening',
    create: () => new InputWhitening(3, { statistics: { mean: Float64Array.of(1, 0, -2), std: Float64Array.of(0.5, 1, 4) } }),
    cases: [
      { inputs: [[2, 4, 3]], outputs: [[2, 4, 3]] },
      { inputs: [[1, 3]], outputs: [[1, 3]] },
    ],
  },
]

const windows = { length: 4, hop: 3 }

const cut: readonly Block[] = [
  {
    ids: ['3.13', '3.14'],
    name: 'toWindows',
    create: of((x) => toWindows(x, windows)),
    cases: [
      { inputs: [[2, 3, 8]], outputs: [[3, 2, 3, 4]] },
      { inputs: [[1, 1]], outputs: [[1, 1, 4]] },
    ],
  },
  {
    ids: ['3.14'],
    name: 'overlapAdd',
    create: of((x) => overlapAdd(x, 3 * x.shape[0]! - 2, windows)),
    cases: [
      { inputs: [[3, 2, 3, 4]], outputs: [[2, 3, 7]] },
      { inputs: [[1, 1, 4]], outputs: [[1, 1]] },
    ],
  },
]

const banks: readonly Block[] = [
  ...(
    [
      { kind: 'free', filters: 4, length: 6 },
      { kind: 'stft', length: 6 },
      { kind: 'analytic', filters: 3, length: 6 },
      { kind: 'gammatone', filters: 4, length: 6, sampleRate: 8000 },
      // Below half the rate, where the highest cut-off would end by default: it has two slopes there.
      { kind: 'sinc', filters: 3, length: 7, hop: 3, sampleRate: 8000, fMax: 3000 },
    ] as const
  ).map((options) => {
    const filters = options.kind === 'stft' ? 8 : options.filters
    const framesOf = (samples: number) => Math.floor((samples - 1 + options.length - 3) / 3) + 1
    return {
      ids: ['3.24'],
      name: `createFilterBank, encoder, ${options.kind}`,
      create: () => createFilterBank(options).encoder,
      cases: [
        { inputs: [[2, 1, 9]], outputs: [[2, filters, framesOf(9)]] },
        { inputs: [[1, 1, 1]], outputs: [[1, filters, framesOf(1)]] },
      ] as const,
    }
  }),
  {
    ids: ['3.24'],
    name: 'FilterDecoder',
    create: () => createFilterBank({ kind: 'free', filters: 4, length: 6 }).decoder,
    cases: [
      { inputs: [[2, 4, 4]], outputs: [[2, 1, 9]] },
      { inputs: [[1, 4, 2]], outputs: [[1, 1, 3]] },
    ],
  },
]

export const dsp: readonly Block[] = [...transforms, ...short, ...sounds, ...scales, ...cut, ...banks]
