/** What the tests of FrameTransformer's blocks share: values by formula for all parameters, a run on the float64 reference. */
import { expect } from 'vitest'
import { layoutOf, type Module } from '../../../src/nn/index.ts'
import type { Tensor } from '../../../src/tensor/index.ts'
import { filledValues, run, worst } from '../../nn/run.ts'

type Values = Record<string, Float64Array>

/** Values of all parameters, small ones so that what is squared stays small, with some of them changed. */
export function valuesOf(module: Module, change: (values: Values) => void = () => {}): Values {
  const values: Values = filledValues(module)
  for (const name of Object.keys(values)) values[name] = values[name]!.map((value) => 0.3 * value)
  change(values)
  return values
}

/** Sets all parameters whose name matches. */
export function set(values: Values, which: RegExp, value: (i: number) => number): void {
  const names = Object.keys(values).filter((name) => which.test(name))
  if (names.length === 0) throw new Error(`no parameter matches ${which}; there are ${Object.keys(values).join(', ')}`)
  for (const name of names) values[name] = values[name]!.map((_, i) => value(i))
}

/** The outputs of a module on the reference. */
export async function outputs<K extends string>(
  module: Module,
  trace: () => Readonly<Record<K, Tensor>>,
  change?: (values: Values) => void,
): Promise<Record<K, number[]>> {
  layoutOf(module)
  return run(trace(), valuesOf(module, change))
}

/** Float64 on both sides, of sums in another order. */
export const rounding = 1e-11

/** That both are equal, on the reference. */
export async function expectEqual(actual: Tensor, expected: Tensor, values = {}): Promise<void> {
  expect(actual.shape).toEqual(expected.shape)
  const { a, b } = await run({ a: actual, b: expected }, values)
  expect(worst(a, b)).toBeLessThan(rounding)
}

/** The numbers of a constant. */
export async function data(x: Tensor): Promise<Float64Array> {
  return Float64Array.from((await run({ x })).x)
}
