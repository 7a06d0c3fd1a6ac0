/** What the onnxruntime-node backend and its worker thread say to each other. */
import type { TensorSpec } from '../../tensor/index.ts'
import type { HostArray } from '../backend.ts'

/** Where a value of a run lies: sent along, or in an array that the worker keeps. */
export type Location = { readonly data: HostArray } | { readonly array: number; readonly offset: number }

export type Request =
  | { readonly kind: 'load'; readonly program: number; readonly bytes: Uint8Array; readonly profile: string | undefined }
  | { readonly kind: 'release'; readonly program: number }
  | { readonly kind: 'allocate'; readonly array: number; readonly length: number }
  | { readonly kind: 'free'; readonly array: number }
  | { readonly kind: 'write'; readonly array: number; readonly offset: number; readonly values: Float32Array }
  | { readonly kind: 'read'; readonly array: number; readonly offset: number; readonly length: number }
  | {
      readonly kind: 'run'
      readonly program: number
      readonly feeds: readonly { readonly name: string; readonly spec: TensorSpec; readonly location: Location }[]
      /** Outputs without a location come back with the reply. */
      readonly fetches: readonly { readonly name: string; readonly spec: TensorSpec; readonly location?: Location }[]
    }

export interface Reply {
  readonly id: number
  readonly error?: string
  /** The values asked for, in order. */
  readonly values: readonly HostArray[]
}

export interface WorkerSettings {
  readonly threads: number
}
