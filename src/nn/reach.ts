/**
 * Which steps of its input one step of a layer's output depends on, along time: what says whether a network is causal and how wide its
 * receptive field is. Output step t reads the input steps from stride·t + first to stride·t + last; layers after each other compose
 * (Araujo, Norris & Sim 2019, "Computing receptive fields of convolutional neural networks", doi 10.23915/distill.00021).
 */
export interface Reach {
  /** Input steps per output step: below 1 for layers that give more steps than they get. */
  readonly stride: number
  /** -Infinity where everything before is read. */
  readonly first: number
  /** Above 0 where the future is read, Infinity where all of it is. */
  readonly last: number
}

/** Each step by itself: linear layers, activations, norms of features. */
export const pointwiseReach: Reach = { stride: 1, first: 0, last: 0 }

/** Everything before, nothing after: recurrent layers, attention with a causal mask. */
export const causalReach: Reach = { stride: 1, first: -Infinity, last: 0 }

/** All steps: attention, bidirectional layers, norms and pooling over time. */
export const wholeReach: Reach = { stride: 1, first: -Infinity, last: Infinity }

/** Windows of `kernel` steps, `dilation` apart, that begin `padding` steps before their stride's multiple: convolution, pooling. */
export function windowReach(kernel: number, stride: number, padding: number, dilation: number): Reach {
  return { stride, first: -padding, last: dilation * (kernel - 1) - padding }
}

/** The adjoint of windowReach: transposed convolution. */
export function transposedWindowReach(kernel: number, stride: number, padding: number, dilation: number): Reach {
  // Step t of the output gets input step i where t = stride·i − padding + dilation·j, j from 0 to kernel − 1.
  return { stride: 1 / stride, first: (padding - dilation * (kernel - 1)) / stride, last: padding / stride }
}

/** Layers after each other, the first of them nearest to the input. */
export function chainReach(reaches: readonly Reach[]): Reach {
  return reaches.reduceRight((after, before) => {
    const at = (step: number) => (Number.isFinite(step) ? before.stride * step : step)
    return { stride: before.stride * after.stride, first: at(after.first) + before.first, last: at(after.last) + before.last }
  }, pointwiseReach)
}

/** Branches that are added, multiplied or concatenated: what any of them reads. */
export function joinReach(reaches: readonly Reach[]): Reach {
  const [one, ...others] = reaches
  if (!one) throw new RangeError('joinReach: no branches; needs at least one')
  const different = others.find(({ stride }) => stride !== one.stride)
  if (different)
    throw new RangeError(
      `joinReach: branches of ${one.stride} and ${different.stride} input steps per step; they must be equal to be joined`,
    )
  return { stride: one.stride, first: Math.min(...reaches.map(({ first }) => first)), last: Math.max(...reaches.map(({ last }) => last)) }
}

/**
 * The most input steps that one output step depends on, Infinity for all. Where strides above 1 and below 1 follow each other it is a bound:
 * what lies between the ends is taken to be read.
 */
export function receptiveField({ first, last }: Reach): number {
  // Strides below 1 are fractions that floats round: a length of 2 may be a little less.
  return Math.floor(last - first + 1e-9) + 1
}
