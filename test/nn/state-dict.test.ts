/** Registration of parameters, and state dicts in and out. */
import { describe, expect, it } from 'vitest'
import { readSafetensors, type StoredTensor, writeSafetensors } from '../../src/formats/index.ts'
import { BatchNorm, initialValues, Linear, layoutOf, loadStateDict, Module, parameter, stateDict, zerosInit } from '../../src/nn/index.ts'
import { createReferenceBackend } from '../../src/runtime/index.ts'
import { add, mean, mul, square, type Tensor } from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/index.ts'

class Model extends Module {
  readonly scale = parameter([3], zerosInit)
  readonly count = parameter([1], zerosInit, 'buffer')
  readonly layers = [new Linear(3, 2), new Linear(2, 3, { bias: false })]
  readonly norm = new BatchNorm(3)
  readonly tied = this.layers[0]!
  readonly notes = 'no parameter'

  forward(x: Tensor): Tensor {
    return mul(this.norm.forward(this.layers[1]!.forward(this.tied.forward(x))), add(this.scale, this.count))
  }
}

const names = [
  ['scale', [3]],
  ['layers.0.weight', [2, 3]],
  ['layers.0.bias', [2]],
  ['layers.1.weight', [3, 2]],
  ['norm.weight', [3]],
  ['norm.bias', [3]],
  ['count', [1]],
  ['norm.running_mean', [3]],
  ['norm.running_var', [3]],
] as const

const fresh = () => stateDict(new Model(), initialValues(new Model(), 1))

function changed(change: (state: Map<string, StoredTensor>) => void, options?: Parameters<typeof loadStateDict>[2]) {
  const state = fresh()
  change(state)
  return () => loadStateDict(new Model(), state, options)
}

