/**
 * Puts small mistakes into nn/, dsp/ and losses/, one at a time, and lists those that no test notices.
 *
 *     npx tsx scripts/mutation/run.ts [how many, drawn evenly; all by default] [report.json]
 *
 * First all tests run once without any mistake and tell which mistakes they come by; then each mistake meets only the test files that do.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createRandom } from '../../src/tensor/index.ts'
import { instrument, type Mutant } from './mutants.ts'

const count = Number(process.argv[2] ?? Number.POSITIVE_INFINITY)
const report = process.argv[3]
const folder = mkdtempSync(join(tmpdir(), 'divisi-mutation-'))
/** Test files that take longer meet a mistake only where no quicker one does. */
const slowMs = 8000

function vitest(files: readonly string[], mutant: string | undefined): { readonly failed: boolean; readonly milliseconds: number } {
  const started = performance.now()
  const env = { ...process.env, ...(mutant === undefined ? { DIVISI_MUTATION_HITS: folder } : { DIVISI_MUTANT: mutant }) }
  const args = [
    'vitest',
    'run',
    '--config',
    'scripts/mutation/vitest.config.ts',
    '--bail',
    mutant === undefined ? '0' : '1',
    '--reporter',
    'dot',
    ...files,
  ]
  // A mistake in a loop's end may run for ever: it is noticed too. coreutils' timeout ends the processes that vitest started as well.
  const { status } = spawnSync('timeout', ['--signal=KILL', '120', 'npx', ...args], { env, stdio: 'ignore' })
  return { failed: status !== 0, milliseconds: performance.now() - started }
}

const sources = ['nn', 'dsp', 'losses'].flatMap((part) =>
  (readdirSync(`src/${part}`, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts')).map((name) => `src/${part}/${name}`),
)
const mutants: Mutant[] = sources.flatMap((path) => [...instrument(path, readFileSync(path, 'utf8')).mutants])
/** In an order that a seed draws. */
const chosen = mutants
  .map((mutant, i) => ({ mutant, at: createRandom(1, i).uniform() }))
  .sort((a, b) => a.at - b.at)
  .slice(0, count)
  .map(({ mutant }) => mutant)

const tests = ['test/nn', 'test/dsp', 'test/losses', 'test/blocks'].flatMap((part) =>
  (readdirSync(part, { recursive: true }) as string[]).filter((name) => name.endsWith('.test.ts')).map((name) => join(part, name)),
)
const taken = new Map<string, number>()
for (const file of tests) {
  const { failed, milliseconds } = vitest([file], undefined)
  if (failed) throw new Error(`${file} fails without any mistake; mend it first`)
  taken.set(file, milliseconds)
}
const byMutant = new Map<string, string[]>()
for (const line of readFileSync(join(folder, 'hits.jsonl'), 'utf8').trim().split('\n')) {
  const { test, hits } = JSON.parse(line) as { readonly test: string; readonly hits: readonly string[] }
  for (const id of hits) byMutant.set(id, [...(byMutant.get(id) ?? []), relative(process.cwd(), test)])
}

const survivors: (Mutant & { readonly met: readonly string[] })[] = []
for (const [i, mutant] of chosen.entries()) {
  const met = [...(byMutant.get(mutant.id) ?? [])].sort((a, b) => taken.get(a)! - taken.get(b)!)
  const quick = met.filter((file) => taken.get(file)! < slowMs)
  const slow = met.filter((file) => !quick.includes(file))
  const noticed = (quick.length > 0 && vitest(quick, mutant.id).failed) || slow.some((file) => vitest([file], mutant.id).failed)
  if (!noticed) {
    survivors.push({ ...mutant, met })
    console.log(`not noticed: ${mutant.id} (${mutant.change})${met.length === 0 ? ', no test comes by' : ''}`)
  }
  if ((i + 1) % 20 === 0) console.log(`${i + 1} of ${chosen.length}, ${survivors.length} not noticed`)
}
console.log(`${chosen.length} of ${mutants.length} mistakes, ${chosen.length - survivors.length} noticed, ${survivors.length} not`)
if (report !== undefined) writeFileSync(report, `${JSON.stringify(survivors, null, 2)}\n`)
