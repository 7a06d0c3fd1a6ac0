/** The options of `divisi separate` about its files: what they come to, and what is refused before any work. */

import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import {
  checkOutput,
  formatOf,
  type OutputFlags,
  outputName,
  outputOptions,
  tagsOf,
  writingOf,
} from '../../../src/cli/separate/output-options.ts'

function parse(...args: string[]): OutputFlags {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  for (const option of outputOptions) command.addOption(option)
  return command.parse(args, { from: 'user' }).opts()
}

describe('the options about files', () => {
  it.each([
    [[], 'song.flac', 'song.vocals.wav'],
    [['--format', 'same'], 'a/song.flac', 'song.vocals.flac'],
    [['--format', 'same'], 'SONG.MP3', 'SONG.vocals.mp3'],
    [['--format', 'same'], 'song.oga', 'song.vocals.ogg'],
    [['--format', 'same'], 'song.aiff', 'song.vocals.wav'],
    [['--format', 'opus', '--name', '{stem} of {base}'], 'song.mp3', 'vocals of song.opus'],
  ])('name files: %j of %s', (args, input, expected) => {
    expect(outputName(parse(...args), input, 'vocals')).toBe(expected)
  })

  it('take bit rates in thousands', () => {
    expect(parse('--bitrate', '192').bitrate).toBe(192_000)
    expect(parse('--bitrate', '31.5k').bitrate).toBe(31_500)
    expect(() => parse('--bitrate', 'high')).toThrow(/kbit\/s, such as 192/)
    expect(() => parse('--format', 'aiff')).toThrow(/choices/i)
  })

  it('tell asked-for dither from none said', () => {
    expect(parse().dither).toBeUndefined()
    expect(parse('--dither').dither).toBe(true)
    expect(parse('--no-dither').dither).toBe(false)
  })

  it('give each kind of file what concerns it', () => {
    const depth = { kind: 'int', bits: 24 } as const
    const flags = { ...parse('--format', 'same', '--bitrate', '128'), depth }
    expect(writingOf(flags, 'song.mp3')).toMatchObject({ format: 'mp3', bitrate: 128_000, sampleFormat: undefined })
    expect(writingOf(flags, 'song.flac')).toMatchObject({ format: 'flac', bitrate: undefined, sampleFormat: depth })
    expect(formatOf({}, 'song.mp3')).toBe('wav')
  })

  it.each([
    [{ name: '{base}' }, /has no \{stem\}/],
    [{ bitrate: 128_000 }, /WAV keeps every bit/],
    [{ format: 'flac', bitrate: 128_000 }, /FLAC keeps every bit/],
    [{ format: 'mp3', depth: { kind: 'int', bits: 24 } }, /--depth is for wav and flac: MP3 has no bit depth/],
    [{ format: 'flac', depth: { kind: 'float', bits: 32 } }, /--depth of flac is 16 or 24/],
  ] as const)('refuse %o', (flags, message) => {
    expect(() => checkOutput(flags)).toThrow(message)
  })

  it('let a song go without tags, asked for or because they cannot be read', async () => {
    const notes: string[] = []
    const note = (line: string) => void notes.push(line)
    expect(await tagsOf({ tags: false }, 'song.mp3', true, note)).toBeUndefined()
    expect(await tagsOf({}, '/dev/stdin', false, note)).toBeUndefined()
    expect(notes).toEqual([])
    expect(await tagsOf({}, 'nowhere/song.mp3', true, note)).toBeUndefined()
    expect(notes).toEqual([expect.stringMatching(/^the stems get no tags: .*nowhere\/song\.mp3/)])
  })
})
