/** What wrappers read must be one object a line, never go back, weigh phases by their time, and end with exactly 1. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createSeparationReporter, type ProgressEvent, type ProgressStyle } from '../../../src/cli/separate/progress.ts'
import { createTimeShare, type PhaseCosts } from '../../../src/cli/separate/time-share.ts'

function setUp(style: ProgressStyle, inputs: readonly string[] = ['a.wav'], isTTY = false) {
  const written: string[] = []
  let time = 0
  const stream = { isTTY, columns: 200, write: (text: string) => written.push(text) }
  const reporter = createSeparationReporter({ style, stream, inputs, now: () => time })
  const events = (): ProgressEvent[] => written.map((line) => JSON.parse(line))
  return { written, reporter, events, wait: (ms: number) => (time += ms) }
}

describe('createTimeShare', () => {
  /** A song whose phases take what they take, reported each second of work; the greatest distance from the truth. */
  function run(work: readonly (readonly ['listening' | 'separating' | 'lowering', number])[], costs: PhaseCosts = new Map(), length = 200) {
    let time = 0
    const planned = work.filter(([phase]) => phase !== 'lowering').map(([phase]) => ({ phase, seconds: length }))
    const share = createTimeShare(planned, costs, () => time)
    const whole = work.reduce((sum, [, seconds]) => sum + seconds, 0)
    let [last, worst] = [0, 0]
    for (const [phase, seconds] of work) {
      for (let second = 1; second <= seconds; second++) {
        time += 1000
        const { fraction } = share.report(phase, (length * second) / seconds, length)
        expect(fraction).toBeGreaterThanOrEqual(last)
        expect(fraction).toBeLessThan(1)
        last = fraction!
        worst = Math.max(worst, Math.abs(last - time / 1000 / whole))
      }
    }
    share.end()
    return worst
  }

  it('is the share of the time in one phase, whatever its speed', () => {
    expect(run([['separating', 3]])).toBeLessThan(0.0011) // 0.999 at the end
    expect(run([['separating', 4000]])).toBeLessThan(0.0011)
  })

  it('weighs phases by time, which it knows from the song before', () => {
    const costs: PhaseCosts = new Map()
    run(
      [
        ['listening', 5],
        ['separating', 300],
      ],
      costs,
    )
    expect(
      run(
        [
          ['listening', 5],
          ['separating', 300],
        ],
        costs,
      ),
    ).toBeLessThan(0.002)
    expect(
      run(
        [
          ['listening', 10],
          ['separating', 600],
        ],
        costs,
        400,
      ),
    ).toBeLessThan(0.002)
  })

  it('does not fall where a phase takes longer than it was guessed to, nor where one comes that nobody planned', () => {
    const worst = run([
      ['listening', 5],
      ['separating', 300],
      ['lowering', 6],
    ])
    // Guessed to be 3.6 times listening, separating is sixty times it: the first 5 of 311 seconds count as 1/4.6.
    expect(worst).toBeCloseTo(1 / 4.6 - 5 / 311, 3)
  })

  it('knows nothing while the length is unknown, and what is left when it is known', () => {
    let time = 0
    const share = createTimeShare([{ phase: 'separating', seconds: undefined }], new Map(), () => time)
    time = 1000
    expect(share.report('separating', 10, undefined)).toEqual({ fraction: null, secondsLeft: null })
    expect(share.report('separating', 10, 40)).toEqual({ fraction: 0.25, secondsLeft: 3 })
  })
})

