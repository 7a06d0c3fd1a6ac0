/** Progress must tell the truth about share, speed and time left, redraw one line on a terminal, and stay quiet in a log. */

import { describe, expect, it } from 'vitest'
import { createProgress, formatDuration, formatRate, type ProgressOptions } from '../../src/cli/progress.ts'

function setUp(options: Partial<ProgressOptions> & { isTTY?: boolean; columns?: number } = {}) {
  const { isTTY, columns, ...rest } = options
  const written: string[] = []
  let time = 0
  const stream = { isTTY, columns, write: (text: string) => written.push(text) }
  const progress = createProgress({ label: 'song', unit: 'audio', stream, now: () => time, ...rest })
  return { written, progress, wait: (ms: number) => (time += ms) }
}

describe('createProgress on a terminal', () => {
  it('redraws one line with bar, percent, speed and time left, and removes it at the end', () => {
    const { written, progress, wait } = setUp({ isTTY: true, columns: 200, total: 200 })
    wait(1000)
    progress.update(10)
    wait(9000)
    progress.update(100, { note: 'loss 0.1' })
    expect(written.at(-2)).toBe('\r\u001b[2K')
    expect(written.at(-1)).toBe(`song  ${'━'.repeat(12)}${'─'.repeat(12)}  50 %  1:40/3:20  10.0× real time  0:10 left  loss 0.1`)
    progress.print('note')
    expect(written.slice(-2)).toEqual(['\r\u001b[2K', 'note\n'])
    progress.update(200)
    progress.done()
    expect(written.at(-1)).toBe('\r\u001b[2K')
  })

  it('redraws at most ten times a second, but always shows the end', () => {
    const { written, progress, wait } = setUp({ isTTY: true, total: 1000 })
    for (let i = 1; i <= 1000; i++) {
      wait(1)
      progress.update(i)
    }
    expect(written.filter((text) => text.includes('song')).length).toBeLessThanOrEqual(12)
    expect(written.at(-1)).toContain('100 %')
  })

  it('never wraps: first the bar and then the label give way', () => {
    for (const [columns, expected] of [
      [76, `${'x'.repeat(20)}  ${'━'.repeat(4)}${'─'.repeat(4)}  50 %  0:50/1:40  50.0× real time  0:01 left`],
      [66, `${'x'.repeat(20)}  50 %  0:50/1:40  50.0× real time  0:01 left`],
      [50, 'xxx…  50 %  0:50/1:40  50.0× real time  0:01 left'],
    ] as const) {
      const { written, progress, wait } = setUp({ isTTY: true, columns, total: 100, label: 'x'.repeat(20) })
      wait(1000)
      progress.update(50)
      expect(written.at(-1)).toBe(expected)
    }
  })

  it('shows amount and speed while the total is unknown, and takes a total that comes later', () => {
    const { written, progress, wait } = setUp({ isTTY: true, columns: 200 })
    wait(2000)
    progress.update(30)
    expect(written.at(-1)).toBe('song  0:30  15.0× real time')
    wait(2000)
    progress.update(60, { total: 120 })
    expect(written.at(-1)).toMatch(/50 % {2}1:00\/2:00 {2}15\.0× real time {2}0:04 left$/)
  })
})

describe('createProgress elsewhere', () => {
  it('prints nothing for short tasks', () => {
    const { written, progress, wait } = setUp({ total: 100 })
    for (let i = 1; i <= 100; i++) {
      wait(40)
      progress.update(i)
    }
    progress.done()
    expect(written).toEqual([])
  })

  it('prints a plain line per tenth of a long task', () => {
    const { written, progress, wait } = setUp({ total: 1000, unit: 'steps' })
    for (let i = 1; i <= 1000; i++) {
      wait(100)
      progress.update(i)
    }
    expect(written).toHaveLength(10)
    expect(written[4]).toBe('song  50 %  500/1000 steps  10.0 steps/s  0:50 left\n')
  })

  it('prints a line a minute where tenths are long or unknown', () => {
    const { written, progress, wait } = setUp({ unit: 'steps' })
    for (let i = 1; i <= 600; i++) {
      wait(1000)
      progress.update(i)
    }
    expect(written).toHaveLength(10)
  })

  it('does not count for its speed what an earlier run did', () => {
    const { written, progress, wait } = setUp({ total: 2000, initial: 1000, unit: 'steps' })
    wait(60_000)
    progress.update(1120)
    expect(written.at(-1)).toBe('song  56 %  1120/2000 steps  2.0 steps/s  7:20 left\n')
  })
})

describe('formats', () => {
  it('write durations as clocks and rates with three figures', () => {
    expect([0, 9.6, 83, 3723].map(formatDuration)).toEqual(['0:00', '0:10', '1:23', '1:02:03'])
    expect([123.4, 12.34, 0.0512].map(formatRate)).toEqual(['123', '12.3', '0.051'])
  })
})
