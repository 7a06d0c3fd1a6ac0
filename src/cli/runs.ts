/** `divisi runs`: training runs beside each other. */
import { dirname, join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { writeWhole } from '../data/index.ts'
import { compareRuns, comparisonPage, comparisonText, readRuns } from '../training/index.ts'
import { exitCodes } from './errors.ts'

export interface RunsFlags {
  readonly html?: string
  readonly json?: string
}

const details = `
A folder is that of a run, or of several runs. Runs whose recipes differ in the seed alone are summed up:
mean and standard deviation of their best scores.

Examples:
  $ divisi runs runs/vocals
  $ divisi runs --html ablation.html runs/stage-1-* runs/stages-0-1-*`

/** The command for commander; `run` gets the parsed command line. */
export function runsCommand(run: (folders: readonly string[], flags: RunsFlags) => Promise<void>): Command {
  return new Command('runs')
    .description('Compare training runs: scores, curves over each other, and where their recipes differ.')
    .argument('<folder...>', 'folders of runs, as `divisi train --run` writes them')
    .option('--html <file>', 'write a page with table and curves')
    .option('--json <file>', 'write all numbers')
    .addHelpText('after', details)
    .action(run)
}

/** Prints the table and writes the files asked for. */
export async function runRuns(
  folders: readonly string[],
  { html, json }: RunsFlags,
  { stdout }: { stdout: { write(text: string): unknown } },
): Promise<number> {
  const runs = await readRuns(folders)
  const comparison = compareRuns(runs)
  stdout.write(`${comparisonText(comparison)}\n`)
  if (json !== undefined) {
    const curves = runs.map(({ name, record }) => ({
      name,
      curves: Object.fromEntries([...record.curves].map(([key, curve]) => [key, curve.curve()])),
      validations: record.validations,
    }))
    await writeWhole(json, `${JSON.stringify({ ...comparison, curves }, undefined, 1)}\n`)
  }
  if (html !== undefined) {
    const linkTo = ({ folder }: { folder: string }) => {
      const path = relative(dirname(resolve(html)), join(folder, 'report.html'))
      return path.split(/[/\\]/).map(encodeURIComponent).join('/')
    }
    await writeWhole(html, comparisonPage(comparison, runs, linkTo))
  }
  return exitCodes.ok
}