describe('--progress json', () => {
  it('writes one object of the same fields a line, from the start to the end', () => {
    const { reporter, events, wait } = setUp('json')
    reporter.stream.write('model fake on test\n')
    const song = reporter.song('a.wav', 'a')
    song.plan([{ phase: 'separating', seconds: 40 }])
    for (let done = 10; done <= 40; done += 10) {
      wait(1000)
      song.update('separating', { doneSeconds: done, totalSeconds: 40 })
    }
    song.done()
    reporter.end()
    const lines = events()
    expect(lines.map(({ event }) => event)).toEqual([
      'start',
      'message',
      'song',
      'progress',
      'progress',
      'progress',
      'progress',
      'done',
      'end',
    ])
    const fields = ['event', 'input', 'phase', 'doneSeconds', 'totalSeconds', 'fraction', 'secondsLeft', 'overall']
    for (const line of lines) expect(Object.keys(line).filter((key) => key !== 'text')).toEqual(fields)
    expect(lines[0]).toMatchObject({ phase: 'loading', input: null, fraction: null, overall: { fraction: 0 } })
    expect(lines[1]).toMatchObject({ text: 'model fake on test' })
    expect(lines[4]).toEqual({
      event: 'progress',
      input: 'a.wav',
      phase: 'separating',
      doneSeconds: 20,
      totalSeconds: 40,
      fraction: 0.5,
      secondsLeft: 2,
      overall: { fraction: 0.5, secondsLeft: 2, done: 0, inputs: 1 },
    })
    expect(lines.at(-2)).toMatchObject({ input: 'a.wav', fraction: 1, secondsLeft: 0, overall: { fraction: 1, done: 1 } })
    expect(lines.at(-1)).toMatchObject({ input: null, fraction: 1 })
  })

  it('weighs a phase to come by what it is foretold to take', () => {
    const { reporter, events, wait } = setUp('json')
    const song = reporter.song('a.wav', 'a')
    song.plan([
      { phase: 'listening', seconds: 100 },
      { phase: 'separating', seconds: 100 },
    ])
    wait(1000)
    song.predict(99)
    expect(events().at(-1)).toMatchObject({ event: 'progress', phase: 'listening', doneSeconds: 0, totalSeconds: 100 })
    wait(1000)
    song.update('listening', { doneSeconds: 100, totalSeconds: 100 })
    expect(events().at(-1)).toMatchObject({ fraction: Number((2 / 101).toFixed(4)), secondsLeft: 99 })
  })

  it('leaves fractions open for a pipe, and writes at most ten lines a second of a song', () => {
    const { reporter, events, wait } = setUp('json', ['/dev/stdin'])
    const song = reporter.song('/dev/stdin', 'stdin')
    song.plan([{ phase: 'separating', seconds: undefined }])
    for (let i = 1; i <= 1000; i++) {
      wait(1)
      song.update('separating', { doneSeconds: i, totalSeconds: undefined })
    }
    const shown = events().filter(({ event }) => event === 'progress')
    expect(shown.length).toBeLessThanOrEqual(11)
    for (const line of shown)
      expect(line).toMatchObject({ totalSeconds: null, fraction: null, secondsLeft: null, overall: { fraction: null } })
    song.done()
    expect(events().at(-1)).toMatchObject({ event: 'done', fraction: 1, overall: { fraction: 1 } })
  })

  it('tells of several songs, also side by side and failing, how much of all is done', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
    const paths = ['a.wav', 'b.wav', 'c.wav', 'd.wav'].map((name) => join(folder, name))
    for (const path of paths) await writeFile(path, new Uint8Array(1_764_000)) // 10 s of 16-bit stereo
    const { reporter, events, wait } = setUp('json', paths)
    const [a, b, c, d] = paths.map((path) => {
      const song = reporter.song(path, path)
      song.plan([{ phase: 'separating', seconds: 10 }])
      return song
    })
    wait(1000)
    a!.update('separating', { doneSeconds: 5, totalSeconds: 10 })
    b!.update('separating', { doneSeconds: 5, totalSeconds: 10 })
    expect(events().at(-1)!.overall).toEqual({ fraction: 0.25, secondsLeft: 3, done: 0, inputs: 4 })
    c!.failed('c.wav: is empty')
    expect(events().at(-1)).toMatchObject({ event: 'failed', text: 'c.wav: is empty', overall: { fraction: 0.5, done: 1 } })
    for (const song of [a!, b!, d!]) song.done()
    const fractions = events().map(({ overall }) => overall.fraction!)
    expect(fractions).toEqual([...fractions].sort((x, y) => x - y))
    expect(fractions.at(-1)).toBe(1)
    await rm(folder, { recursive: true })
  })
})

describe('--progress for eyes', () => {
  const play = ({ reporter, wait }: ReturnType<typeof setUp>) => {
    const song = reporter.song('a.wav', 'a')
    song.plan([
      { phase: 'listening', seconds: 100 },
      { phase: 'separating', seconds: 100 },
    ])
    for (const phase of ['listening', 'separating'] as const)
      for (let done = 10; done <= 100; done += 10) {
        wait(phase === 'listening' ? 500 : 2000)
        song.update(phase, { doneSeconds: done, totalSeconds: 100 })
      }
    reporter.stream.write('said\n')
    song.done()
    reporter.end()
  }

  it('is one bar over all phases: percent never begin anew', () => {
    const shown = setUp('auto', ['a.wav'], true)
    play(shown)
    const percents = shown.written.flatMap((text) => [...(/(\d+) %/.exec(text) ?? [])].slice(1).map(Number))
    expect(percents).toEqual([...percents].sort((x, y) => x - y))
    // 5 of 25 seconds are listening; it was guessed to be 5 of 23.
    expect(percents[9]).toBe(21)
    expect(shown.written.some((text) => text.startsWith('a, listening  ━'))).toBe(true)
    expect(shown.written.slice(-2)).toEqual(['\r\u001b[2K', 'said\n'])
  })

  it('is lines, a bar or nothing on request', () => {
    const [lines, bar, none] = (['lines', 'bar', 'none'] as const).map((style) => setUp(style, ['a.wav'], style !== 'bar'))
    for (const shown of [lines!, bar!, none!]) play(shown)
    expect(lines!.written.every((text) => text.endsWith('\n'))).toBe(true)
    expect(lines!.written.some((text) => /^a {2}\d+ % {2}/.test(text))).toBe(true)
    expect(bar!.written.some((text) => text.includes('━'))).toBe(true)
    expect(none!.written).toEqual(['said\n'])
  })

  it('shows songs side by side as one', () => {
    const { reporter, written, wait } = setUp('bar', ['a', 'b', 'c'])
    const songs = ['a', 'b'].map((name) => {
      const song = reporter.song(name, name)
      song.plan([{ phase: 'separating', seconds: 10 }])
      return song
    })
    wait(1000)
    songs[0]!.update('separating', { doneSeconds: 9, totalSeconds: 10 })
    expect(written.at(-1)).toMatch(/^songs {2}━+─+ {2}30 % {2}0\/3 songs {2}0:02 left {2}2 at once$/)
  })
})
