/** separate() of a path, with a model by name: what it opens it closes, what it loads it ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter, openAudio } from '../../src/audio/index.ts'
import { loadSeparator } from '../../src/models/index.ts'
import { type SeparatedBlock, separate } from '../../src/separation/index.ts'
import { identity, noise, separatorOf, sourceOf } from './fakes.ts'

let folder = ''
let path = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'divisi-song-'))
  path = join(folder, 'song.wav')
  const writer = await createWavWriter(path, { sampleRate: 44100, channels: 2, sampleFormat: { kind: 'float', bits: 32 } })
  await writer.write(noise(2, 5 * 44100))
  await writer.finish()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function vocalsOf(blocks: AsyncIterable<SeparatedBlock>): Promise<number[]> {
  const vocals: number[] = []
  for await (const { stems } of blocks) vocals.push(...stems.vocals![0]!)
  return vocals
}

const options = { model: 'vocals', seconds: 3, threads: 1 }

describe('separate of a song by its path, with a model by its name', () => {
  it('gives what the separator gives of the stream', async () => {
    const separator = await loadSeparator('vocals', { seconds: 3, threads: 1 })
    const wanted = await vocalsOf(separate(await openAudio(path), { separator }))
    await separator.dispose()
    expect(wanted.length).toBe(5 * 44100)
    expect(await vocalsOf(separate(path, options))).toEqual(wanted)
  })

  it('can be left, by break and by the signal, also while it loads', async () => {
    for await (const _ of separate(path, options)) break
    const reason = new Error('stopped')
    const controller = new AbortController()
    const source = sourceOf(noise(2, 44100))
    const loading = vocalsOf(separate(source, { ...options, signal: controller.signal }))
    controller.abort(reason)
    await expect(loading).rejects.toBe(reason)
    expect(source.closed).toBe(true)
  })

  it('says what is not there, and closes the song then', async () => {
    await expect(vocalsOf(separate(join(folder, 'none.wav'), { separator: separatorOf(identity) }))).rejects.toThrow('no such file')
    const source = sourceOf(noise(2, 100))
    await expect(vocalsOf(separate(source, { model: 'nobody' }))).rejects.toThrow('model "nobody": there is no such file')
    expect(source.closed).toBe(true)
  })
})
