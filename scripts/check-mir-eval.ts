/**
 * Compares BSS Eval with the numbers that mir_eval's own test fixtures state (https://github.com/mir-evaluation/mir_eval, tests/data/separation:
 * folders ref01, est01, … and output01.json, …). Their recordings are not ours to ship, so that this is no test; test/goldens/bss_eval.py
 * states the same formulas again for those.
 *
 *     npx tsx scripts/check-mir-eval.ts FOLDER
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openAudio } from '../src/audio/index.ts'
import { type BssEval, type BssEvalOptions, bssEval } from '../src/evaluation/index.ts'

const names = { sdr: 'Source to Distortion', isr: 'Image to Spatial', sir: 'Source to Interference', sar: 'Source to Artifact' } as const
type Ratio = keyof typeof names
type Expected = Record<string, number | readonly (number | readonly number[])[]>

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('check-mir-eval: give the folder with ref01, est01, output01.json and so on')

async function read(path: string): Promise<Float64Array> {
  const samples: number[] = []
  for await (const [block] of (await openAudio(path)).blocks) samples.push(...block!)
  return Float64Array.from(samples)
}

function largest(made: BssEval, expected: Expected, ratios: readonly Ratio[]): number {
  const differences = ratios.flatMap((ratio) => {
    const rows = expected[names[ratio]]
    return Array.isArray(rows) ? rows.flatMap((row, j) => [row].flat().map((v, f) => Math.abs((v as number) - made[ratio][j]![f]!))) : []
  })
  return Math.max(...differences)
}

let failed = 0
function report(what: string, difference: number, limit: number): void {
  const good = difference < limit
  if (!good) failed++
  console.log(`${good ? 'ok ' : 'BAD'} ${what}: ${difference.toExponential(1)} dB at most, allowed ${limit.toExponential(0)}`)
}

for (const file of readdirSync(folder).filter((name) => /^output\d+\.json$/.test(name))) {
  const id = file.slice('output'.length, -'.json'.length)
  const expected = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, Expected>
  const all = (kind: string) =>
    Promise.all(
      readdirSync(join(folder, kind + id))
        .sort()
        .map((name) => read(join(folder!, kind + id, name))),
    )
  const [references, estimates] = [await all('ref'), await all('est')]
  const compare = async (part: string, channels: number, gain: number, options: BssEvalOptions) => {
    const spread = (signals: readonly Float64Array[], factor: number) =>
      signals.map((x) => Array.from({ length: channels }, (_, c) => (c === 0 ? x : x.map((value) => factor * value))))
    return { made: await bssEval(spread(references, 1), spread(estimates, gain), { version: 3, ...options }), wanted: expected[part]! }
  }
  const framing = (part: string) => ({ window: expected[part]!.win as number, hop: expected[part]!.hop as number })
  const sources = await compare('Sources', 1, 1, { kind: 'sources', permute: true })
  report(`${id}, sources`, largest(sources.made, sources.wanted, ['sdr', 'sir', 'sar']), 1e-6)
  const framewise = await compare('Framewise', 1, 1, { kind: 'sources', ...framing('Framewise') })
  report(`${id}, sources by frame`, largest(framewise.made, framewise.wanted, ['sdr', 'sir', 'sar']), 1e-6)
  const { nchan, gain } = expected.Images as unknown as { nchan: number; gain: number }
  for (const [part, options] of [
    ['Images', { permute: true }],
    ['Images Framewise', framing('Images Framewise')],
  ] as const) {
    const { made, wanted } = await compare(part, nchan, gain, options)
    report(`${id}, ${part}: SDR and ISR`, largest(made, wanted, ['sdr', 'isr']), 1e-6)
    // All channels of a reference are equal in these, so that the equations are singular, and mir_eval itself repeats its SIR to 1.4e-4 dB.
    report(`${id}, ${part}: SIR and SAR`, largest(made, wanted, ['sir', 'sar']), 2e-4)
  }
}
process.exitCode = failed === 0 ? 0 : 1
