/**
 * Chrono initialisation of gates (Tallec & Ollivier 2018, "Can recurrent neural networks warp time?", arXiv 1804.11188): a unit whose forget
 * gate is σ(b) keeps what it holds for about 1 + eᵇ steps, so that with b = ln u, u uniform in 1…T − 1, a layer begins with memories of all
 * lengths up to T. The gate that writes begins as far closed as the other is open.
 */
import { uniformInit } from './init.ts'
import type { Init } from './module.ts'

/** Which blocks of `bias_ih` belong to the gate that keeps and to that which writes, where they are two. */
interface GateBlocks {
  readonly keep: number
  readonly write?: number
}

/**
 * Values of `bias_ih`; what no gate of memory has is drawn from ±1/√hidden as the layer's other parameters.
 *
 * @throws RangeError for numbers of steps below 2, and where the layer has no bias
 */
export function chronoInit(
  who: string,
  steps: number | undefined,
  hidden: number,
  { keep, write }: GateBlocks,
  { bias = true }: { readonly bias?: boolean },
): Init | undefined {
  if (steps === undefined) return undefined
  if (!(steps >= 2 && Number.isFinite(steps))) throw new RangeError(`${who}: memorySteps ${steps}; allowed are numbers ≥ 2`)
  if (!bias) throw new RangeError(`${who}: memorySteps ${steps} with bias false; it is the bias that holds the gates open`)
  return (values, shape, random) => {
    uniformInit(1 / Math.sqrt(hidden))(values, shape, random)
    for (let unit = 0; unit < hidden; unit++) {
      const open = Math.log(random.uniform(1, steps - 1))
      values[keep * hidden + unit] = open
      if (write !== undefined) values[write * hidden + unit] = -open
    }
  }
}
