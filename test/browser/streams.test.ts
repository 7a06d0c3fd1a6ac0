/** Web Streams in a page: blocks are piped through a network in a Web Worker, no faster than they are read, and the reader can end it. */
import { describe, expect, it } from 'vitest'
import type { AudioBlock } from '../../src/audio/types.ts'
import { createSeparator } from '../../src/models/create-separator.ts'
import { maskInferenceConfig } from '../../src/models/mask-inference/config.ts'
import { MaskInference } from '../../src/models/mask-inference/network.ts'
import { initialValues } from '../../src/nn/index.ts'
import { createOnnxRuntimeWebBackend } from '../../src/runtime/browser.ts'
import { separateThrough } from '../../src/separation/web-streams.ts'
import { createRandom } from '../../src/tensor/index.ts'

const frames = 20_000

async function openStreams() {
  const network = new MaskInference(
    maskInferenceConfig.parse({ architecture: 'mask-inference', sampleRate: 1000, nFft: 32, hopLength: 16, hidden: 3, layers: 1 }),
  )
  const backend = await createOnnxRuntimeWebBackend({ device: 'wasm', threads: 1 })
  const separator = await createSeparator({ name: 'piped', network, values: initialValues(network, 1), backend, seconds: 2.4 })
  const random = createRandom(1)
  const song = [0, 1].map(() => Float32Array.from({ length: frames }, () => random.uniform(-0.5, 0.5)))
  const seen = { taken: 0, cancelled: false }
  const sound = new ReadableStream<AudioBlock>(
    {
      pull: (controller) => {
        if (seen.taken === frames) return controller.close()
        controller.enqueue(song.map((channel) => channel.subarray(seen.taken, seen.taken + 100)))
        seen.taken += 100
      },
      cancel: () => {
        seen.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { song, seen, separator, stems: sound.pipeThrough(separateThrough({ sampleRate: 1000, channels: 2 }, { separator })) }
}

describe('streams in a page', () => {
  it('give stems that are as long as the song and sum to it', async () => {
    const { song, separator, stems } = await openStreams()
    const reader = stems.getReader()
    let at = 0
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      for (const [c, samples] of value.mixture.entries()) {
        // The instrumental is a difference of single precision.
        for (const [i, sample] of value.stems.vocals![c]!.entries())
          expect(Math.abs(sample + value.stems.instrumental![c]![i]! - song[c]![at + i]!)).toBeLessThan(1e-6)
        expect(samples.length).toBe(value.mixture[0]!.length)
      }
      at += value.mixture[0]!.length
    }
    expect(at).toBe(frames)
    await separator.dispose()
  })

  it('are read no further ahead than two windows and the blocks in the pipe, and cancelled from the end', async () => {
    const { seen, separator, stems } = await openStreams()
    const reader = stems.getReader()
    await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(seen.taken).toBeLessThanOrEqual(2 * separator.windowLength + 300)
    await reader.cancel()
    while (!seen.cancelled) await new Promise((resolve) => setTimeout(resolve, 1))
    await separator.dispose()
  })
})
