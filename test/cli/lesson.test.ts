import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lessonCommand } from '../../src/cli/lesson.ts'
import { exercises, lessons } from '../../src/lessons/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-lesson-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function divisiLesson(...args: string[]): Promise<{ code: number; text: string }> {
  let text = ''
  let code = -1
  const command = lessonCommand(
    async (run) => {
      code = await run(new AbortController().signal)
    },
    {
      write: (part) => {
        text += part
      },
    },
  )
  await command.exitOverride().parseAsync(args, { from: 'user' })
  return { code, text }
}

describe('divisi lesson', () => {
  it('2.23 list names every lesson and every exercise', async () => {
    const { code, text } = await divisiLesson('list')
    expect(code).toBe(0)
    for (const { name, title } of [...lessons, ...exercises])
      expect(text).toMatch(new RegExp(`^  ${name} +${title.replace(/[^\w]/g, '.')}$`, 'm'))
  })

  it('2.23 run tells the lesson, writes its pictures, and says that its claim holds', async () => {
    const out = join(folder, 'new', 'pictures')
    const { code, text } = await divisiLesson('run', 'checkerboard', '--out', out)
    expect(code).toBe(0)
    expect(text).toContain('Odena')
    expect(text).toContain('Holds: A constant becomes')
    expect((await readdir(out)).sort()).toEqual(['checkerboard.interpolated.svg', 'checkerboard.transposed.svg'])
    expect(await readFile(join(out, 'checkerboard.transposed.svg'), 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>\n$/)
    expect(text.split('\n').every((line) => line.length <= 160)).toBe(true)
  })

  it('2.23 exercise writes a file to begin with, check tells right from wrong, solution is right', async () => {
    const file = join(folder, 'mine.mjs')
    expect((await divisiLesson('exercise', 'convolution-loop', '--out', file)).text).toContain('Σ f[n − m]·g[m]')
    await expect(divisiLesson('exercise', 'convolution-loop', '--out', file)).rejects.toThrow('is there already')
    const wrong = await divisiLesson('check', 'convolution-loop', file)
    expect(wrong).toMatchObject({
      code: 1,
      text: expect.stringContaining('not yet: convolve([1,2,3], [0,1,10]) gives [], right is [0,1,12,23,30]'),
    })
    const solution = join(folder, 'solution.mjs')
    await writeFile(solution, (await divisiLesson('solution', 'convolution-loop')).text)
    expect(await divisiLesson('check', 'convolution-loop', solution)).toEqual({ code: 0, text: 'convolution-loop: right\n' })
  })

  it('2.23 refuses what there is not', async () => {
    await expect(divisiLesson('run', 'piano')).rejects.toThrow('lesson "piano": there is none; allowed are auto-pool')
    await expect(divisiLesson('check', 'piano', 'x.mjs')).rejects.toThrow('exercise "piano": there is none; allowed are convolution-loop')
    await expect(divisiLesson('check', 'confusion', join(folder, 'none.mjs'))).rejects.toThrow('none.mjs')
  })
})
