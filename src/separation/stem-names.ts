/** Names of the files of stems, by a template. */

import type { AudioFormat } from '../audio/index.ts'

/** The template of those who give none. */
export const defaultTemplate = '{base}.{stem}'

const PLACES = ['base', 'stem', 'format'] as const
type Place = (typeof PLACES)[number]

/**
 * Refuses a template that cannot name files.
 *
 * @throws RangeError for unknown places, for path separators and other characters that file names cannot have, and where all stems would have one name
 */
export function checkTemplate(template: string): void {
  const wrong = (reason: string): RangeError =>
    new RangeError(`the name template "${template}" ${reason}; places are {base}, {stem} and {format}, as in "${defaultTemplate}"`)
  const unknown = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, place]) => place!).find((place) => !PLACES.includes(place as Place))
  if (unknown !== undefined) throw wrong(`has the unknown place {${unknown}}`)
  if (/[{}]/.test(template.replaceAll(/\{[a-z]+\}/g, ''))) throw wrong('has a brace without its other half')
  if (!template.includes('{stem}')) throw wrong('has no {stem}, so that all stems would have the same name')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\\/\x00-\x1f]/.test(template)) throw wrong('has a path separator or a control character: folders are chosen by --out')
  if (/[:*?"<>|]/.test(template)) throw wrong('has one of : * ? " < > |, which Windows has in no file name')
  if (template.startsWith('.')) throw wrong('begins with a dot, which hides files')
}

/**
 * The name of the file of a stem, or, as the stem "plot", of their picture.
 *
 * @example
 * stemFileName('song', 'vocals', { format: 'flac', template: '{stem} of {base}' }) // 'vocals of song.flac'
 */
export function stemFileName(
  base: string,
  stem: string,
  { format = 'wav', template = defaultTemplate }: { format?: AudioFormat | 'svg' | undefined; template?: string | undefined } = {},
): string {
  const values: Readonly<Record<Place, string>> = { base, stem, format }
  return `${template.replaceAll(/\{(base|stem|format)\}/g, (_, place: Place) => values[place])}.${format}`
}
