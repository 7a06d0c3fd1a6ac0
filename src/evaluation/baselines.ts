/** Estimates that nobody made: the mixture in place of every stem, and what ideal masks make of it. Between them scores get their meaning. */
import { createSampleQueue } from '../separation/sample-queue.ts'
import type { Material, MaterialBlock } from './material.ts'
import type { Signal } from './metrics.ts'
import { createOracle } from './oracle.ts'

export const baselines = ['mixture', 'ratio-mask', 'binary-mask'] as const
export type Baseline = (typeof baselines)[number]

/** Blocks of material with the mixture, where there is one of its own; otherwise it is the sum of the references. */
export interface MixedBlock extends MaterialBlock {
  readonly mixture?: Signal | undefined
}

export interface MixedMaterial extends Material {
  blocks(): AsyncIterable<MixedBlock>
}

/** How many estimates each baseline adds. */
export function baselineEstimates(baseline: Baseline, references: number): number {
  return baseline === 'mixture' ? 1 : references
}

/** The material with the estimates of the baselines after its own, in the order of the list. */
export function withBaselines(material: MixedMaterial, wanted: readonly Baseline[]): Material {
  if (wanted.length === 0) return material
  const { references, estimates } = material
  const added = wanted.reduce((sum, baseline) => sum + baselineEstimates(baseline, references), 0)
  return { ...material, estimates: estimates + added, blocks: () => extend(material, wanted) }
}

async function* extend(material: MixedMaterial, wanted: readonly Baseline[]): AsyncGenerator<MaterialBlock> {
  const { references, estimates, channels } = material
  const oracles = wanted.flatMap((baseline) =>
    baseline === 'mixture' ? [] : [createOracle(references, channels, baseline === 'ratio-mask' ? 'ratio' : 'binary')],
  )
  // Ideal masks are ready later than their input: until then the rest waits.
  const waiting = createSampleQueue((references + estimates + 1) * channels)
  const release = (masked: readonly Float32Array[][][]): MaterialBlock => {
    const from = waiting.start
    const to = masked.length > 0 ? from + masked[0]![0]![0]!.length : waiting.end
    const rows = waiting.read(from, to)
    waiting.drop(to)
    const signals = Array.from({ length: references + estimates + 1 }, (_, i) => rows.slice(i * channels, (i + 1) * channels))
    let oracle = 0
    const more = wanted.flatMap((baseline): readonly Signal[] => (baseline === 'mixture' ? [signals.at(-1)!] : masked[oracle++]!))
    return { references: signals.slice(0, references), estimates: [...signals.slice(references, references + estimates), ...more] }
  }
  for await (const block of material.blocks()) {
    const mixture = block.mixture ?? sumOf(block.references)
    waiting.push([...block.references, ...block.estimates, mixture].flat())
    yield release(oracles.map((oracle) => oracle.push(block.references, mixture)))
  }
  if (oracles.length > 0) yield release(oracles.map((oracle) => oracle.flush()))
}

function sumOf(signals: readonly Signal[]): Float64Array[] {
  return signals[0]!.map((first, c) => {
    const sum = Float64Array.from(first)
    for (const signal of signals.slice(1)) {
      const samples = signal[c]!
      for (let i = 0; i < sum.length; i++) sum[i]! += samples[i]!
    }
    return sum
  })
}
