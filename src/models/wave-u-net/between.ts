/**
 * Up-sampling of Wave-U-Net: between each two neighbours comes one sample more, their mean or w·a + (1 − w)·b with a learned w in 0…1 per channel
 * (Stoller, Ewert & Dixon 2018, section 3.2.4). n samples become 2n − 1: nothing is made up beyond the ends.
 */
import { constantInit, Module, type Parameter, parameter, type Reach } from '../../nn/index.ts'
import { add, concat, mul, narrow, reshape, sigmoid, stack, sub, type Tensor } from '../../tensor/index.ts'

/** (b, c, n) → (b, c, 2n − 1) */
export class Between extends Module {
  /** σ⁻¹ of w, per channel; where it is not learned, w is ½. */
  readonly weight: Parameter | undefined

  constructor(channels: number, learned: boolean) {
    super()
    this.weight = learned ? parameter([channels], constantInit(0)) : undefined
  }

  forward(x: Tensor): Tensor {
    const [b, c, n] = x.shape as [number, number, number]
    if (n === 1) return x
    const [left, right] = [narrow(x, 2, 0, n - 1), narrow(x, 2, 1, n)]
    const share = this.weight ? reshape(sigmoid(this.weight), [1, -1, 1]) : 0.5
    const middle = add(right, mul(sub(left, right), share))
    const pairs = reshape(stack([left, middle], 3), [b, c, 2 * (n - 1)])
    return concat([pairs, narrow(x, 2, n - 1, n)], 2)
  }

  override reach(): Reach {
    return { stride: 0.5, first: -0.5, last: 0.5 }
  }
}
