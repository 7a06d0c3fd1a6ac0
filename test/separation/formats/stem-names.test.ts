/** Names of stems by templates. */

import { describe, expect, it } from 'vitest'
import { checkTemplate, stemFileName } from '../../../src/separation/index.ts'

describe('stemFileName', () => {
  it.each([
    [undefined, 'song.vocals.mp3'],
    ['{base} ({stem})', 'song (vocals).mp3'],
    ['{stem}', 'vocals.mp3'],
    ['{stem}-{stem}_{format}', 'vocals-vocals_mp3.mp3'],
  ])('fills %s', (template, expected) => {
    expect(stemFileName('song', 'vocals', { format: 'mp3', template })).toBe(expected)
  })

  it('takes what stands in a song’s name as it is', () => {
    expect(stemFileName('{stem} $& $1', 'vocals', { template: '{base}.{stem}' })).toBe('{stem} $& $1.vocals.wav')
  })
})

describe('checkTemplate', () => {
  it.each(['{base}.{stem}', '{stem}', 'my {stem} of {base} as {format}'])('lets "%s" through', (template) => {
    checkTemplate(template)
  })

  it.each([
    ['{base}', /has no \{stem\}/],
    ['{artist}.{stem}', /unknown place \{artist\}/],
    ['{}{stem}', /unknown place \{\}/],
    ['{stem}}', /a brace without its other half/],
    ['out/{stem}', /path separator/],
    ['..\\{stem}', /path separator/],
    ['{stem}\u0000', /control character/],
    ['{stem}?', /Windows/],
    ['.{stem}', /hides files/],
  ])('refuses "%s"', (template, message) => {
    expect(() => checkTemplate(template)).toThrow(message)
    expect(() => checkTemplate(template)).toThrow(/places are \{base\}, \{stem\} and \{format\}/)
  })
})
