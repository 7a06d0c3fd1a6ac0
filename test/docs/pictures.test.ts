/** The pictures in docs/ are what the code draws now. Their style sheet, which all pictures have, may be older. */
import { readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { pictures } from '../../scripts/docs-pictures.ts'

const root = new URL('../../', import.meta.url)
const withoutStyle = (svg: string) => svg.replace(/<style>[\s\S]*?<\/style>/, '')

describe('pictures of the documents', () => {
  it.each(Object.keys(pictures))('%s is drawn from the code; `npx tsx scripts/docs-pictures.ts` renews it', (path) => {
    expect(withoutStyle(pictures[path]!())).toBe(withoutStyle(readFileSync(new URL(path, root), 'utf8')))
  })

  it('are below 300 KB each, and a document shows each of them', async () => {
    const folder = new URL('docs/', root)
    const documents = (await readdir(folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    const names = await readdir(new URL('pictures/', folder))
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) {
      expect(statSync(fileURLToPath(new URL(`pictures/${name}`, folder))).size).toBeLessThan(300_000)
      expect(documents.some((text) => text.includes(`pictures/${name}`))).toBe(true)
    }
  })
})
