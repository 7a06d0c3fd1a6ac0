/** What a backend of ONNX Runtime and its worker say to each other, in Node and in browsers. */
import type { TensorSpec } from '../../tensor/index.ts'
import type { HostArray, Placement } from '../backend.ts'

/** Where a value of a run lies: sent along, or in an array that the worker keeps. */
export type Location = { readonly data: HostArray } | { readonly array: number; readonly offset: number }

export interface WorkerSettings {
  readonly threads: number
  /** `refuse` makes a program fail to load when some of its nodes would run on the CPU beside a GPU. */
  readonly cpuNodes: 'allow' | 'refuse'
  /** Folder or files of onnxruntime-web's WebAssembly. */
  readonly wasmPaths?: WasmPaths
}

/** A folder's URL, or the URLs of the two files of the build that the device needs. */
export type WasmPaths = string | { readonly mjs?: string; readonly wasm?: string }

export type Request =
  /** The first one. The reply says which version answers. */
  | { readonly kind: 'start'; readonly settings: WorkerSettings }
  /** The last one: requests before it that have not begun are not carried out. */
  | { readonly kind: 'end' }
  | {
      readonly kind: 'load'
      readonly program: number
      readonly bytes: Uint8Array
      readonly profile: string | undefined
      /** Whether ONNX Runtime keeps the memory of the values between runs in an arena of its own. */
      readonly arena: boolean
    }
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

export interface Message {
  readonly id: number
  readonly request: Request
}

export interface Answer {
  /** The values asked for, in order. */
  readonly values?: readonly HostArray[]
  readonly version?: string
  readonly placement?: Placement
}

export interface Reply extends Answer {
  readonly id: number
  readonly error?: string
}
