/**
 * Live work: a program that is run once per step or block, and carries its state from run to run. What reads the future cannot work so, and
 * is refused.
 */
import type { Weights } from '../formats/index.ts'
import type { Backend, HostArray } from '../runtime/backend.ts'
import { compile, type Specs } from '../runtime/compile.ts'
import { formatShape, type Shape, ShapeError, sizeOf, type Tensor } from '../tensor/index.ts'
import { layoutOf, type Module, modulesOf } from './module.ts'

type Named<Name extends string, T> = Readonly<Record<Name, T>>

export interface LiveStep<Output extends string, State extends string> {
  readonly outputs: Named<Output, Tensor>
  /** After the step, of the shapes that they had before. */
  readonly state: Named<State, Tensor>
}

export interface LiveOptions<Inputs extends Specs, State extends string> {
  /** Shapes (float32) or specs of what each run is given. */
  readonly inputs: Inputs
  /** Shapes of what is carried from run to run, zeros at the start. */
  readonly state: Named<State, Shape>
  readonly backend: Backend
  /** Values of parameters by name. */
  readonly constants?: Weights
}

export interface Live<Inputs extends string, Output extends string> {
  /** One step: outputs from inputs and what is carried. One run at a time: each waits for the one before. */
  run(inputs: Named<Inputs, HostArray>): Promise<Record<Output, HostArray>>
  /** Back to the start. */
  reset(): void
  dispose(): Promise<void>
}

/**
 * Refuses a model that reads later steps than that which it gives.
 *
 * @throws RangeError that names the modules which do
 *
 * @example
 * checkCausal(new LSTM(4, 8), 'live') // undefined
 */
export function checkCausal(model: Module, who: string): void {
  if (model.isCausal) return
  const readers = [...modulesOf(model)].flatMap(([module, path]) => (leads(module) ? [`${path || 'the model'} (${module.type})`] : []))
  throw new RangeError(
    `${who}: the model is not causal, it reads steps that have not come yet: ${readers.join(', ')}; ` +
      'give it layers of one direction, causal masks and padding on the left',
  )
}

/** Whether a module that has no such module in it reads the future. */
function leads(module: Module): boolean {
  const inner = [...modulesOf(module).keys()].filter((other) => other !== module)
  return reaches(module) && !inner.some(reaches)
}

/** False also where a part does not say: what asks for it then is what is around it. */
function reaches(module: Module): boolean {
  try {
    return !module.isCausal
  } catch {
    return false
  }
}

/**
 * Compiles one step of a causal model and carries its state.
 *
 * @param step traces one step from inputs and state
 * @throws RangeError for a model that is not causal
 *
 * @example
 * const model = new LSTM(1, 2)
 * const live = await createLive(
 *   model,
 *   ({ x }, { h, c }) => {
 *     const { outputs, ...state } = model.forward(x, { h0: h, c0: c })
 *     return { outputs: { y: outputs }, state }
 *   },
 *   { inputs: { x: [1, 1, 1] }, state: { h: [1, 1, 2], c: [1, 1, 2] }, backend: createReferenceBackend(), constants: initialValues(model, 1) },
 * )
 * const first = await live.run({ x: Float32Array.of(1) })
 * const second = await live.run({ x: Float32Array.of(1) })
 * live.reset()
 * const again = await live.run({ x: Float32Array.of(1) })
 * String(first.y) === String(second.y) // false
 * String(first.y) === String(again.y) // true
 * await live.dispose()
 */
export async function createLive<const Inputs extends Specs, Output extends string, State extends string>(
  model: Module,
  step: (inputs: Named<string & keyof Inputs, Tensor>, state: Named<State, Tensor>) => LiveStep<Output, State>,
  { inputs, state, backend, constants }: LiveOptions<Inputs, State>,
): Promise<Live<string & keyof Inputs, Output>> {
  checkCausal(model, 'createLive')
  layoutOf(model)
  const names = Object.keys(state) as State[]
  const before = Object.fromEntries(names.map((name) => [`state/${name}`, state[name]]))
  const program = await compile(
    (given) => {
      const carried = Object.fromEntries(names.map((name) => [name, given[`state/${name}`]!])) as Record<State, Tensor>
      const { outputs, state: after } = step(given as Named<string & keyof Inputs, Tensor>, carried)
      for (const name of names) checkState(name, carried[name], after[name])
      return { ...outputs, ...Object.fromEntries(names.map((name) => [`next/${name}`, after[name]])) }
    },
    { ...inputs, ...before } as Specs,
    { backend, ...(constants && { constants }) },
  )
  const zeros = (): Record<string, HostArray> =>
    Object.fromEntries(names.map((name) => [`state/${name}`, new Float32Array(sizeOf(state[name]))]))
  let carried = zeros()
  // What was asked for earlier is done earlier: a run needs the state that the one before leaves.
  let turn: Promise<unknown> = Promise.resolve()
  return {
    run: (given) => {
      const result = turn.then(async () => {
        const results = await program.run({ ...(given as Record<string, HostArray>), ...carried })
        carried = Object.fromEntries(names.map((name) => [`state/${name}`, results[`next/${name}`]!]))
        return Object.fromEntries(Object.entries(results).filter(([name]) => !name.startsWith('next/'))) as Record<Output, HostArray>
      })
      turn = result.catch(() => undefined)
      return result
    },
    reset: () => {
      turn = turn.then(() => {
        carried = zeros()
      })
    },
    dispose: async () => {
      await turn
      await program.dispose()
    },
  }
}

function checkState(name: string, before: Tensor, after: Tensor | undefined): void {
  if (after && sameSpec(before, after)) return
  const given = after ? `${after.dtype} ${formatShape(after.shape)}` : 'nothing'
  throw new ShapeError('createLive', `state ${name} ${formatShape(before.shape)} becomes ${given}; shapes and dtypes must stay`)
}

function sameSpec(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && a.shape.join() === b.shape.join()
}
