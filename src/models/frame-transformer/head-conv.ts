/**
 * A convolution over the heads, queries and keys of scores. Heads are few, so that they are channels here: of a convolution over queries and keys whose weight is a
 * band, in which a head meets its neighbours. Equal to a 3-D convolution but for the order of sums.
 */
import { checkExtent } from '../../nn/check.ts'
import { addPerChannel, defaultInit, Module, type Parameter, parameter, type Reach, wholeReach } from '../../nn/index.ts'
import { constant, conv2d, expand, formatShape, matmul, reshape, ShapeError, type Tensor, transpose } from '../../tensor/index.ts'

/** Taps along each axis. */
const taps = 3

/** Which tap of a head meets which head: (heads of the output · heads of the input, taps). */
function bandOf(heads: number): Tensor {
  const band = new Float64Array(heads * heads * taps)
  for (let to = 0; to < heads; to++)
    for (let tap = 0; tap < taps; tap++) {
      const from = to + tap - 1
      if (from >= 0 && from < heads) band[(to * heads + from) * taps + tap] = 1
    }
  return constant(band, [heads * heads, taps])
}

/** Zeros beside the queries, for what lies beyond the first and the last. */
export type QueryPadding = readonly [before: number, after: number]

/** (b, inputs, heads, n, m) → (b, outputs, heads, n', m): `weight` (outputs, inputs, 3, 3, 3), `bias` (outputs), both from ±1/√fanIn as in PyTorch. */
export class HeadConv extends Module {
  readonly weight: Parameter
  readonly bias: Parameter

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(inputs: number, outputs: number) {
    super()
    checkExtent('HeadConv', { inputs, outputs })
    const start = defaultInit(inputs * taps ** 3)
    this.weight = parameter([outputs, inputs, taps, taps, taps], start)
    this.bias = parameter([outputs], start)
  }

  /**
   * @param padding of the queries, one on each side by default, which keeps their number
   * @throws ShapeError for other channels
   */
  forward(x: Tensor, padding: QueryPadding = [1, 1]): Tensor {
    const [outputs, inputs] = this.weight.shape as [number, number]
    if (x.shape.length !== 5 || x.shape[1] !== inputs)
      throw new ShapeError('HeadConv', `input ${formatShape(x.shape)}; needs (b, ${inputs}, heads, queries, keys)`)
    const [b, , heads, queries, keys] = x.shape as [number, number, number, number, number]
    const byTap = reshape(transpose(this.weight, [2, 0, 1, 3, 4]), [taps, outputs * inputs * taps * taps])
    const banded = reshape(matmul(bandOf(heads), byTap), [heads, heads, outputs, inputs, taps, taps])
    const kernel = reshape(transpose(banded, [2, 0, 3, 1, 4, 5]), [outputs * heads, inputs * heads, taps, taps])
    const bias = reshape(expand(reshape(this.bias, [outputs, 1]), [outputs, heads]), [outputs * heads])
    const y = addPerChannel(conv2d(reshape(x, [b, inputs * heads, queries, keys]), kernel, { padding: [padding, [1, 1]] }), bias)
    return reshape(y, [b, outputs, heads, y.shape[2]!, keys])
  }

  override reach(): Reach {
    return wholeReach
  }
}
