/** Finds the examples in docblocks of src/ and the TypeScript blocks of Markdown files. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Example {
  /** Path of the file that shows it, from the repository's root. */
  readonly file: string
  /** Line of the file on which `code` begins. */
  readonly line: number
  readonly code: string
  /** The function whose docblock it stands in. */
  readonly documents?: string
}

export function docblockExamples(): Example[] {
  return filesUnder('src', '.ts').flatMap(examplesInDocblocks)
}

export function markdownExamples(): Example[] {
  return ['README.md', ...filesUnder('docs', '.md')].flatMap(examplesInMarkdown)
}

function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name))
}

/** What stands between `@example` and the next tag, or the end of the docblock, without the stars. */
function examplesInDocblocks(file: string): Example[] {
  const examples: Example[] = []
  let lines: { number: number; text: string }[] | undefined
  const finish = (): void => {
    const code = (lines ?? []).filter(({ text }) => !text.startsWith('```'))
    while (code.at(-1)?.text.trim() === '') code.pop()
    if (code[0] !== undefined) examples.push({ file, line: code[0].number, code: code.map(({ text }) => text).join('\n') })
    lines = undefined
  }
  const sources = readFileSync(file, 'utf8').split('\n')
  let first = 0
  let inDocblock = false
  for (const [index, source] of sources.entries()) {
    if (/^\s*\/\*\*/.test(source)) inDocblock = true
    if (!inDocblock) continue
    const ends = source.includes('*/')
    const text = source.replace(/^\s*(\/\*\*|\*(?!\/)) ?/, '').replace(/\s*\*\/.*$/, '')
    const tag = /^@(\w+)\s*/.exec(text)
    if (tag !== null) finish()
    if (tag?.[1] === 'example') lines = []
    const code = tag === null ? text : text.slice(tag[0].length)
    if (lines !== undefined && (lines.length > 0 || code.trim() !== '')) lines.push({ number: index + 1, text: code })
    if (ends) {
      finish()
      const documents = /^export (?:async )?function\*? (\w+)/.exec(sources[index + 1] ?? '')?.[1]
      if (documents !== undefined) for (const example of examples.slice(first)) Object.assign(example, { documents })
      first = examples.length
      inDocblock = false
    }
  }
  return examples
}

function examplesInMarkdown(file: string): Example[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => ({
    file,
    line: text.slice(0, block.index).split('\n').length + 1,
    code: block[1] ?? '',
  }))
}
