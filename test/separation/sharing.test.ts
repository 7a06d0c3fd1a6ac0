/** Songs that share a separator, and songs that are given up: windows in turn, an end that waits for no window, nothing left behind. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  createNetwork,
  createSeparator,
  loadSeparator,
  type SeparationNetwork,
  type Separator,
  separationConfig,
} from '../../src/models/index.ts'
import { createTurns } from '../../src/models/turns.ts'
import { initialValues } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend, type Program } from '../../src/runtime/index.ts'
import { type SeparatedBlock, separate } from '../../src/separation/index.ts'
import { identity, noise, separatorOf, sourceOf } from './fakes.ts'

/** @param onRun told when a run of the program begins and when it ends */
async function separatorFor(
  config: Parameters<typeof separationConfig.parse>[0],
  seconds: number,
  onRun: (what: 'run begins' | 'run ends') => void = () => {},
): Promise<Separator> {
  const network = createNetwork(separationConfig.parse(config)) as SeparationNetwork
  const inner = await createOnnxRuntimeBackend({ threads: 1 })
  const load: Backend['load'] = async (outputs, constants) => {
    const program = await inner.load(outputs, constants)
    const run: Program['run'] = (feeds, options) => {
      onRun('run begins')
      return program.run(feeds, options).finally(() => onRun('run ends'))
    }
    return { ...program, run }
  }
  return createSeparator({ name: 'test', network, values: initialValues(network, 1), backend: { ...inner, load }, seconds })
}

const convTasNet = { architecture: 'conv-tasnet', sampleRate: 1000, filters: 8, bottleneck: 4, hidden: 8, skip: 4, blocks: 2, repeats: 1 }

async function firstOf(blocks: AsyncIterable<SeparatedBlock>): Promise<number[]> {
  const samples: number[] = []
  for await (const { stems } of blocks) samples.push(...Object.values(stems)[0]![0]!)
  return samples
}

describe('turns', () => {
  it('come in the order of asking, one at a time, whoever fails', async () => {
    const turns = createTurns()
    const seen: string[] = []
    const work = (name: string) => async () => {
      seen.push(`${name} begins`)
      await new Promise((resolve) => setTimeout(resolve, 1))
      seen.push(`${name} ends`)
      if (name === 'b') throw new Error('b fails')
      return name
    }
    const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => turns(work(name))))
    expect(seen).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('never begin what was given up while it waited, and reject what was given up while it ran before it is through', async () => {
    const turns = createTurns()
    const seen: string[] = []
    let finish = (): void => {}
    const first = new AbortController()
    const second = new AbortController()
    const running = turns(async () => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      seen.push('first is through')
    }, first.signal).catch((reason) => seen.push(reason))
    const waiting = turns(async () => seen.push('second ran'), second.signal).catch((reason) => seen.push(reason))
    const third = turns(async () => seen.push('third ran'))
    await Promise.resolve()
    second.abort('second gave up')
    await waiting
    first.abort('first gave up')
    await running
    expect(seen).toEqual(['second gave up', 'first gave up'])
    finish()
    await third
    expect(seen.slice(2)).toEqual(['first is through', 'third ran'])
  })
})

describe('songs at once', () => {
  it('give what they give one after the other, to the bit, with one separator and with two', async () => {
    const songs = [noise(2, 30_000, { seed: 1 }), noise(1, 21_000, { seed: 2 }), noise(2, 5000, { seed: 3 })]
    const [one, other] = await Promise.all([separatorFor(convTasNet, 5), separatorFor(convTasNet, 5)])
    const run = (song: Float32Array[], separator: Separator) => firstOf(separate(sourceOf(song, { sampleRate: 1000 }), { separator }))
    const alone: number[][] = []
    for (const song of songs) alone.push(await run(song, one))
    expect(await Promise.all(songs.map((song) => run(song, one)))).toEqual(alone)
    expect(await Promise.all(songs.map((song, i) => run(song, i === 0 ? one : other)))).toEqual(alone)
    await Promise.all([one.dispose(), other.dispose()])
  })

  it('take turns window by window', async () => {
    const turns = createTurns()
    const order: number[] = []
    const inner = separatorOf(async (window) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return identity(window)
    })
    const sharing = (song: number): Separator => ({
      ...inner,
      predict: (window, options) =>
        turns(() => {
          order.push(song)
          return inner.predict(window, options)
        }),
    })
    await Promise.all([1, 2].map((song) => firstOf(separate(sourceOf(noise(2, 5000)), { separator: sharing(song) }))))
    const pairs = order.slice(0, -1).map((song, i) => song !== order[i + 1])
    expect(order.length).toBe(30)
    expect(pairs.every(Boolean)).toBe(true)
  })

  it('are not held up by one whose consumer is slow', async () => {
    const separator = await separatorFor(convTasNet, 5)
    const source = sourceOf(noise(2, 100_000), { sampleRate: 1000, blockLength: 100 })
    const slow = separate(source, { separator })
    await slow.next()
    const other = await firstOf(separate(sourceOf(noise(2, 30_000), { sampleRate: 1000 }), { separator }))
    expect(other.length).toBe(30_000)
    // Three windows, those of the block that was given, of the run after it, and of the one that is read ahead.
    expect(source.given).toBeLessThanOrEqual(3 * separator.windowLength + 100)
    await slow.return()
    await separator.dispose()
  })
})

