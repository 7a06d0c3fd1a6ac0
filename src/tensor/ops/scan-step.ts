/** What scan and its derivative share: one step as a closed graph, and the node's outputs. */
import type { TensorMap } from '../graph.ts'
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
  /** The step as it was traced has serials from `since` up to, but not including, `until`. */
  readonly since: number
  readonly until: number
  /**
   * What tensors of the step as it was traced, and those that it captured, are in the body: one table after the other. Rules of
   * customDerivative close over the former.
   */
  readonly renamed: readonly TensorMap<Tensor>[]
  /** Stands for all of it where operations are compared: no two scans are equal. */
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
  /** What already became of the step's tensors before it was closed. */
  readonly renamed?: readonly TensorMap<Tensor>[]
  readonly fused?: FusedScan | undefined
}

/** Makes the node of a step; handed to the derivative, which is a scan itself. */
export type ApplyScan = (step: Body, application: Application) => Tensor[]
