/**
 * From features of frames to answers, interchangeably: (b, t, d) → (b, t, labels) for what varies in time, → (b, labels) for what does not. Time goes by
 * pooling, by strided convolution, or by a recurrent layer that has read all (Choi et al. 2018, arXiv 1709.04396; Gururani, Sharma & Lerch 2019, arXiv
 * 1907.04294; McFee, Salamon & Bello 2018, arXiv 1804.10070).
 */
import {
  AttentionTimePool,
  AutoPool,
  Conv1d,
  Linear,
  MaxTimePool,
  MeanTimePool,
  Module,
  type Reach,
  type TimePool,
  wholeReach,
} from '../../nn/index.ts'
import { relu, type Tensor, transpose } from '../../tensor/index.ts'
import type { HeadName } from './config.ts'

/** What the recurrent layer found: its outputs after every frame (b, t, d), and its state after it has read all of them (b, d). */
export interface Sequence {
  readonly outputs: Tensor
  readonly last: Tensor
}

/** A head reads what it needs of a sequence. */
abstract class Head extends Module {
  readonly linear: Linear

  constructor(size: number, labels: number) {
    super()
    this.linear = new Linear(size, labels)
  }

  /** Logits: (b, t, labels) or (b, labels). */
  abstract answers(sequence: Sequence): Tensor

  forward(outputs: Tensor, last: Tensor): Tensor {
    return this.answers({ outputs, last })
  }

  override reach(): Reach {
    return wholeReach
  }
}

class FramesHead extends Head {
  answers({ outputs }: Sequence): Tensor {
    return this.linear.forward(outputs)
  }

  override reach(): Reach {
    return this.linear.reach()
  }
}

class PooledHead extends Head {
  readonly pool: TimePool

  constructor(pool: TimePool, size: number, labels: number) {
    super(size, labels)
    this.pool = pool
  }

  answers({ outputs }: Sequence): Tensor {
    return this.linear.forward(this.pool.forward(outputs))
  }
}

/** Auto-pool is over what every frame says: between the mean of the frames' logits and the most certain of them, for each label by itself. */
class AutoPoolHead extends Head {
  readonly pool: AutoPool

  constructor(size: number, labels: number) {
    super(size, labels)
    this.pool = new AutoPool({ channels: labels })
  }

  answers({ outputs }: Sequence): Tensor {
    return this.pool.forward(this.linear.forward(outputs))
  }
}

class RecurrentHead extends Head {
  answers({ last }: Sequence): Tensor {
    return this.linear.forward(last)
  }
}

/** Steps that become one in each convolution; no step is left out, as stride and kernel are equal. */
const stride = 3

/** Three convolutions leave one of 27 frames; what is left of longer sounds, each of which has seen a stretch of its own, is averaged. */
class StridedHead extends Head {
  readonly convs: readonly Conv1d[]
  readonly pool: MeanTimePool

  constructor(size: number, labels: number) {
    super(size, labels)
    this.convs = [0, 1, 2].map(() => new Conv1d(size, size, stride, { stride, padding: 1 }))
    this.pool = new MeanTimePool()
  }

  answers({ outputs }: Sequence): Tensor {
    const steps = this.convs.reduce((x, conv) => relu(conv.forward(x)), transpose(outputs, [0, 2, 1]))
    return this.linear.forward(this.pool.forward(transpose(steps, [0, 2, 1])))
  }
}

const makers: Readonly<Record<HeadName, (size: number, labels: number) => Head>> = {
  frames: (size, labels) => new FramesHead(size, labels),
  mean: (size, labels) => new PooledHead(new MeanTimePool(), size, labels),
  max: (size, labels) => new PooledHead(new MaxTimePool(), size, labels),
  strided: (size, labels) => new StridedHead(size, labels),
  recurrent: (size, labels) => new RecurrentHead(size, labels),
  attention: (size, labels) => new PooledHead(new AttentionTimePool(size), size, labels),
  'auto-pool': (size, labels) => new AutoPoolHead(size, labels),
}

/** The head of a name, for sequences of `size` features. */
export function createHead(name: HeadName, size: number, labels: number): Head {
  return makers[name](size, labels)
}
export type { Head }
