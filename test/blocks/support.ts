/** The table of building blocks: what each row of it says, and how its numbers are made. Imports nothing of Node. */
import { Apply, initialValues, layoutOf, type Module, pointwiseReach, traceTraining } from '../../src/nn/index.ts'
import type { HostArray } from '../../src/runtime/browser.ts'
import { createRandom, input, type Shape, sizeOf, type Tensor, type TensorSpec } from '../../src/tensor/index.ts'

/** One call of a block: shapes in, shapes out. */
export interface BlockCase {
  /** Shapes (float32) or specs of what `call` gets. */
  readonly inputs: readonly (Shape | TensorSpec)[]
  readonly outputs: readonly Shape[]
}

export interface Block {
  /** Its numbers in the specification of building blocks, `['0.21', '3.8']`. */
  readonly ids: readonly string[]
  /** The exported name of what computes it. */
  readonly name: string
  /** A fresh one; functions are made modules by `of`. */
  readonly create: () => Module
  /** How to call it, where not by `forward` of all inputs; gives the tensors that are compared. */
  readonly call?: (module: Module, inputs: readonly Tensor[]) => readonly Tensor[]
  /** Batch 1 and length 1 are among them, where the block has a batch and a length. The first is the one whose gradients are checked. */
  readonly cases: readonly [BlockCase, ...BlockCase[]]
  /** Range of drawn float inputs, -1 to 1 by default; integers are drawn from 0 to `below`, 2 by default. */
  readonly range?: readonly [number, number]
  readonly below?: number
  /** False where it has no gradient: integers, choices. */
  readonly differentiable?: false
  /** What training changes: 'random' draws numbers, 'statistics' uses those of the batch, 'both'. */
  readonly training?: 'random' | 'statistics' | 'both'
  /** Largest difference to float64 of float32 backends where 1e-5 (1e-3 on WebGPU) is not enough, with the reason. */
  readonly tolerance?: { readonly value: number; readonly reason: string }
}

/** A function of one tensor as a block. */
export function of(f: (x: Tensor) => Tensor): () => Module {
  return () => new Apply(f, pointwiseReach)
}

/** Functions of several tensors: the module is nothing, `call` is all. */
export function calling(f: (...inputs: Tensor[]) => Tensor | readonly Tensor[]): Pick<Block, 'create' | 'call'> {
  return {
    create: () => new Apply((x) => x, pointwiseReach),
    call: (_, inputs) => {
      const result = f(...inputs)
      return Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor]
    },
  }
}

function tensorsIn(result: unknown): Tensor[] {
  if (typeof result !== 'object' || result === null) return []
  return 'node' in result ? [result as Tensor] : Object.values(result).flatMap(tensorsIn)
}

export interface TracedBlock {
  readonly module: Module
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  /** Values of inputs and parameters by name, all that a run needs. */
  readonly feeds: Record<string, HostArray>
}

/** Traces one call of a block, with drawn inputs and its initial parameters. */
export function traceBlock(block: Block, { inputs: specs }: BlockCase, seed = 1, training = false): TracedBlock {
  const module = block.create()
  layoutOf(module)
  const inputs = specs.map((spec, i) => ('dtype' in spec ? input(`x${i}`, spec.shape, spec.dtype) : input(`x${i}`, spec)))
  const call = () => (block.call ? block.call(module, inputs) : tensorsIn((module.forward as (...xs: Tensor[]) => unknown)(...inputs)))
  const outputs = training ? traceTraining(call, { key: input('key', [2], 'int32') }).result : call()
  const feeds: Record<string, HostArray> = {}
  for (const [i, x] of inputs.entries()) feeds[`x${i}`] = drawn(x, seed + i, block)
  for (const [name, values] of initialValues(module, seed)) feeds[name] = values
  return { module, inputs, outputs, feeds }
}

function drawn({ shape, dtype }: Tensor, seed: number, { range: [low, high] = [-1, 1], below = 2 }: Block): HostArray {
  const random = createRandom(seed)
  const values = Array.from({ length: sizeOf(shape) }, () => random.uniform(low, high))
  const whole = () => values.map((value) => Math.min(below - 1, Math.floor(((value - low) / (high - low)) * below)))
  if (dtype === 'int64') return BigInt64Array.from(whole(), BigInt)
  if (dtype === 'int32') return Int32Array.from(whole())
  if (dtype === 'bool') return Uint8Array.from(whole(), (value) => value % 2)
  return Float32Array.from(values)
}

export const titleOf = ({ ids, name }: Block) => `${ids.join(', ')} ${name}`
