/** `mpirun -n 2 npx divisi train`: two processes learn what one does, and whatever happens to one of them, the run goes on later. */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointOf, lossesOf, runTrain, type TrainCall } from './training.ts'

const recipe = `
name: tiny
model: { architecture: band-unet, nFft: 512, hopLength: 256, bands: 32, highest: 16000, channels: [4, 8], bottleneck: 1 }
data: { syntheticSongs: 20, syntheticSeconds: 3, seconds: 0.366, mix: { synthetic: { vocals: 1, instrumental: 1 } } }
training:
  { steps: 40, batchSize: 1, accumulate: 4, learningRate: 0.005, warmup: 4, validateEvery: 20, validationExamples: 2, checkpointEvery: 7, averageDecay: 0.9 }
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-ranks-'))
  await writeFile(join(folder, 'tiny.yaml'), recipe)
  expect(await train('alone')).toMatchObject({ code: 0 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const inFolder = (run: string) => join(folder, run)
const train = (run: string, call: Partial<TrainCall> = {}) =>
  runTrain({ recipe: inFolder('tiny.yaml'), runFolder: inFolder(run), cache: inFolder('cache'), more: ['--threads', '1'], ...call })

/** Processes that mpirun has started, by rank. */
const ranksOf = ({ pid }: ChildProcess) =>
  execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
    .map(Number)

/** The largest difference between the weights of two runs, of the largest weight. */
async function distance(a: string, b: string): Promise<number> {
  const [one, other] = [await checkpointOf(inFolder(a)), await checkpointOf(inFolder(b))]
  let [worst, largest] = [0, 0]
  for (const name of ['weights', 'average']) {
    const values = other.get(name)!.data as Float32Array
    for (const [i, value] of (one.get(name)!.data as Float32Array).entries()) {
      largest = Math.max(largest, Math.abs(value))
      worst = Math.max(worst, Math.abs(value - values[i]!))
    }
  }
  return worst / largest
}

/**
 * Of the largest weight. Gradients of four parts are float32 sums in another order, 1e-7 of them; but the biases before a batch norm have no gradient but
 * rounding, of which Adam makes steps: 5e-5 was seen. Losses do not depend on those: 8e-8 was seen.
 */
const [tolerance, lossTolerance] = [1e-3, 1e-5]

describe('divisi train under mpirun', () => {
  it('4.32 learns in two processes what one learns: losses, weights, scores', async () => {
    const both = await train('both', { ranks: 2 })
    expect(both.code, both.text).toBe(0)
    // One of them speaks.
    expect(both.text.match(/from the start/g)).toHaveLength(1)
    expect(both.text).toMatch(/2 ranks, from the start[\s\S]*step 20: validation SI-SDR[\s\S]*done at step 40/)
    expect(await distance('alone', 'both')).toBeLessThan(tolerance)
    const [alone, found] = [await lossesOf(inFolder('alone')), await lossesOf(inFolder('both'))]
    for (const [step, loss] of alone) expect(Math.abs(found.get(step)! - loss), `step ${step}`).toBeLessThan(lossTolerance)
    const lines = (await readFile(join(inFolder('both'), 'log.jsonl'), 'utf8')).match(/"step":\d+,"loss"/g)
    expect(lines).toHaveLength(40)
  })

  it.each([0, 1])('ends, and says so, when rank %i is killed, and goes on in one process', async (victim) => {
    const run = `killed-${victim}`
    const killed = await train(run, { ranks: 2, stop: { at: 16, by: (child) => process.kill(ranksOf(child)[victim]!, 'SIGKILL') } })
    expect(killed.code, killed.text).not.toBe(0)
    expect(killed.text).toMatch(new RegExp(`rank ${victim} .* exited on signal 9`))
    expect(killed.text).toMatch(new RegExp(`rank ${1 - victim}: told to end, .*goes on from the last checkpoint`))
    const finished = await train(run)
    expect(finished.text).toMatch(/continuing after step (14|21)[\s\S]*was computed by .*2 ranks[\s\S]*done at step 40/)
    expect(await distance('alone', run)).toBeLessThan(tolerance)
  })

  it('stops in order when mpirun is told to, and goes on in four processes', async () => {
    // Open MPI hands the signal on after a second, which forty of the other steps may take.
    const slow = inFolder('slow.yaml')
    await writeFile(slow, recipe.replace('batchSize: 1', 'batchSize: 8'))
    expect(await train('whole', { recipe: slow })).toMatchObject({ code: 0 })
    const stopped = await train('stopped', { recipe: slow, ranks: 2, stop: { at: 1, by: (child) => child.kill('SIGINT') } })
    expect(stopped.code).not.toBe(0)
    expect(stopped.text).toMatch(/stopped at step \d+: the same command goes on from .*last\.safetensors/)
    const finished = await train('stopped', { recipe: slow, ranks: 4 })
    expect(finished, finished.text).toMatchObject({ code: 0, text: expect.stringMatching(/4 ranks, continuing after step \d+/) })
    expect(await distance('whole', 'stopped')).toBeLessThan(tolerance)
  })

  it('says once what no process can do: share out what cannot be shared, or read what is not there', async () => {
    const odd = await train('odd', { ranks: 3 })
    expect(odd.code).toBe(1)
    expect(odd.text.match(/error:.*/g)).toEqual([
      expect.stringMatching(/updates of 4 parts cannot be shared out evenly among 3 processes; give accumulate: 6, .*divides 4$/),
    ])
    const missing = await train('missing', { ranks: 2, recipe: inFolder('missing.yaml') })
    expect(missing.text.match(/error:.*/g)).toEqual([expect.stringMatching(/missing\.yaml: there is no such recipe/)])
    const other = await train('alone', { ranks: 2, more: ['--overfit', '1'] })
    expect(other.text.match(/error:.*/g)).toEqual([expect.stringMatching(/last\.safetensors belongs to another recipe/)])
  })
})
