/** Points in the plane, in groups: embeddings, clusters, one score against another. */

import type { Values } from './line-plot.ts'
import { checkPairs, checkSome, placer, plot, rangeInWords } from './plot.ts'
import { type Axis, scaleOf } from './scale.ts'
import { element, type PictureOptions, pixels, seriesCount } from './svg.ts'

export interface PointGroup {
  readonly label: string
  readonly x: Values
  readonly y: Values
}

export interface ScatterPlotOptions extends PictureOptions {
  readonly x: Axis
  readonly y: Axis
  readonly groups: readonly PointGroup[]
}

/** Groups differ in shape too: circle, square, diamond, triangle; around (0, 0), of about equal area. */
const shapes = ['M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0', 'M-3-3h6v6h-6z', 'M0-4.3L4.3 0L0 4.3L-4.3 0z', 'M0-4L4 3.2H-4z']

const shapeOf = (group: number) => shapes[group % shapes.length]!

/**
 * A scatter plot. Points with a NaN are left out, and the description says how many were.
 *
 * @returns SVG
 * @throws RangeError for no groups or points, x and y of different lengths, values that a logarithmic axis cannot show, sizes without room
 */
export function scatterPlot({ x, y, groups, ...options }: ScatterPlotOptions): string {
  const who = 'scatterPlot'
  checkSome(who, 'groups', groups)
  for (const group of groups) checkPairs(who, `group "${group.label}"`, group.x, group.y)
  const [xs, ys] = [groups.flatMap((group) => Array.from(group.x)), groups.flatMap((group) => Array.from(group.y))]
  const [sx, sy] = [scaleOf(who, x, xs, 0.05, 8), scaleOf(who, y, ys, 0.05, 6)]
  const left = xs.filter((value, i) => !Number.isFinite(value) || !Number.isFinite(ys[i]!)).length
  return plot({
    ...options,
    who,
    x: { ...x, scale: sx },
    y: { ...y, scale: sy },
    legend: groups.length > 1 ? groups.map((group, g) => ({ label: group.label, mark: { path: shapeOf(g) } })) : [],
    told: `${xs.length - left} points of ${groups.map((group) => group.label).join(', ')}${left > 0 ? `; ${left} without a finite place left out` : ''}. ${rangeInWords(x, xs)}. ${rangeInWords(y, ys)}.`,
    draw: (area) => {
      const [toX, toY] = [placer(sx, area.left, area.width), placer(sy, area.top + area.height, -area.height)]
      const inside = groups.flatMap((group, g) =>
        Array.from(group.x).flatMap((a, i) => {
          const b = group.y[i]!
          if (!Number.isFinite(a) || !Number.isFinite(b)) return []
          const transform = `translate(${pixels(toX(a))} ${pixels(toY(b))})`
          return [element('path', { class: `dot fill${g % seriesCount}`, d: shapeOf(g), transform })]
        }),
      )
      return { inside: inside.join('') }
    },
  })
}
