/** Pictures of a run, drawn of its log: the loss of its steps and the scores of its validations. */
import { readFile } from 'node:fs/promises'
import { linePlot } from '../report/index.ts'
import type { ScoreKind } from '../tasks/index.ts'

interface Entry {
  readonly step?: number
  readonly loss?: number
  readonly validation?: Readonly<Record<string, number>>
}

/** Points of a curve: more would not be seen. */
const points = 200

/** Entries by step. A resumed run repeats the steps after its last checkpoint: the later entry counts. A line cut by a kill does not. */
async function readLog(file: string): Promise<{ losses: Map<number, number>; validations: Map<number, Readonly<Record<string, number>>> }> {
  const text = await readFile(file, 'utf8')
  const [losses, validations] = [new Map<number, number>(), new Map<number, Readonly<Record<string, number>>>()]
  for (const line of text.split('\n')) {
    if (!line.endsWith('}')) continue
    const { step, loss, validation } = JSON.parse(line) as Entry
    if (step !== undefined) losses.set(step, loss ?? Number.NaN)
    if (validation) validations.set(validation.step!, validation)
  }
  return { losses, validations }
}

/** Means of so many neighbouring steps that the curve has few points. */
function smoothed(losses: ReadonlyMap<number, number>): { x: number[]; y: number[] } {
  const finite = [...losses].filter(([, loss]) => Number.isFinite(loss)).sort(([a], [b]) => a - b)
  const width = Math.max(1, Math.ceil(finite.length / points))
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value / values.length, 0)
  const groups = Array.from({ length: Math.ceil(finite.length / width) }, (_, i) => finite.slice(i * width, (i + 1) * width))
  return { x: groups.map((group) => mean(group.map(([step]) => step))), y: groups.map((group) => mean(group.map(([, loss]) => loss))) }
}

/** SVG texts by name: `loss`, and `score` of the first kind; none of what has fewer than two points. */
export async function drawRun(name: string, logFile: string, { label, unit, name: key }: ScoreKind): Promise<Record<string, string>> {
  const { losses, validations } = await readLog(logFile)
  const loss = smoothed(losses)
  const pictures: Record<string, string> = {}
  if (loss.x.length > 1)
    pictures.loss = linePlot({
      title: `${name}: loss of the training batches`,
      x: { label: 'step' },
      y: { label: 'loss', log: loss.y.every((value) => value > 0) },
      lines: [{ label: 'loss', ...loss }],
    })
  const scores = [...validations].filter(([, validation]) => Number.isFinite(validation[key])).sort(([a], [b]) => a - b)
  if (scores.length > 1)
    pictures.score = linePlot({
      title: `${name}: ${label} on held-out examples`,
      x: { label: 'step' },
      y: { label: unit ? `${label} (${unit})` : label },
      lines: [{ label, points: true, x: scores.map(([step]) => step), y: scores.map(([, v]) => v[key]! * (unit === '%' ? 100 : 1)) }],
    })
  return pictures
}
