/** What tests look for in pictures. */
import { expect } from 'vitest'

/** Attributes of elements of a name, in order. */
export function elements(svg: string, name: string): Record<string, string>[] {
  return Array.from(svg.matchAll(new RegExp(`<${name}((?: [\\w-]+="[^"]*")*)/?>`, 'g')), ([, attributes]) =>
    Object.fromEntries(Array.from(attributes!.matchAll(/([\w-]+)="([^"]*)"/g), ([, key, value]) => [key, value])),
  )
}

/** Texts of `text` elements, in order. */
export function texts(svg: string): string[] {
  return Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, words]) => words!)
}

/** Where a text stands; of several equal ones the last. */
export function placeOf(svg: string, words: string): { x: number; y: number } {
  const found = Array.from(svg.matchAll(/<text x="([^"]*)" y="([^"]*)"[^>]*>([^<]*)<\/text>/g)).filter(([, , , text]) => text === words)
  const [, x, y] = found.at(-1)!
  return { x: Number(x), y: Number(y) }
}

/** The border of the area of the plot. */
export function areaOf(svg: string): { left: number; top: number; right: number; bottom: number } {
  const border = elements(svg, 'rect')
    .filter((rect) => rect.class === 'border')
    .at(-1)!
  const [left, top] = [Number(border.x), Number(border.y)]
  return { left, top, right: left + Number(border.width), bottom: top + Number(border.height) }
}

/** Every picture: one document, tags that close, a title, a description, no number that is none, nothing from elsewhere. */
export function expectWhole(svg: string): void {
  expect(svg.match(/<svg /g)).toHaveLength(1)
  expect(svg.trimEnd().endsWith('</svg>')).toBe(true)
  const open: string[] = []
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-zA-Z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name)
    else if (!self) open.push(name!)
  }
  expect(open).toEqual([])
  const [title, desc] = [/<title id="([^"]+)">[^<]+<\/title>/.exec(svg), /<desc id="([^"]+)">[^<]+<\/desc>/.exec(svg)]
  expect(svg).toContain(`role="img" aria-labelledby="${title![1]} ${desc![1]}"`)
  // Letters of words and of base64 are no numbers.
  const numbers = svg.replace(/<(title|desc|text|style)[\s\S]*?<\/\1>/g, '').replace(/;base64,[^"]*/g, '')
  expect(numbers).not.toMatch(/NaN|Infinity|undefined|null/)
  expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|@import/)
  expect(svg).toContain('prefers-color-scheme:dark')
}
