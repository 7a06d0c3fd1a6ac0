/** Pictures of a run as files of their own: the loss of its steps and the first score of its validations. */
import { linePlot } from '../../report/index.ts'
import type { ScoreKind } from '../../tasks/index.ts'
import { scoreLine } from './page-parts.ts'
import type { RunRecord } from './record.node.ts'

/** SVG texts by name: `loss`, and `score` of the given kind; none of what has fewer than two points. */
export function drawCurves(name: string, record: RunRecord, kind: ScoreKind): Record<string, string> {
  const pictures: Record<string, string> = {}
  const { x, mean, low, high } = record.curves.get('loss')?.curve() ?? { x: [], mean: [], low: [], high: [] }
  if (x.length > 1)
    pictures.loss = linePlot({
      title: `${name}: loss of the training batches`,
      x: { label: 'step' },
      y: { label: 'loss', log: low.every((value) => value > 0) },
      lines: [{ label: 'loss', x, y: mean, band: { low, high } }],
    })
  const score = scoreLine(record, kind)
  if (score.y.length > 1)
    pictures.score = linePlot({
      title: `${name}: ${kind.label} on held-out examples`,
      x: { label: 'step' },
      y: { label: kind.unit ? `${kind.label} (${kind.unit})` : kind.label },
      lines: [{ label: kind.label, ...score }],
    })
  return pictures
}
