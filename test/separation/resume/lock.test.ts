/** Locks of hidden folders: what a power failure leaves of one must not shut a song out for ever. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLocked, lockFolder } from '../../../src/separation/resume/lock.node.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('a lock', () => {
  it.each([
    ['empty', ''],
    ['cut off', '{"pid": 12'],
  ])('that is %s is nobody’s, and is taken over', async (_, text) => {
    await writeFile(join(folder, 'lock'), text)
    expect(await isLocked(folder)).toBe(false)
    const unlock = await lockFolder(folder)
    expect(await isLocked(folder)).toBe(true)
    await expect(lockFolder(folder)).rejects.toThrow(`is being separated by another process, ${process.pid}`)
    await unlock()
    expect(await isLocked(folder)).toBe(false)
  })
})
