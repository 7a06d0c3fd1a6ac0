/** A song in a page, where nothing can be opened a second time, through a network that wants facts of the whole song. */
import { describe, expect, it } from 'vitest'
import type { AudioStream } from '../../src/audio/types.ts'
import { createSeparator } from '../../src/models/create-separator.ts'
import { frameTransformerConfig } from '../../src/models/frame-transformer/config.ts'
import { FrameTransformerSeparation } from '../../src/models/frame-transformer/separation.ts'
import { initialValues } from '../../src/nn/index.ts'
import { createOnnxRuntimeWebBackend } from '../../src/runtime/browser.ts'
import { separate } from '../../src/separation/separate.ts'
import { createRandom } from '../../src/tensor/index.ts'

describe('separate in a page', () => {
  it.each(['complex', 'mask'] as const)('4.20 gives stems of a live source, sample for sample as long: %s', async (estimate) => {
    const sizes = { width: 2, multipliers: [1, 2], heads: 2, expansion: 3, bridgeLayers: 1, bridgeExpansion: 1, embeddingDepth: 1 }
    const format = { sampleRate: 1000, channels: 1, nFft: 32, hopLength: 16 }
    const network = new FrameTransformerSeparation(
      frameTransformerConfig.parse({ architecture: 'frame-transformer', estimate, ...format, ...sizes }),
    )
    const backend = await createOnnxRuntimeWebBackend({ device: 'wasm', threads: 1 })
    const separator = await createSeparator({ name: 'live', network, values: initialValues(network, 1), backend, seconds: 2.4 })
    const random = createRandom(1)
    const song = [0, 1].map(() => Float32Array.from({ length: 5000 }, (_, n) => (n / 5000) * random.uniform(-0.5, 0.5)))
    const live: AudioStream = {
      info: { sampleRate: 1000, channels: 2, frames: undefined, format: 'live', sampleFormat: undefined },
      blocks: (async function* () {
        for (let at = 0; at < 5000; at += 128) yield song.map((channel) => channel.subarray(at, at + 128))
      })(),
      close: async () => {},
    }
    let at = 0
    for await (const { mixture, stems } of separate(live, { separator })) {
      const length = mixture[0]!.length
      for (const c of [0, 1]) {
        const parts = [stems.vocals![c]!, stems.instrumental![c]!]
        expect(parts.flatMap((part) => Array.from(part)).every(Number.isFinite)).toBe(true)
        // The instrumental is a difference of single precision.
        for (let i = 0; i < length; i++) expect(Math.abs(parts[0]![i]! + parts[1]![i]! - song[c]![at + i]!)).toBeLessThan(1e-6)
      }
      at += length
    }
    expect(at).toBe(5000)
    await separator.dispose()
  })
})
