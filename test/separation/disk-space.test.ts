/** Work that cannot fit on the disk is refused before it begins. */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkSpace, stagedBytes } from '../../src/separation/disk-space.node.ts'
import { writeStems } from '../../src/separation/index.ts'
import { noise, separatorOf, smoothing, sourceOf } from './fakes.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
})

afterEach(() => rm(folder, { recursive: true }))

it('counts the bytes of all stems', () => {
  expect(stagedBytes(2, 44100, { sampleRate: 44100, channels: 2, sampleFormat: { kind: 'int', bits: 24 } })).toBe(2 * 44100 * 2 * 3)
})

it('says how much is needed and how much is free', async () => {
  await checkSpace(folder, 5e9, 5e9)
  await expect(checkSpace(folder, 5_240_000_000, 200_000_000)).rejects.toThrow(`needs at least 5.2 GB in ${folder}, where 200 MB are free`)
  await expect(checkSpace(folder, 900, 17)).rejects.toThrow('needs at least 900 bytes')
})

it('refuses a song that says to be longer than any disk, before its first window', async () => {
  const source = sourceOf(noise(2, 5000))
  const separator = separatorOf(smoothing)
  const long = { ...source, info: { ...source.info, frames: 1e15 } }
  await expect(writeStems(long, { separator, folder: join(folder, 'out'), base: 'song' })).rejects.toThrow(/needs at least 8000 TB in/)
  expect(separator.calls).toBe(0)
  expect(await readdir(folder)).toEqual([])
})
