/**
 * Positions that attention sees as differences between query and key: rotated pairs of features (Su et al. 2021, RoFormer, arXiv
 * 2104.09864), a learned bias per bucket of distances (Raffel et al. 2020, T5, arXiv 1910.10683, 2.1), a fixed slope per head (Press, Smith
 * & Lewis 2022, ALiBi, arXiv 2108.12409). Biases are masks of attention: `attend(scores, values, { mask: bias })`.
 */
import {
  abs,
  add,
  arange,
  constant,
  formatShape,
  gather,
  matmul,
  mul,
  reshape,
  ShapeError,
  sub,
  type Tensor,
  transpose,
} from '../tensor/index.ts'
import { checkExtent, checkWord } from './check.ts'
import { normalInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { pairFrequencies } from './positions.ts'
import { pointwiseReach, type Reach } from './reach.ts'

export interface RotaryOptions {
  /** 10000 by default. */
  readonly base?: number
  /** Position of the first step, 0 by default: where queries go on from earlier ones. */
  readonly offset?: number
  /** Position of each step, in place of one after the other from `offset` on. */
  readonly positions?: readonly number[]
  /** Which features are a pair: neighbours, as in the paper, or i and i + d/2 (GPT-NeoX, Llama). */
  readonly pairs?: 'interleaved' | 'half'
}

/**
 * Turns pairs of features by an angle in proportion to their step, p·base^(−2i/d): (…, t, d) → (…, t, d). For queries and keys that are both
 * turned, the dot product depends on the difference of their positions; norms stay as they are.
 *
 * @throws ShapeError for an odd number of features and another number of positions than steps, RangeError for pairs that are neither
 *
 * @example
 * const x = constant([1, 0, 1, 0], [2, 2])
 * const [y] = await evaluate(() => [rotary(x)]) // [1, 0, 0.540302, 0.841471]
 */
export function rotary(x: Tensor, { base = 10000, offset = 0, positions, pairs = 'interleaved' }: RotaryOptions = {}): Tensor {
  const d = x.shape.at(-1) ?? 1
  const steps = x.shape.at(-2)
  checkWord('rotary', { pairs }, ['interleaved', 'half'])
  if (steps === undefined) throw new ShapeError('rotary', `input ${formatShape(x.shape)}; needs (…, steps, features)`)
  if (positions && positions.length !== steps)
    throw new ShapeError('rotary', `${positions.length} positions for ${formatShape(x.shape)}; needs ${steps}, one for each step`)
  const { cos, sin, turn } = turnOf(steps, d, positions ?? offset, base, pairs)
  // (x₁, x₂) → (−x₂, x₁) as a product: on 2 MB all of this takes 0.7 ms and its derivative 0.8, with parts cut, negated and joined instead
  // 0.9 and 1.5 for halves, 1.5 and 6.7 for neighbours (ONNX Runtime 1.30).
  return add(mul(x, cos), mul(matmul(x, turn), sin))
}

/** Cosines and sines of each step and feature, (steps, d), and the matrix that brings a feature's partner to its place, (d, d). */
interface Turn {
  readonly cos: Tensor
  readonly sin: Tensor
  readonly turn: Tensor
}

/**
 * By what they are of, as long as a graph has them: queries and keys of many layers are turned alike, and the tables of a long window come to more than a hundred
 * megabytes if each has its own. Graphs have the tensors, and not what holds the three together.
 */
const turns = new Map<string, Readonly<Record<keyof Turn, WeakRef<Tensor>>>>()

function turnOf(steps: number, d: number, at: number | readonly number[], base: number, pairs: 'interleaved' | 'half'): Turn {
  if (typeof at !== 'number') return makeTurn(steps, d, (step) => at[step]!, base, pairs)
  const key = [steps, d, at, base, pairs].join()
  const known = turns.get(key)
  const [cos, sin, turn] = [known?.cos.deref(), known?.sin.deref(), known?.turn.deref()]
  if (cos && sin && turn) return { cos, sin, turn }
  const made = makeTurn(steps, d, (step) => step + at, base, pairs)
  turns.set(key, { cos: new WeakRef(made.cos), sin: new WeakRef(made.sin), turn: new WeakRef(made.turn) })
  return made
}

function makeTurn(steps: number, d: number, positionOf: (step: number) => number, base: number, pairs: 'interleaved' | 'half'): Turn {
  const [cos, sin, turn] = [new Float64Array(steps * d), new Float64Array(steps * d), new Float64Array(d * d)]
  for (const [i, frequency] of pairFrequencies('rotary', d, base).entries()) {
    const [first, second] = pairs === 'half' ? [i, i + d / 2] : [2 * i, 2 * i + 1]
    turn[second * d + first] = -1
    turn[first * d + second] = 1
    for (let step = 0; step < steps; step++) {
      const angle = positionOf(step) * frequency
      for (const feature of [first, second]) {
        cos[step * d + feature] = Math.cos(angle)
        sin[step * d + feature] = Math.sin(angle)
      }
    }
  }
  return { cos: constant(cos, [steps, d]), sin: constant(sin, [steps, d]), turn: constant(turn, [d, d]) }
}

export interface RelativeBiasOptions {
  /** Learned values per head, 32 by default; half of them for each direction. */
  readonly buckets?: number
  /** Distances from here on share the last bucket, 128 by default. */
  readonly maxDistance?: number
  /** False for decoders: keys after the query share one bucket, that of distance 0. */
  readonly bidirectional?: boolean
}

/**
 * T5's bucket of a relative position, key − query: a bucket per distance for the shorter half, then logarithmic ones up to maxDistance.
 *
 * @example
 * [-200, -9, -1, 0, 1, 200].map((position) => relativeBucket(position)) // [15, 8, 1, 0, 17, 31]
 */
export function relativeBucket(
  position: number,
  { buckets = 32, maxDistance = 128, bidirectional = true }: RelativeBiasOptions = {},
): number {
  const count = bidirectional ? buckets / 2 : buckets
  const distance = bidirectional ? Math.abs(position) : Math.max(0, -position)
  const first = bidirectional && position > 0 ? count : 0
  const exact = Math.floor(count / 2)
  if (distance < exact) return first + distance
  const logarithmic = exact + Math.floor((Math.log(distance / exact) / Math.log(maxDistance / exact)) * (count - exact))
  return first + Math.min(count - 1, logarithmic)
}

/**
 * T5's relative attention bias: scores (b, heads, queries, keys) → scores + bias. `between(queries, keys)` is the bias alone, to be given as
 * mask to attention, the same one to all layers. weight (buckets, heads), as T5 keeps it.
 */
export class RelativePositionBias extends Module {
  readonly weight: Parameter
  readonly #options: RelativeBiasOptions

  /** @throws RangeError for a number of heads that is no whole number ≥ 1, buckets that do not divide among directions, and a maxDistance within the exact buckets */
  constructor(heads: number, options: RelativeBiasOptions = {}) {
    super()
    const { buckets = 32, maxDistance = 128, bidirectional = true } = options
    checkExtent('RelativePositionBias', { heads })
    const least = bidirectional ? 4 : 2
    if (!Number.isInteger(buckets) || buckets < least || (bidirectional && buckets % 2 !== 0))
      throw new RangeError(`RelativePositionBias: buckets ${buckets}; allowed are ${bidirectional ? 'even' : 'whole'} numbers ≥ ${least}`)
    const exact = Math.floor((bidirectional ? buckets / 2 : buckets) / 2)
    if (!(maxDistance > exact))
      throw new RangeError(
        `RelativePositionBias: maxDistance ${maxDistance}; allowed are numbers above ${exact}, the distances with buckets of their own`,
      )
    this.weight = parameter([buckets, heads], normalInit(0.02))
    this.#options = options
  }

  /**
   * (1, heads, queries, keys)
   *
   * @throws RangeError for numbers of queries and keys that are no whole numbers ≥ 1
   */
  between(queries: number, keys: number): Tensor {
    checkExtent('RelativePositionBias', { queries, keys })
    const buckets = Array.from({ length: queries * keys }, (_, at) => relativeBucket((at % keys) - Math.floor(at / keys), this.#options))
    const bias = gather(transpose(this.weight, [1, 0]), constant(buckets, [queries, keys], 'int64'), 1)
    return reshape(bias, [1, ...bias.shape])
  }

  /** @throws ShapeError for scores of another number of heads */
  forward(scores: Tensor): Tensor {
    const [, heads] = this.weight.shape as [number, number]
    const [queries, keys] = scores.shape.slice(-2)
    if (scores.shape.length !== 4 || scores.shape[1] !== heads)
      throw new ShapeError('RelativePositionBias', `scores ${formatShape(scores.shape)}; needs (b, ${heads}, queries, keys)`)
    return add(scores, this.between(queries!, keys!))
  }

  override reach(): Reach {
    return pointwiseReach
  }
}

/** ALiBi's slopes: a geometric series from 2^(−8/n) on; between powers of two, every second one of twice as many fills up. */
function slopesOf(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads))
  const series = (count: number, every: number, n: number) => Array.from({ length: count }, (_, i) => 2 ** ((-8 / n) * (i * every + 1)))
  return [...series(power, 1, power), ...series(heads - power, 2, 2 * power)]
}

/**
 * Attention with linear biases: −slope·|key − query| for each head, (1, heads, queries, keys).
 *
 * @throws RangeError for numbers of heads, queries and keys that are no whole numbers ≥ 1
 *
 * @example
 * const [y] = await evaluate(() => [alibiBias(2, 2, 2)]) // [0, -0.0625, -0.0625, 0, 0, -0.00390625, -0.00390625, 0]
 */
export function alibiBias(heads: number, queries: number, keys = queries): Tensor {
  checkExtent('alibiBias', { heads, queries, keys })
  const slopes = slopesOf(heads).map((slope) => -slope)
  const distance = abs(sub(arange(0, keys, 1, 'float32'), reshape(arange(0, queries, 1, 'float32'), [-1, 1])))
  return mul(constant(slopes, [1, heads, 1, 1]), distance)
}