describe('a song given up inside a long window', () => {
  it.each(['abort', 'return'] as const)('ends at once by %s, not with the window; the separator then serves others', async (way) => {
    const events: string[] = []
    const running: (() => void)[] = []
    // Half a minute for a recurrent network: a second or more in one call of ONNX Runtime, which nothing can call back.
    const config = { architecture: 'open-unmix', sampleRate: 8000, channels: 1, nFft: 64, hopLength: 16, hidden: 64, layers: 3 }
    const separator = await separatorFor(config, 30, (what) => {
      events.push(what)
      if (what === 'run begins') running.shift()?.()
    })
    const begun = () => new Promise<void>((resolve) => running.push(resolve))
    const controller = new AbortController()
    const reason = new Error('the user thinks better of it')
    const source = sourceOf(noise(2, 8000 * 70, { seed: 4 }), { sampleRate: 8000, blockLength: 50_000 })
    const blocks = separate(source, { separator, signal: controller.signal })
    if (way === 'return') {
      const second = [begun(), begun()]
      await blocks.next()
      await Promise.all(second)
      events.length = 0
      await blocks.return()
    } else {
      const first = begun()
      const next = blocks.next()
      await first
      events.length = 0
      controller.abort(reason)
      await expect(next).rejects.toBe(reason)
    }
    events.push('song ends')
    expect(source.closed).toBe(true)
    const zeros = () => new Float32Array(separator.windowLength)
    await separator.predict([zeros(), zeros()])
    expect(events).toEqual(['song ends', 'run ends', 'run begins', 'run ends'])
    await separator.dispose()
  })
})

describe('fifty songs given up in a row', () => {
  const collect = (): void => {
    setFlagsFromString('--expose-gc')
    ;(runInNewContext('gc') as () => void)()
  }

  it('leave the memory as it was', async () => {
    const separator = await loadSeparator('vocals', { threads: 1, seconds: 3 })
    const song = noise(2, 44100 * 12)
    const giveUp = async (): Promise<void> => {
      const controller = new AbortController()
      const reason = new Error('given up')
      const spied: Separator = {
        ...separator,
        predict: (window, options) => {
          setTimeout(() => controller.abort(reason), 2) // in the middle of the run
          return separator.predict(window, options)
        },
      }
      const source = sourceOf(song, { blockLength: 44100 })
      await expect(firstOf(separate(source, { separator: spied, signal: controller.signal }))).rejects.toBe(reason)
      expect(source.closed).toBe(true)
    }
    const memory = async (): Promise<{ process: number; arrays: number }> => {
      // Through the queue: what was given up has run to its end.
      await separator.predict([new Float32Array(separator.windowLength), new Float32Array(separator.windowLength)])
      collect()
      await new Promise((resolve) => setTimeout(resolve, 50))
      collect()
      const { rss, arrayBuffers } = process.memoryUsage()
      return { process: rss / 2 ** 20, arrays: arrayBuffers / 2 ** 20 }
    }
    for (let i = 0; i < 10; i++) await giveUp()
    const base = await memory()
    for (let i = 0; i < 50; i++) await giveUp()
    const after = await memory()
    // A song given up holds 1 MB of samples in its window alone: fifty of them would be 50 MB.
    expect(after.arrays - base.arrays).toBeLessThan(1)
    // In 1200 songs given up, fifty at a time, the process swung by 45 MB up and 42 MB down without a trend, once on a busy machine by 77 MB up: pages that the
    // allocator gives back late. What a run takes outside of JavaScript's memory, 3 MB of output and its input at least, would be 150 MB.
    expect(after.process - base.process).toBeLessThan(110)
    await separator.dispose()
  })
})
