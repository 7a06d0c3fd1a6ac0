/** What a song says about itself survives from any kind of file to any other. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { audioFormats, createAudioWriter, noTags, readTags, type SongTags } from '../../../src/audio/index.ts'
import { pixel, soundOf } from '../encode/support.ts'
import { chunk, concatenate, ffmpeg, readWhole, temporaryFolder, wavBytes } from '../support.ts'

const folder = temporaryFolder()
const stereo = { sampleRate: 44_100, channels: 2 }

async function write(name: string, tags: SongTags | undefined): Promise<string> {
  const path = join(folder, name)
  const writer = await createAudioWriter(path, { ...stereo, tags })
  await writer.write(soundOf(2, 3000, 16))
  await writer.finish()
  return path
}

/** Fields with a place in every kind of tags. */
const everywhere = {
  TITLE: ['Füchse & Gänse €'],
  ARTIST: ['The Band'],
  ALBUM: ['An Album'],
  ALBUMARTIST: ['Various'],
  DATE: ['2001-05-17'],
  GENRE: ['Rock'],
  COMPOSER: ['C. Omposer'],
  COPYRIGHT: ['© 2001'],
  COMMENT: ['first line\nsecond line'],
  LYRICS: ['la la\nla'],
  TRACKNUMBER: ['3'],
  TRACKTOTAL: ['12'],
  DISCNUMBER: ['1'],
  DISCTOTAL: ['2'],
  BPM: ['120'],
}
const cover = { kind: 'front', mimeType: 'image/png', description: '', data: pixel } as const

describe('createAudioWriter and readTags', () => {
  it.each(audioFormats)('keep fields and cover in %s, and the sound beside them', async (format) => {
    const path = await write(`tagged.${format}`, { fields: everywhere, pictures: [cover] })
    const { fields, pictures } = await readTags(path)
    expect(fields).toEqual(everywhere)
    expect(pictures).toEqual([cover])
    expect((await readWhole(path)).frames).toBe(format === 'opus' ? Math.ceil((3000 * 48_000) / 44_100) : 3000)
  })

  it.each(['wav', 'flac', 'mp3', 'ogg', 'opus'] as const)('keep fields that nobody has heard of in %s', async (format) => {
    const fields = { MOOD: ['sad, ü'], ISRC: ['DEA010100001'], INITIALKEY: ['Am'], 'MUSICBRAINZ TRACK ID': ['f3a0'] }
    const path = await write(`free.${format}`, { fields, pictures: [] })
    expect((await readTags(path)).fields).toEqual(fields)
  })

  it.each(['flac', 'ogg', 'opus'] as const)('keep several values of a field in %s, and pictures of all kinds', async (format) => {
    const pictures = [
      cover,
      { kind: 'back', mimeType: 'image/jpeg', description: 'the bäck', data: Uint8Array.from([0xff, 0xd8, 0xff]) },
    ] as const
    const tags = { fields: { ARTIST: ['A', 'B', 'C'] }, pictures }
    expect(await readTags(await write(`many.${format}`, tags))).toEqual(tags)
  })

  it.each(audioFormats)('write %s without tags as one without tags', async (format) => {
    expect(await readTags(await write(`bare.${format}`, undefined))).toEqual(noTags)
  })

  it('hand whatever text through all kinds, one after the other', async () => {
    const text = fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }).map((value) => value.replaceAll(/[\p{Cc}]/gu, ' ').trim())
    await fc.assert(
      fc.asyncProperty(fc.record({ TITLE: text, ARTIST: text, COMMENT: text }), async (values) => {
        const fields = Object.fromEntries(Object.entries(values).flatMap(([field, value]) => (value === '' ? [] : [[field, [value]]])))
        let tags: SongTags = { fields, pictures: [] }
        for (const format of ['flac', 'mp3', 'opus', 'wav', 'ogg'] as const) tags = await readTags(await write(`chain.${format}`, tags))
        expect(tags.fields).toEqual(fields)
      }),
      { numRuns: 3, seed: 8 },
    )
  })
})

describe('readTags', () => {
  const metadata = ['title=Ein Lied', 'artist=Wer', 'album=Wo', 'date=1999', 'genre=Jazz', 'comment=so so', 'composer=K', 'track=4/9']
  const expected = {
    TITLE: ['Ein Lied'],
    ARTIST: ['Wer'],
    ALBUM: ['Wo'],
    DATE: ['1999'],
    GENRE: ['Jazz'],
    COMMENT: ['so so'],
    COMPOSER: ['K'],
    TRACKNUMBER: ['4'],
    TRACKTOTAL: ['9'],
  }

  it.each([
    ['id3v2.4.mp3', []],
    ['id3v2.3.mp3', ['-id3v2_version', '3']],
    ['song.flac', []],
    ['song.ogg', ['-c:a', 'libvorbis']],
    ['song.opus', ['-c:a', 'libopus']],
    ['song.m4a', []],
    ['song.wv', []],
    ['song.wma', []],
  ])('reads what ffmpeg writes: %s', async (name, options) => {
    const path = join(folder, name)
    ffmpeg('-f', 'lavfi', '-i', 'sine=duration=0.2:r=48000', ...metadata.flatMap((entry) => ['-metadata', entry]), ...options, path)
    // Its name for a comment in Vorbis comments.
    const { COMMENT, ...others } = expected
    expect((await readTags(path)).fields).toEqual(/flac|ogg|opus/.test(name) ? { ...others, DESCRIPTION: COMMENT } : expected)
  })

  it('reads RIFF INFO as UTF-8 where it is that, else as Latin-1', async () => {
    const info = (bytes: Uint8Array): Uint8Array =>
      chunk('LIST', concatenate([new TextEncoder().encode('INFO'), chunk('INAM', concatenate([bytes, Uint8Array.of(0)]))]))
    const file = (name: string, title: Uint8Array): string => {
      const path = join(folder, name)
      writeFileSync(path, wavBytes({ data: new Uint8Array(20), before: [info(title)] }))
      return path
    }
    expect((await readTags(file('utf8.wav', new TextEncoder().encode('Gänse')))).fields.TITLE).toEqual(['Gänse'])
    expect((await readTags(file('latin1.wav', Uint8Array.from(Buffer.from('Gänse', 'latin1'))))).fields.TITLE).toEqual(['Gänse'])
  })

  it('leaves out what is true of the one file alone', async () => {
    const fields = { TITLE: ['T'], REPLAYGAIN_TRACK_GAIN: ['-7 dB'], R128_TRACK_GAIN: ['12'], ENCODER: ['LAME'], ENCODED_BY: ['me'] }
    expect((await readTags(await write('own.flac', { fields, pictures: [] }))).fields).toEqual({ TITLE: ['T'] })
  })

  it('takes a file that is none for one without tags, and says which one is missing', async () => {
    const path = join(folder, 'text.mp3')
    writeFileSync(path, 'no sound at all')
    expect(await readTags(path)).toEqual(noTags)
    await expect(readTags(join(folder, 'missing.mp3'))).rejects.toThrow(/missing\.mp3: its tags cannot be read \(.*ENOENT/)
  })
})
