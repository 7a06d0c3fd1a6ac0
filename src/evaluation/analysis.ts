/**
 * From material to the energies of BSS Eval, in two passes over it and with memory that does not grow with its length: correlations and the
 * filters that solve them, then the filters' outputs. Whatever number of estimates shares the work that belongs to the references.
 */
import { createSampleQueue } from '../separation/sample-queue.ts'
import { type Correlations, factorBlockToeplitz } from './block-toeplitz.ts'
import type { Breath } from './breath.ts'
import type { Energies } from './energies.ts'
import type { Frames } from './framing.ts'
import { createLagCorrelator } from './lag-correlator.ts'
import { eachSegment, type Material, materialOf } from './material.ts'
import { createProjection, type Filters, type Measured, type Pair } from './projection.ts'

export interface AnalysisOptions {
  /** Taps of the filters. */
  readonly lags: number
  readonly breath: Breath
  /** Share of the work done, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined
}

/** Scalar products of whole signals, over all channels. */
export interface Products {
  /** ⟨s_i, s_j⟩ at [i][j] */
  readonly references: readonly (readonly number[])[]
  /** ⟨s_i, ŝ_k⟩ at [i][k] */
  readonly estimates: readonly (readonly number[])[]
}

export interface Analysis extends Measured {
  /** Samples. */
  readonly length: number
  readonly products: Products
}

/** Rough times (µs), whose ratios tell how much of the work is done: a transform, a product of spectra, a step of the solver. */
const cost = { transform: 25, product: 4, factorStep: 0.001, solveStep: 0.005 }

/**
 * Filters estimated on all of the material, applied to all of it and to each frame.
 *
 * @param pairs which estimate is measured against which reference
 * @param planFor the frames of material of so many samples
 */
export async function analyse(
  material: Material,
  pairs: readonly Pair[],
  planFor: (length: number) => Frames,
  { lags, breath, onProgress }: AnalysisOptions,
): Promise<Analysis> {
  const p = material.references * material.channels
  const q = material.estimates * material.channels
  const sides = q + pairs.length * material.channels
  const correlator = createLagCorrelator(p, q, lags)
  const expected = (material.expectedLength ?? 0) / correlator.longest
  const work = {
    correlate: expected * ((2 * p + q) * cost.transform + p * (p + q) * cost.product),
    solve: 2 * p * (p * lags) ** 2 * cost.factorStep + q * (p * lags) ** 2 * cost.solveStep,
    project: expected * (p * cost.transform + sides * (cost.transform + p * cost.product)),
  }
  const total = work.correlate + work.solve + work.project
  const report = (before: number, share: number): void => {
    if (expected > 0) onProgress?.(Math.min(1, (before + share) / total))
  }

  const length = await eachSegment(
    material,
    correlator.longest,
    () => Infinity,
    ({ start, references, estimates }) => {
      correlator.push(references, estimates)
      report(0, (work.correlate * start) / (material.expectedLength ?? 1))
    },
    breath,
  )
  const { among, across } = correlator.finish()
  const filters = await solveFilters(material, pairs, among, across, breath)
  report(work.correlate + work.solve, 0)
  const projection = createProjection(filters, pairs, planFor(length))
  await eachSegment(
    material,
    projection.longest,
    projection.cutAfter,
    (segment) => {
      projection.push(segment)
      report(work.correlate + work.solve, (work.project * segment.start) / length)
    },
    breath,
  )
  onProgress?.(1)
  return { ...projection.finish(), length, products: productsOf(material, among, across) }
}

async function solveFilters(
  { references, channels }: Material,
  pairs: readonly Pair[],
  among: Correlations,
  across: Float64Array,
  breath: Breath,
): Promise<Filters> {
  const { signals: p, lags } = among
  const q = across.length / (p * lags)
  /** The right-hand side of channel k of the estimates, for the references' channels [first, first + count). */
  const side = (k: number, first: number, count: number): Float64Array => {
    const made = new Float64Array(count * lags)
    for (let i = 0; i < count; i++) made.set(across.subarray(((first + i) * q + k) * lags, ((first + i) * q + k + 1) * lags), i * lags)
    return made
  }
  const solver = await factorBlockToeplitz(among, breath)
  const all = await solver.solve(
    Array.from({ length: q }, (_, k) => side(k, 0, p)),
    breath,
  )
  const channelsOf = (pair: Pair): number[] => Array.from({ length: channels }, (_, c) => pair.estimate * channels + c)
  if (references === 1) return { lags, channels, references, all, own: pairs.flatMap((pair) => channelsOf(pair).map((k) => all[k]!)) }

  const own: Float64Array[] = []
  for (let reference = 0; reference < references; reference++) {
    const mine = [...pairs.entries()].filter(([, pair]) => pair.reference === reference)
    if (mine.length === 0) continue
    const first = reference * channels
    const solverOfOne = await factorBlockToeplitz(part(among, first, channels), breath)
    const solved = await solverOfOne.solve(
      mine.flatMap(([, pair]) => channelsOf(pair).map((k) => side(k, first, channels))),
      breath,
    )
    for (const [n, [at]] of mine.entries()) for (let c = 0; c < channels; c++) own[at * channels + c] = solved[n * channels + c]!
  }
  return { lags, channels, references, all, own }
}

/** The correlations of the signals [first, first + count) alone. */
function part({ signals, lags, values }: Correlations, first: number, count: number): Correlations {
  const made = new Float64Array(count * count * lags)
  for (let i = 0; i < count; i++) {
    const from = ((first + i) * signals + first) * lags
    made.set(values.subarray(from, from + count * lags), i * count * lags)
  }
  return { signals: count, lags, values: made }
}

function productsOf(
  { references, estimates, channels }: Material,
  { signals, lags, values }: Correlations,
  across: Float64Array,
): Products {
  const over = (f: (c: number) => number): number => Array.from({ length: channels }, (_, c) => f(c)).reduce((a, b) => a + b, 0)
  const table = (columns: number, at: (i: number, k: number, c: number) => number): number[][] =>
    Array.from({ length: references }, (_, i) => Array.from({ length: columns }, (_, k) => over((c) => at(i, k, c))))
  const q = estimates * channels
  return {
    references: table(references, (i, j, c) => values[((i * channels + c) * signals + j * channels + c) * lags]!),
    estimates: table(estimates, (i, k, c) => across[((i * channels + c) * q + k * channels + c) * lags]!),
  }
}

/** Filters of their own for every frame, as version 3 has them: the energies of each frame by pair. Holds one frame at a time. */
export async function analyseFrames(
  material: Material,
  pairs: readonly Pair[],
  frames: Frames,
  { lags, breath, onProgress }: AnalysisOptions,
): Promise<(readonly Energies[])[]> {
  const { references, estimates, channels } = material
  const queue = createSampleQueue((references + estimates) * channels)
  const found: (readonly Energies[])[] = []
  const whole = (length: number): Frames => ({ window: length, hop: length, count: 1, whole: true })
  for await (const block of material.blocks()) {
    queue.push([...block.references, ...block.estimates].flat())
    while (found.length < frames.count && queue.end >= found.length * frames.hop + frames.window) {
      const start = found.length * frames.hop
      const rows = queue.read(start, start + frames.window)
      const signals = Array.from({ length: references + estimates }, (_, i) => rows.slice(i * channels, (i + 1) * channels))
      const frame = materialOf('analyseFrames', signals.slice(0, references), signals.slice(references))
      const share = (inside: number): void => onProgress?.((found.length + inside) / frames.count)
      const { whole: energies } = await analyse(frame, pairs, whole, { lags, breath, onProgress: share })
      found.push(energies)
    }
    // What lies between two frames when the hop is longer than the window has not come yet, or goes with the next block.
    queue.drop(Math.min(queue.end, found.length * frames.hop))
  }
  return found
}
