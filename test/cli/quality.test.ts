/** The options of quality that commands share, and the separator that they ask for. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/errors.ts'
import { openSeparator, type QualityFlags, qualityOptions } from '../../src/cli/quality.ts'
import { qualities } from '../../src/separation/index.ts'
import { type FakeSeparator, separatorOf } from '../separation/fakes.ts'
import { copyOf, gain, windowOf } from '../separation/quality/fakes.ts'

function parse(...words: readonly string[]): QualityFlags {
  const command = new Command('test').exitOverride().configureOutput({ writeErr: () => {} })
  for (const option of qualityOptions) command.addOption(option)
  return command.parse(words, { from: 'user' }).opts()
}

/** Opens what the words ask for, of networks that are the gain they are called by. */
async function open(...words: readonly string[]) {
  const made: FakeSeparator[] = []
  const loaded: (string | undefined)[] = []
  const chosen = openSeparator(parse(...words), async (model) => {
    loaded.push(model)
    if (model === 'missing') throw new Error('no such model')
    const separator = separatorOf(gain(Number(model ?? 1)), { sampleRate: 1000, windowLength: 2000, margin: 100 })
    made.push(separator)
    return separator
  })
  return { chosen, made, loaded }
}

async function gainOf(...words: readonly string[]): Promise<number> {
  const { separator } = await (await open(...words)).chosen
  const window = windowOf(separator.windowLength)
  const { vocals } = await separator.predict(copyOf(window))
  await separator.dispose()
  const index = window[0].findIndex((x) => Math.abs(x) > 0.1)
  return vocals![0][index]! / window[0][index]!
}

describe('the options of quality', () => {
  it('load the one that ships, as it is, where nothing is asked for', async () => {
    const { chosen, loaded, made } = await open()
    expect(await chosen).toEqual({ separator: made[0], overlap: undefined })
    expect(loaded).toEqual([undefined])
  })

  it.each(['good', 'best'] as const)('take the steps of the rung %s, of which one asked for alone is more', async (quality) => {
    const { shifts, overlap } = qualities[quality]
    const rung = await open('--quality', quality)
    const { separator, overlap: given } = await rung.chosen
    expect(given).toBe(overlap)
    await separator.predict(windowOf(separator.windowLength))
    expect(rung.made[0]!.calls).toBe(shifts)
    const more = await open('-q', quality, '--shifts', '5', '--overlap', '0.25', '--polarity', '--swap-channels')
    const { separator: other, overlap: asked } = await more.chosen
    expect(asked).toBe(0.25)
    await other.predict(windowOf(other.windowLength))
    expect(more.made[0]!.calls).toBe(20)
  })

  it('join several networks', async () => {
    // Gains and their means are exact in binary, to a rounding of float32.
    expect(await gainOf('--model', '0.5,0.25')).toBeCloseTo(0.375, 6)
    expect(await gainOf('-m', '0.5', '-m', '0.25, 4', '--ensemble', 'median')).toBeCloseTo(0.5, 6)
    expect(await gainOf('-m', '0.5', '-m', '0.25', '--ensemble', '3,1')).toBeCloseTo(0.4375, 6)
    expect(await gainOf('-m', '0.5', '-m', '0.25', '--ensemble', '1,1', '--shifts', '2')).toBeCloseTo(0.375, 6)
  })

  it('take a path with a comma for one network', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
    const path = join(folder, 'one,two.safetensors')
    await writeFile(path, '')
    const { loaded, chosen } = await open('--model', path)
    await (await chosen).separator.dispose()
    expect(loaded).toEqual([path])
    await rm(folder, { recursive: true })
  })

  it('refuse what is no option before anything is loaded', () => {
    for (const words of [
      ['--quality', 'perfect'],
      ['--ensemble', 'mode'],
      ['--ensemble', '1,,2'],
      ['--ensemble', '1,-2'],
      ['--shifts', '0'],
      ['--shifts', '1.5'],
      ['--overlap', '1'],
      ['--wiener', '-1'],
    ])
      expect(() => parse(...words), words.join(' ')).toThrow()
  })

  it('say what does not fit the networks, and leave none of them open', async () => {
    const alone = await open('--ensemble', 'mean')
    await expect(alone.chosen).rejects.toThrow('--ensemble joins several networks; name them: --model a,b')
    expect(alone.loaded).toEqual([])
    for (const [words, message] of [
      [['-m', '1,2', '--ensemble', '1,2,3'], '2 members need as many'],
      [['-m', '1', '--shifts', '2', '--overlap', '0.5', '--model', '2', '--ensemble', '0,0'], 'not all of them 0'],
    ] as const) {
      const { chosen, made } = await open(...words)
      await expect(chosen).rejects.toThrow(UsageError)
      await expect(chosen).rejects.toThrow(message)
      expect(made.map(({ disposed }) => disposed)).toEqual([true, true])
    }
    const { chosen, made } = await open('-m', '1,missing')
    await expect(chosen).rejects.toThrow('no such model')
    expect(made[0]!.disposed).toBe(true)
  })
})
