/**
 * Running statistics under given weights, as plain means over batches: those of the loop belong to the weights before averaging and to the last few
 * batches (Izmailov et al. 2018, arXiv 1803.05407, 3.2).
 */
import { traceTraining } from '../nn/index.ts'
import { type Backend, type DeviceArray, type HostArray, type Specs, specialize } from '../runtime/browser.ts'
import { randomWords, type Tensor } from '../tensor/index.ts'
import { type Group, views } from './group.ts'

export interface StatisticsOptions {
  readonly backend: Backend
  readonly loss: (batch: Readonly<Record<string, Tensor>>) => Tensor
  readonly trained: Group
  readonly others: readonly Group[]
  /** The weights that the statistics are to belong to. */
  readonly weights: DeviceArray
  readonly seed: number
}

interface StatisticsBatch {
  readonly batch: Readonly<Record<string, HostArray>>
  readonly specs: Specs
}

/** The buffers, flat; what training leaves alone, a frozen table, as it was before. */
export async function runningMeans(
  { backend, loss, trained, others, weights, seed }: StatisticsOptions,
  batches: AsyncIterable<StatisticsBatch>,
): Promise<Float32Array> {
  const { layout } = trained
  const statistics = specialize<string>(
    ({ 'statistics/momentum': momentum, 'training/key': key, ...batch }) => {
      for (const group of [trained, ...others]) group.nameInputs()
      const { updates } = traceTraining(() => loss(batch), { momentum: momentum!, key: key! })
      return Object.fromEntries(layout.buffers.map(({ name, parameter }) => [`next/${name}`, updates.get(parameter) ?? parameter]))
    },
    { backend },
  )
  let [now, next] = [await backend.allocate(layout.bufferCount), await backend.allocate(layout.bufferCount)]
  await now.write((await trained.buffers.read()).subarray(0, layout.bufferCount))
  let count = 0
  for await (const { batch, specs } of batches) {
    const feeds = {
      ...batch,
      ...Object.assign({}, ...others.map((group) => group.inputs())),
      ...views(layout.parameters, weights),
      ...views(layout.buffers, now),
      'training/key': randomWords(seed, count),
      'statistics/momentum': Float32Array.of(1 / ++count),
    }
    const all: Specs = { ...specs, 'statistics/momentum': [], 'training/key': { shape: [2], dtype: 'int32' } }
    await statistics.run(all, feeds, { into: views(layout.buffers, next, 'next/') })
    ;[now, next] = [next, now]
  }
  if (count === 0) throw new RangeError('averaged: needs at least one batch to take running statistics from')
  const means = await now.read()
  for (const array of [now, next]) await array.free()
  await statistics.dispose()
  return means
}
