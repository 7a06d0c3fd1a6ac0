/** What scan and its derivative share: one step as a closed graph, and the node's outputs. */
import type { Body, Emitter, LowerContext, Tensor, TensorSpec } from '../tensor.ts'

/** Another way to compute a scan's outputs, taken where no derivative asks for what the steps computed. */
export interface FusedScan {
  readonly inputs: readonly Tensor[]
  /** Names of the scan's outputs (carries, then stacked outputs) from those of `inputs`. */
  readonly lower: (emitter: Emitter, inputs: readonly string[], context: LowerContext) => readonly string[]
}

export interface ScanAttributes {
  /**
   * One step. Inputs: carries, slices of the sequences, what is the same in all steps. Outputs: next carries, what is stacked, and then what a
   * derivative wants remembered.
   */
  readonly body: { readonly inputs: readonly Tensor[]; readonly outputs: Tensor[] }
  readonly carries: number
  readonly slices: number
  readonly length: number
  readonly reverse: boolean
  /** Number of outputs that the caller sees. */
  readonly visible: number
  readonly fused: FusedScan['lower'] | undefined
  readonly toJSON: () => number
}

export function same(x: Tensor, y: Tensor): boolean {
  return x.node === y.node && x.index === y.index
}

export function outputSpec(x: Tensor, position: number, { carries, length }: ScanAttributes): TensorSpec {
  return { shape: position < carries ? x.shape : [length, ...x.shape], dtype: x.dtype }
}

export interface Application {
  readonly carry: readonly Tensor[]
  readonly sequences: readonly Tensor[]
  readonly length: number
  readonly reverse: boolean
  /** Nodes older than this do not depend on the step's inputs. */
  readonly since: number
  readonly fused?: FusedScan | undefined
}

/** Makes the node of a step; handed to the derivative, which is a scan itself. */
export type ApplyScan = (step: Body, application: Application) => Tensor[]
