/**
 * SVG as text: elements, escaping, numbers, and the frame of a picture. A picture needs nothing but itself: its style sheet travels inside,
 * and follows its reader's choice of light or dark; on paper it is light. `title` and `desc` tell it to those who do not see it (W3C,
 * "SVG Accessibility API Mappings").
 */

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** Characters that XML 1.0 does not allow, however they are escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/**
 * Text as it may stand between tags and in attributes of SVG and HTML; what XML has no way to say becomes U+FFFD.
 *
 * @example
 * escapeText('a < b & "c"') // 'a &lt; b &amp; &quot;c&quot;'
 */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(forbidden, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** A coordinate in pixels, to a hundredth. */
export function pixels(value: number): string {
  return String(Number(value.toFixed(2)) + 0)
}

/** An element; numbers are coordinates, texts are escaped, what is undefined is left out. `content` is markup. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? pixels(value) : escapeText(value!)}"`)
    .join('')
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`
}

/** Colours of series on white and on near-black, all of a contrast of at least 4.5 to 1 to their ground. */
const seriesColours = {
  light: ['#1158c7', '#b3470a', '#0b7a3b', '#8a2fb0', '#8a6000', '#00727f', '#b3124f', '#555a63'],
  dark: ['#6ea8ff', '#ff9b5e', '#56cf86', '#d896f5', '#e0b84a', '#4cc9d6', '#ff7fa8', '#b4b8c2'],
} as const

/** How many series have a colour of their own; those after them begin anew. */
export const seriesCount = seriesColours.light.length

/** Colour alone tells nothing to those who see none: each line has dashes of its own too. */
const dashes = ['', '8 4', '2 4', '12 3 2 3', '5 2', '1 3 6 3', '14 5', '4 6']

const variables = (theme: keyof typeof seriesColours) => seriesColours[theme].map((colour, i) => `--c${i}:${colour}`).join(';')

const style = `
.divisi-picture{--back:#fff;--text:#1b1b1f;--soft:#565962;--rule:#e3e5ea;--axis:#8b8f98;${variables('light')};background:var(--back);max-width:100%;height:auto}
@media screen and (prefers-color-scheme:dark){.divisi-picture{--back:#15161a;--text:#e6e7ea;--soft:#a9adb6;--rule:#2c2f36;--axis:#777c87;${variables('dark')}}}
.divisi-picture text{fill:var(--soft);font:12px system-ui,sans-serif;font-variant-numeric:tabular-nums}
.divisi-picture .title{fill:var(--text);font-size:15px;font-weight:600}
.divisi-picture .label,.divisi-picture .key{fill:var(--text)}
.divisi-picture .back{fill:var(--back)}.divisi-picture .grid{stroke:var(--rule)}.divisi-picture .zero,.divisi-picture .border{stroke:var(--axis);fill:none}
.divisi-picture .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.divisi-picture .area{stroke:none}.divisi-picture .band{opacity:.22}.divisi-picture .dot{stroke:var(--back);stroke-width:.8}.divisi-picture .pixels{image-rendering:pixelated}.divisi-picture .cells{shape-rendering:crispEdges}
${dashes.map((dash, i) => `.divisi-picture .line${i}{stroke:var(--c${i})${dash && `;stroke-dasharray:${dash}`}}.divisi-picture .fill${i}{fill:var(--c${i})}`).join('\n')}
`

/** What every picture has. */
export interface PictureOptions {
  /** What is shown, written above the picture and told to those who cannot see it. */
  readonly title: string
  /** What it shows, for those who cannot see it; each kind of picture says in words what it holds if this is not given. */
  readonly description?: string
  /** Pixels of the whole picture; it scales with its page. */
  readonly width?: number
  readonly height?: number
}

/** @throws RangeError for sizes in which nothing can be drawn */
export function checkSize(who: string, width: number, height: number): void {
  for (const [name, value] of Object.entries({ width, height })) {
    if (!(value >= 120 && value <= 10_000)) throw new RangeError(`${who}: ${name} ${value}; allowed are pixels in 120…10000`)
  }
}

/** The frame around what was drawn. */
export function picture(content: string, { title, description, width, height }: Required<PictureOptions>): string {
  // Of what is in it, so that pictures on one page do not share names.
  const id = `divisi-${hash(title + description + content)}`
  return `<svg xmlns="http://www.w3.org/2000/svg" class="divisi-picture" viewBox="0 0 ${pixels(width)} ${pixels(height)}" width="${pixels(width)}" height="${pixels(height)}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${escapeText(title)}</title>
<desc id="${id}-desc">${escapeText(description)}</desc>
<style>${style}</style>
${element('rect', { class: 'back', width, height })}
${content}
</svg>
`
}

/** A name for things that ids tell apart (FNV-1a). */
export function hash(text: string): string {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0
  return value.toString(36)
}

/** Pixels that a text takes at 12 pixels of height, a little more than most: where it is drawn no font is known. */
export function textWidth(text: string, size = 12): number {
  return text.length * size * 0.58
}

/** Words in lines of at most `width` pixels. */
export function wrapText(text: string, width: number, size = 12): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && textWidth(`${last} ${word}`, size) <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