describe('5.2 modules and state dicts', () => {
  it('5.2 parameters are registered by being fields: parameters, then buffers, tied ones once, by PyTorch’s names', () => {
    const { parameters, buffers, parameterCount, bufferCount } = layoutOf(new Model())
    expect([...parameters, ...buffers].map(({ name, parameter: { shape } }) => [name, shape])).toEqual(names)
    expect([parameterCount, bufferCount]).toEqual([3 + 6 + 2 + 6 + 3 + 3, 1 + 3 + 3])
    expect([...fresh()].map(([name, { shape }]) => [name, shape])).toEqual(names)
  })

  it('5.2 a state dict goes through a file and back, bit for bit, whatever the order of its names', () => {
    const state = fresh()
    const { tensors } = readSafetensors(writeSafetensors({ tensors: new Map([...state].reverse()), metadata: {} }))
    const values = loadStateDict(new Model(), tensors)
    expect(values).toEqual(initialValues(new Model(), 1))
    expect([...values.keys()]).toEqual(names.map(([name]) => name))
  })

  it('5.2 everything that is missing, unexpected or of another shape is told at once', () => {
    const load = changed((state) => {
      state.delete('scale')
      state.delete('norm.running_var')
      state.set('layers.0.weight', { shape: [3, 2], data: new Float32Array(6) })
      state.set('norm.bias', { shape: [4], data: new Float32Array(4) })
      state.set('head.weight', { shape: [1], data: new Float32Array(1) })
      state.set('head.bias', { shape: [1], data: new Float32Array(1) })
    })
    expect(load).toThrow(
      new RangeError(
        'loadStateDict: "scale" is missing, the model needs (3); ' +
          '"layers.0.weight" has the shape (3, 2), the model needs (2, 3); ' +
          '"norm.bias" has the shape (4), the model needs (3); ' +
          '"norm.running_var" is missing, the model needs (3); ' +
          'the model has no "head.weight"; the model has no "head.bias"',
      ),
    )
  })

  it('5.2 names what a wrapper put before all names', () => {
    const wrapped = new Map([...fresh()].map(([name, entry]) => [`module.${name}`, entry]))
    expect(() => loadStateDict(new Model(), wrapped)).toThrow(/the names fit without the "module." that they begin with$/)
  })

  it('5.2 takes part of a state on request: the rest from a base, unexpected ones left out, wrong shapes never', () => {
    const base = initialValues(new Model(), 2)
    const values = changed(
      (state) => {
        state.delete('scale')
        state.set('head.weight', { shape: [1], data: new Float32Array(1) })
      },
      { base, ignoreUnexpected: true },
    )()
    expect(values.get('scale')).toBe(base.get('scale'))
    expect(values.get('layers.0.weight')).toEqual(initialValues(new Model(), 1).get('layers.0.weight'))
    expect(values.has('head.weight')).toBe(false)
    const wrong = changed((state) => state.set('scale', { shape: [1], data: new Float32Array(1) }), { base, ignoreUnexpected: true })
    expect(wrong).toThrow(/"scale" has the shape \(1\), the model needs \(3\)/)
  })

  it('5.2 leaves out the counts of PyTorch’s batch norms', () => {
    const values = changed((state) => state.set('norm.num_batches_tracked', { shape: [], data: Float32Array.of(7) }))()
    expect(values).toEqual(initialValues(new Model(), 1))
  })

  it('5.2 leaves out what modules compute themselves, if it says the same, below whatever they are in', () => {
    class Sinusoid extends Module {
      forward(x: Tensor): Tensor {
        return x
      }
      override computed() {
        return { freqs: () => ({ shape: [2], data: Float32Array.of(1, 0.01) }) }
      }
    }
    class Outer extends Module {
      readonly scale = parameter([1], zerosInit)
      readonly positions = [new Sinusoid()]
      forward(x: Tensor): Tensor {
        return x
      }
    }
    const load = (freqs: StoredTensor, prefix = '') =>
      loadStateDict(
        new Outer(),
        new Map([
          [`${prefix}scale`, { shape: [1], data: Float32Array.of(5) }],
          [`${prefix}positions.0.freqs`, freqs],
        ]),
      )
    // PyTorch's sinusoids are wrong by 2e-4 at the end.
    expect(load({ shape: [2], data: Float32Array.of(1, 0.0102) })).toEqual(new Map([['scale', Float32Array.of(5)]]))
    const other = '"positions.0.freqs" has 0.125 at 1, the model computes 0.009999999776482582; it was made with other settings'
    expect(() => load({ shape: [2], data: Float32Array.of(1, 0.125) })).toThrow(other)
    expect(() => load({ shape: [3], data: new Float32Array(3) })).toThrow('"positions.0.freqs" has the shape (3), the model computes (2)')
    expect(() => load({ shape: [2], data: Float32Array.of(1, 0.01) }, 'module.')).toThrow('fit without the "module."')
    expect([...stateDict(new Outer(), initialValues(new Outer(), 1)).keys()]).toEqual(['scale'])
  })

  it('5.2 refuses values that are missing or of another size on the way out', () => {
    const values = initialValues(new Model(), 1)
    values.delete('count')
    values.set('scale', new Float32Array(2))
    expect(() => stateDict(new Model(), values)).toThrow(/^stateDict: "scale" has 2 values, the model needs \(3\); "count" is missing/)
  })

  it('5.2 training starts from a loaded state, and refuses values that do not fit', async () => {
    const backend = createReferenceBackend()
    const start = async (initial: ReadonlyMap<string, Float32Array>) => {
      const model = new Linear(2, 1)
      const task = { batch: { x: [2, 2] }, loss: ({ x }: { readonly x: Tensor }) => mean(square(model.forward(x))) }
      return createTrainer({ model, task, backend, seed: 1, initial })
    }
    const loaded = await start(new Map([['weight', Float32Array.of(3, 4)]]))
    const bias = initialValues(new Linear(2, 1), 1).get('bias')!
    expect((await loaded.snapshot()).get('weights')!.subarray(0, 3)).toEqual(Float32Array.of(3, 4, ...bias))
    await expect(start(new Map([['weight', new Float32Array(3)]]))).rejects.toThrow(/initial "weight" has 3 values, the model needs 2/)
    await expect(start(new Map([['colour', new Float32Array(3)]]))).rejects.toThrow(/initial "colour" is no parameter of the model/)
  })
})
