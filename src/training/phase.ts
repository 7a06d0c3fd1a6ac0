/**
 * A phase of an update: a loss of a batch, differentiated with respect to the weights of one group; those of other groups are constants, through
 * which gradients flow (an adversarial loss reaches the generator through its discriminator). One program per shape of batches.
 */
import { traceTraining } from '../nn/index.ts'
import { type Backend, type HostArray, type Specs, specialize } from '../runtime/browser.ts'
import { grad, randomWords, type Tensor } from '../tensor/index.ts'
import type { Group } from './group.ts'

export interface PhaseOptions {
  readonly backend: Backend
  /** Of a batch, a scalar. */
  readonly loss: (batch: Readonly<Record<string, Tensor>>) => Tensor
  readonly trained: Group
  /** What the loss may ask besides. */
  readonly others: readonly Group[]
  /** First words of the keys of what layers draw. */
  readonly key: (index: number) => readonly number[]
}

/** The loss of a batch, and those of its terms that were named (`reportTerm`). */
export interface Losses {
  readonly loss: number
  readonly terms: Readonly<Record<string, number>>
}

export interface Phase {
  /** Traces and loads for batches of these specs. */
  prepare(specs: Specs): Promise<void>
  /** Gradients of a batch's loss, added to the group's. */
  run(batch: Readonly<Record<string, HostArray>>, specs: Specs, index: number): Promise<Losses>
  dispose(): Promise<void>
}

const termPrefix = 'term/'

const withKey = (specs: Specs): Specs => ({ ...specs, 'training/key': { shape: [2], dtype: 'int32' } })

export function createPhase({ backend, loss, trained, others, key }: PhaseOptions): Phase {
  const { parameters, buffers } = trained.layout
  const gradients = specialize<string>(
    ({ 'training/key': words, ...batch }) => {
      for (const group of [trained, ...others]) group.nameInputs()
      const { result, updates, terms } = traceTraining(() => loss(batch), { key: words! })
      const derivatives = grad(
        result,
        parameters.map(({ parameter }) => parameter),
      )
      return {
        loss: result,
        ...Object.fromEntries([...terms].map(([name, term]) => [`${termPrefix}${name}`, term])),
        ...Object.fromEntries(parameters.map(({ name }, i) => [`gradient/${name}`, derivatives[i]!])),
        ...Object.fromEntries(buffers.map(({ name, parameter }) => [`next/${name}`, updates.get(parameter) ?? parameter])),
      }
    },
    { backend },
  )
  return {
    prepare: (specs) => gradients.prepare(withKey(specs)),
    run: async (batch, specs, index) => {
      const feeds = {
        ...batch,
        ...Object.assign({}, ...others.map((group) => group.inputs())),
        ...trained.inputsOfPart(),
        'training/key': randomWords(...key(index)),
      }
      const into = await trained.outputsOfPart()
      const outputs = await gradients.run(withKey(specs), feeds, { into })
      await trained.addPart()
      const terms = Object.entries(outputs).filter(([name]) => name.startsWith(termPrefix))
      return {
        loss: Number(outputs.loss![0]),
        terms: Object.fromEntries(terms.map(([name, value]) => [name.slice(termPrefix.length), Number(value[0])])),
      }
    },
    dispose: () => gradients.dispose(),
  }
}
