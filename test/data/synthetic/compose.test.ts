import { describe, expect, it } from 'vitest'
import { compose } from '../../../src/data/synthetic/compose.ts'
import { diatonicChord, isChordTone, makeChord, scaleOf, voiceChord } from '../../../src/data/synthetic/harmony.ts'

const songs = Array.from({ length: 40 }, (_, seed) => compose({ seed, seconds: 60, casting: 'song' }))

describe('compositions', () => {
  it('have notes in order that do not overlap and end with the song', () => {
    for (const { score } of songs) {
      for (const line of [score.sung, score.lead, score.bass, ...score.harmonies]) {
        line.forEach((note, i) => {
          expect(note.duration).toBeGreaterThan(0)
          expect(note.onset + note.duration).toBeLessThanOrEqual(Math.min(60, line[i + 1]?.onset ?? 60) + 1e-9)
        })
      }
      for (const hit of score.drums) expect(hit.onset).toBeLessThan(60)
    }
  })

  it('stay within 70 to 160 beats per minute and cover every beat with a chord', () => {
    for (const { score } of songs) {
      expect(score.tempo).toBeGreaterThanOrEqual(70)
      expect(score.tempo).toBeLessThanOrEqual(160)
      expect(score.beats).toHaveLength(Math.ceil((60 * score.tempo) / 60))
      expect(score.beats[8]!.seconds).toBeCloseTo((8 * 60) / score.tempo, 9)
      for (const { chord } of score.beats) expect(chord.name).toMatch(/^[A-G][b#]?/)
    }
  })

  it('sing in the singer’s range, by and large in the key, and on chord notes at the ends of phrases', () => {
    let [all, inKey, ends, onChord] = [0, 0, 0, 0]
    for (const { score, singer } of songs) {
      for (const note of score.sung) {
        expect(note.midi).toBeGreaterThanOrEqual(singer.range.low)
        expect(note.midi).toBeLessThanOrEqual(singer.range.high)
        all++
        if (scaleOf(score.key).includes((((note.midi - score.key.tonic) % 12) + 12) % 12)) inKey++
        if (!note.phraseEnd) continue
        ends++
        const beat = score.beats.filter(({ seconds }) => seconds <= note.onset + 0.03).at(-1)!
        if (isChordTone(beat.chord, note.midi)) onChord++
      }
    }
    expect(inKey / all).toBeGreaterThan(0.85)
    expect(onChord / ends).toBeGreaterThan(0.8)
  })

  it('let the vocals pause: most songs of a minute have silence and singing', () => {
    const pausing = songs.filter(({ score }) => score.vocalSpans.reduce((sum, { start, end }) => sum + end - start, 0) < 58)
    expect(pausing.length).toBeGreaterThan(20)
    expect(songs.filter(({ score }) => score.sung.length > 10).length).toBeGreaterThan(35)
    for (const { score } of songs)
      score.vocalSpans.forEach(({ start }, i) => {
        expect(start).toBeGreaterThan(score.vocalSpans[i - 1]?.end ?? -1)
      })
  })

  it('vary: tempi, keys, styles, singers and instruments of 40 songs are many', () => {
    const count = (of: (song: (typeof songs)[number]) => unknown): number => new Set(songs.map(of)).size
    expect(count(({ score }) => score.tempo)).toBeGreaterThan(30)
    expect(count(({ score }) => score.key.name)).toBeGreaterThan(15)
    expect(count(({ score }) => score.cast.style)).toBeGreaterThan(6)
    expect(count(({ singer }) => singer.name)).toBeGreaterThanOrEqual(8)
    expect(count(({ score }) => score.cast.chords.join())).toBeGreaterThan(15)
  })

  it('cast no singer for an instrumental and one without long pauses for a solo line', () => {
    expect(compose({ seed: 1, seconds: 30, casting: 'instrumental' }).score.sung).toEqual([])
    const { sung } = compose({ seed: 1, seconds: 30, casting: 'solo-voice' }).score
    sung.forEach((note, i) => {
      if (i > 0) expect(note.onset - sung[i - 1]!.onset - sung[i - 1]!.duration).toBeLessThan(5)
    })
  })
})

describe('harmony', () => {
  it('stacks thirds of the mode and names them', () => {
    const key = { tonic: 9, mode: 'minor', name: 'A minor' } as const
    expect([0, 1, 2, 3, 4, 5, 6].map((step) => diatonicChord(key, step).name)).toEqual(['Am', 'Bdim', 'C', 'Dm', 'Em', 'F', 'G'])
    expect(diatonicChord({ tonic: 0, mode: 'major', name: 'C major' }, 4, 4).name).toBe('G7')
  })

  it('voices chords around a centre with their own notes only', () => {
    const chord = makeChord(2, [0, 3, 7, 10])
    const notes = voiceChord(chord, 60, 6)
    expect(notes).toHaveLength(6)
    for (const note of notes) expect(isChordTone(chord, note)).toBe(true)
  })
})
