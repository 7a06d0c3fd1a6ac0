import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeWhole } from '../../src/data/index.ts'

describe('writeWhole', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'divisi-whole-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('writes text and bytes, over what was there and into folders that were not, and leaves nothing beside them', async () => {
    const file = join(folder, 'new', 'a.txt')
    await writeWhole(file, 'first')
    await writeWhole(file, Uint8Array.of(104, 105))
    expect(readFileSync(file, 'utf8')).toBe('hi')
    expect(readdirSync(join(folder, 'new'))).toEqual(['a.txt'])
  })

  it('leaves nothing behind where it cannot', async () => {
    writeFileSync(join(folder, 'file'), 'kept')
    await expect(writeWhole(join(folder, 'file', 'a.txt'), 'x')).rejects.toThrow()
    rmSync(join(folder, 'file'))
    await expect(writeWhole(folder, 'x')).rejects.toThrow()
    expect(readdirSync(folder)).toEqual([])
  })
})
