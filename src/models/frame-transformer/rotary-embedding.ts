/** Rotary positions (Su et al. 2021, RoFormer, arXiv 2104.09864) for any number of features: the last of an odd number stays as it is. */
import type { StoredTensor } from '../../formats/index.ts'
import { checkExtent } from '../../nn/check.ts'
import { Module, pointwiseReach, type Reach, rotary } from '../../nn/index.ts'
import { warn } from '../../nn/warning.ts'
import { concat, formatShape, narrow, ShapeError, type Tensor } from '../../tensor/index.ts'

const base = 10000

/** (…, t, d) → (…, t, d). Has no parameters; states of the original hold its `freqs`, base^(−2j/d) for each pair j. */
export class RotaryEmbedding extends Module {
  readonly #features: number

  /** @throws RangeError for features that are no whole number ≥ 1 */
  constructor(features: number) {
    super()
    checkExtent('RotaryEmbedding', { features })
    this.#features = features
  }

  /**
   * @param positions of the steps, 0, 1, … by default
   * @throws ShapeError for another number of features
   */
  forward(x: Tensor, positions?: readonly number[]): Tensor {
    const d = this.#features
    if (x.shape.at(-1) !== d) throw new ShapeError('RotaryEmbedding', `input ${formatShape(x.shape)}; needs (…, t, ${d})`)
    const options = positions ? { positions } : {}
    if (d % 2 === 0) return rotary(x, { base, ...options })
    if (d === 1) {
      warn('unturned-positions', 'heads of one bin have no pair to turn, so that attention sees no positions; take fewer heads or levels')
      return x
    }
    const axis = x.shape.length - 1
    // The base with which an even number of features has the frequencies of the odd one.
    const pairs = rotary(narrow(x, axis, 0, d - 1), { base: base ** ((d - 1) / d), ...options })
    return concat([pairs, narrow(x, axis, d - 1, d)], axis)
  }

  override computed(): Readonly<Record<string, () => StoredTensor>> {
    const pairs = Math.floor(this.#features / 2)
    return { freqs: () => ({ shape: [pairs], data: Float32Array.from({ length: pairs }, (_, j) => base ** ((-2 * j) / this.#features)) }) }
  }

  override reach(): Reach {
    return pointwiseReach
  }
}
