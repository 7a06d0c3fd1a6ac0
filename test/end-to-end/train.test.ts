/** `npx divisi train` as people run it: the built command on a recipe whose songs the project makes itself. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../browser/chromium.ts'
import { checkpointOf, lossesOf, runTrain, type Stop } from './training.ts'

const recipe = `
name: tiny
model: { architecture: band-unet, nFft: 512, hopLength: 256, bands: 32, highest: 16000, channels: [4, 8], bottleneck: 1 }
data: { syntheticSongs: 20, syntheticSeconds: 3, seconds: 0.366, mix: { synthetic: { vocals: 1, instrumental: 1 } } }
training: { steps: 120, batchSize: 2, learningRate: 0.005, warmup: 4, decay: 10, validateEvery: 60, validationExamples: 2, checkpointEvery: 7 }
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-train-'))
  await writeFile(join(folder, 'tiny.yaml'), recipe)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const losses = (run: string) => lossesOf(join(folder, run))
const stored = (run: string) => checkpointOf(join(folder, run))
const train = (run: string, stop?: Stop, file = 'tiny.yaml', more: readonly string[] = []) =>
  runTrain({ recipe: join(folder, file), runFolder: join(folder, run), cache: join(folder, 'cache'), stop, more })

describe('divisi train', () => {
  it('goes on after Ctrl-C and after a kill as if nothing had happened, bit for bit', async () => {
    const whole = await train('whole')
    expect(whole).toMatchObject({
      code: 0,
      text: expect.stringMatching(/onnxruntime-node .*from the start[\s\S]*step 60: validation SI-SDR[\s\S]*done at step 120/),
    })

    const interrupted = await train('cut', { at: 10, by: (child) => child.kill('SIGINT') })
    expect(interrupted).toMatchObject({
      code: 130,
      text: expect.stringMatching(/stopped at step \d+: the same command goes on from .*last\.safetensors/),
    })
    const reached = Math.max(...(await losses('cut')).keys())
    expect(reached).toBeLessThan(60)

    const killed = await train('cut', { at: reached + 16, by: (child) => child.kill('SIGKILL') })
    expect(killed).toMatchObject({ code: 137, text: expect.stringContaining(`continuing after step ${reached}`) })

    const finished = await train('cut')
    expect(finished).toMatchObject({ code: 0, text: expect.stringMatching(/continuing after step \d+[\s\S]*done at step 120/) })
    expect(await losses('cut')).toEqual(await losses('whole'))
    expect(await stored('cut')).toEqual(await stored('whole'))
    for (const file of ['model.safetensors', 'best.safetensors']) {
      expect(await readFile(join(folder, 'cut', file)), file).toEqual(await readFile(join(folder, 'whole', file)))
    }
    // No step stands in the log twice, and each of the three processes has its own file of TensorBoard's events.
    const log = (await readFile(join(folder, 'cut', 'log.jsonl'), 'utf8')).trimEnd().split('\n')
    const steps = log.flatMap((line) => (JSON.parse(line) as { step?: number }).step ?? [])
    expect(steps).toEqual(Array.from({ length: 120 }, (_, i) => i + 1))
    expect(await readdir(join(folder, 'cut', 'tensorboard'))).toHaveLength(3)
  })

  it('leaves a page in which charts zoom and sounds play, without a word from elsewhere', async () => {
    const executablePath = findChromium()
    const browser = await chromium.launch(executablePath === undefined ? {} : { executablePath })
    try {
      const page = await browser.newPage({ viewport: { width: 400, height: 800 } })
      const [errors, asked]: [string[], string[]] = [[], []]
      page.on('pageerror', ({ message }) => errors.push(message))
      page.on('request', (request) => asked.push(request.url().slice(0, 5)))
      await page.goto(pathToFileURL(join(folder, 'cut', 'report.html')).href)
      // Nothing is wider than a narrow screen.
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400)
      expect(await page.locator('h1 .state').textContent()).toBe('finished')
      await page.setViewportSize({ width: 1280, height: 900 })
      const loss = page.locator('figure.chart').first()
      const ticks = () => loss.locator('svg > text:not([class])').allTextContents()
      const before = await ticks()
      const box = (await loss.locator('svg').boundingBox())!
      await page.mouse.move(box.x + 0.3 * box.width, box.y + 100)
      expect(await loss.locator('output').textContent()).toMatch(/^step \d+: −?[\d.]+$/)
      await page.mouse.down()
      await page.mouse.move(box.x + 0.6 * box.width, box.y + 100, { steps: 3 })
      await page.mouse.up()
      expect(await ticks()).not.toEqual(before)
      expect(await loss.locator('path.line').getAttribute('d')).not.toMatch(/NaN/)
      await loss.locator('button[aria-label="show all steps"]').click()
      await loss.locator('.plot').focus()
      for (let press = 0; press < 2; press++) await page.keyboard.press('ArrowRight')
      expect(await loss.locator('output').textContent()).toMatch(/^step 2: /)
      const seconds = await page.evaluate(`(async () => {
        const sounds = [...document.querySelectorAll('audio')]
        const length = (sound) => new Promise((done, fail) => {
          sound.onloadedmetadata = () => done(sound.duration)
          sound.onerror = () => fail(new Error('cannot be played'))
          sound.load()
          sound.preload = 'auto'
        })
        return Promise.all(sounds.map(length))
      })()`)
      // Two examples: mixture, truth and estimate; and both estimates of the first validation.
      expect(seconds).toEqual(Array.from({ length: 8 }, () => expect.closeTo(0.366, 2)))
      expect(errors).toEqual([])
      expect(asked.filter((url) => !/^(file|data):/.test(url))).toEqual([])
    } finally {
      await browser.close()
    }
  })

  it('compares runs: a table, and the same numbers as JSON and as a page', async () => {
    const args = ['runs', 'whole', 'cut', '--json', 'runs.json', '--html', 'runs.html']
    const { status, stdout } = spawnSync(process.execPath, [resolve('dist/cli/main.js'), ...args], { encoding: 'utf8', cwd: folder })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^whole +finished +120 of 120/m)
    const { runs } = JSON.parse(await readFile(join(folder, 'runs.json'), 'utf8')) as { runs: { scores: object }[] }
    expect(runs[0]!.scores).toEqual(runs[1]!.scores)
    expect(await readFile(join(folder, 'runs.html'), 'utf8')).toContain('href="cut/report.html"')
  })

  it('learns: the loss of the last thirty steps is below that of the first ten', async () => {
    const values = [...(await losses('whole')).values()]
    const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length
    expect(mean(values.slice(-30))).toBeLessThan(mean(values.slice(0, 10)) - 0.02)
  })

  it('refuses a run folder of another recipe, and a recipe with a wrong key, in one line', async () => {
    await writeFile(join(folder, 'other.yaml'), recipe.replace('learningRate: 0.005', 'learningRate: 0.004'))
    const other = await train('whole', undefined, 'other.yaml')
    expect(other).toMatchObject({ code: 1, text: expect.stringMatching(/last\.safetensors belongs to another recipe.*--run/) })
    await writeFile(join(folder, 'wrong.yaml'), recipe.replace('batchSize: 2', 'batchSize: 0, colour: red'))
    const wrong = await train('wrong', undefined, 'wrong.yaml')
    expect(wrong.code).not.toBe(0)
    expect(wrong.text.trim().split('\n')).toHaveLength(1)
    expect(wrong.text).toMatch(/wrong\.yaml.*batchSize.*colour|wrong\.yaml.*colour.*batchSize/)
  })

  it('names the recordings that a recipe needs and does not find', async () => {
    await writeFile(join(folder, 'files.csv'), `sha256,bytes,kind,split,group,name\n${'0'.repeat(64)},5,vocals,train,a/b,gone.ogg\n`)
    await writeFile(join(folder, 'recordings.yaml'), recipe.replace('syntheticSongs: 20,', 'files: files.csv, syntheticSongs: 20,'))
    const without = await train('recordings', undefined, 'recordings.yaml')
    expect(without).toMatchObject({ code: 1, text: expect.stringMatching(/names recordings; give their folder with --data DIR/) })
    const elsewhere = await train('recordings', undefined, 'recordings.yaml', ['--data', folder])
    expect(elsewhere).toMatchObject({ code: 1, text: expect.stringMatching(/gone\.ogg/) })
  })

  it('3.45 learns one example by heart with --overfit 1, says how far it came, and keeps such a run apart', async () => {
    const heart = `
name: heart
model: { architecture: mask-inference, sampleRate: 44100, channels: 2, stems: [vocals, instrumental], hidden: 32, layers: 1 }
data: { syntheticSongs: 20, syntheticSeconds: 3, seconds: 0.366, mix: { synthetic: { vocals: 1, instrumental: 1 } } }
training: { steps: 150, batchSize: 2, learningRate: 0.01, warmup: 4, validateEvery: 60, validationExamples: 2, checkpointEvery: 100 }
`
    await writeFile(join(folder, 'heart.yaml'), heart)
    const whole = await train('heart', undefined, 'heart.yaml', ['--overfit', '1', '--stop-after', '60'])
    expect(whole.code).toBe(0)
    const again = await train('heart', undefined, 'heart.yaml', ['--overfit', '1'])
    const [, first, last] = /1 example by heart: loss ([\d.]+) at the first step, ([\d.]+) at the last/.exec(again.text)!.map(Number)
    const found = await losses('heart')
    expect([first, last]).toEqual([found.get(1), found.get(150)].map((loss) => Number(loss!.toFixed(4))))
    // Not 0: masks keep the mixture's phase.
    expect(last).toBeLessThan(0.3 * first!)
    expect(again.text).not.toContain('validation')
    expect(await train('heart', undefined, 'heart.yaml')).toMatchObject({
      code: 1,
      text: expect.stringMatching(/belongs to another recipe/),
    })
    expect(await train('heart', undefined, 'heart.yaml', ['--overfit', '3'])).toMatchObject({
      code: 1,
      text: expect.stringMatching(/overfit: 3 examples; allowed are whole numbers from 1 to the recipe's batchSize, 2/),
    })
  })

  it('3.45 ends early where validations become no better for as long as the recipe waits, and draws what it did', async () => {
    // A rate below half a unit in the last place of every weight: nothing changes, so that the second validation equals the first.
    const still = recipe
      .replace('learningRate: 0.005', 'learningRate: 1.0e-30, patience: 1')
      .replace('validateEvery: 60', 'validateEvery: 2')
    await writeFile(join(folder, 'still.yaml'), still)
    const ended = await train('still', undefined, 'still.yaml')
    expect(ended).toMatchObject({
      code: 0,
      text: expect.stringMatching(/step 2: validation .*, best[\s\S]*step 4: validation[^\n]*dB\n[\s\S]*no better score.*done at step 4/),
    })
    // A stop between validations has a score of its own, which must not try the patience.
    const halted = await train('halted', undefined, 'still.yaml', ['--stop-after', '3'])
    expect(halted.text).toMatch(/step 3: validation[^\n]*\n[\s\S]*stopped at step 3/)
    expect(await train('halted', undefined, 'still.yaml')).toMatchObject({
      code: 0,
      text: expect.stringMatching(/no better score.*done at step 4/),
    })
    expect(await readFile(join(folder, 'still', 'loss.svg'), 'utf8')).toContain('loss of the training batches')
    expect(await readFile(join(folder, 'still', 'score.svg'), 'utf8')).toContain('SI-SDR on held-out examples')
  })
})
