/**
 * Several separators as one: where their mistakes differ, their agreement is better than each of them. Means and medians are of samples; `min` and
 * `max` choose in each bin of a spectrum the quietest or the loudest estimate as it is, phase included, the first of those that are equal.
 */

import { binaryMask, istft, magnitude, type StftOptions, stft } from '../../dsp/index.ts'
import type { Separator } from '../../models/index.ts'
import { untilAborted } from '../../models/turns.ts'
import { type Backend, compile, type Program } from '../../runtime/browser.ts'
import { complex, neg, sum } from '../../tensor/index.ts'
import { derive, disposeAll } from './derive.ts'
import { inWindowsOf, sharedWindow } from './ensemble-windows.ts'
import { factsOf, joinedPrepass } from './joined-listener.ts'
import { type Estimates, inOrderOf, meanOf, medianOf } from './mean-estimates.ts'
import { defaultTransform, packed, unpacked } from './packing.ts'

/** How estimates become one. `min` of vocals leaves the fewest instruments in them, `max` the fewest words out. */
export const ensembleRules = ['mean', 'median', 'min', 'max'] as const

export type EnsembleRule = (typeof ensembleRules)[number]

export interface EnsembleOptions {
  /** `mean` by default. */
  readonly rule?: EnsembleRule
  /** What each member counts for in a mean, ≥ 0 and not all 0; equal by default. */
  readonly weights?: readonly number[]
  /** Computes the spectra of `min` and `max`, which need it. The ensemble owns it from then on, and disposes of it. */
  readonly backend?: Backend
  /** Frames of the spectra, 4096 samples every 1024 by default. */
  readonly transform?: StftOptions
}

/** @throws RangeError for members and options that do not fit together */
function check(members: readonly Separator[], { rule = 'mean', weights, backend }: EnsembleOptions): readonly string[] {
  const [first] = members
  if (!first) throw new RangeError('ensemble: no members; needs one separator at least')
  if (!ensembleRules.includes(rule)) throw new RangeError(`rule: "${rule}"; allowed are ${ensembleRules.join(', ')}`)
  if (weights) {
    if (rule !== 'mean') throw new RangeError(`weights: given for the rule "${rule}"; only means have weights`)
    const bad = weights.length !== members.length || weights.some((weight) => !(weight >= 0 && weight < Infinity)) || !weights.some(Boolean)
    if (bad) throw new RangeError(`weights: ${weights.join(', ')}; ${members.length} members need as many numbers ≥ 0, not all of them 0`)
  }
  if ((rule === 'min' || rule === 'max') && !backend)
    throw new RangeError(`backend: none; the rule "${rule}" compares spectra and needs one`)
  const stems = first.stems.filter((stem) => members.every((member) => member.stems.includes(stem)))
  if (stems.length === 0) {
    const each = members.map((member) => `${member.name}: ${member.stems.join(', ')}`)
    throw new RangeError(`ensemble: the models have no stem in common (${each.join('; ')})`)
  }
  const ordered = members.filter(({ interchangeable = false }) => !interchangeable)
  if (ordered.length > 0 && ordered.length < members.length) {
    const without = members.filter(({ interchangeable = false }) => interchangeable)
    throw new RangeError(
      `ensemble: stems of ${without[0]!.name} have no order, those of ${ordered[0]!.name} have one; choose models of one kind`,
    )
  }
  return stems
}

/** (k, s, 2, n) → (s, 2, n): in each bin the estimate that is quietest, or loudest. */
function chooseBins(
  rule: 'min' | 'max',
  [members, stems, length]: readonly [number, number, number],
  transform: StftOptions,
  backend: Backend,
): Promise<Program> {
  return compile(
    ({ estimates }) => {
      const z = stft(estimates, transform)
      const level = rule === 'max' ? magnitude(z) : neg(magnitude(z))
      const chosen = complex.scale(z, binaryMask(level, { axis: 0 }))
      return {
        stems: istft(
          complex.map(chosen, (x) => sum(x, { axes: [0] })),
          length,
          transform,
        ),
      }
    },
    { estimates: [members, stems, 2, length] },
    { backend },
  )
}

/**
 * Separators as one, with the stems that all of them know. They work one after the other; the ensemble owns them, and disposes of them. Rates and
 * windows may differ: the ensemble has the highest rate and the longest window, and cuts it for members that have others.
 *
 * @throws RangeError for members without a common stem, with and without an order of stems, one that listens to whole songs at another rate than the
 * ensemble's, and options that do not fit. The members and the backend are disposed of then.
 *
 * @example
 * const paths = ['vocals', 'mine.safetensors']
 * const both = await ensembleOf(await Promise.all(paths.map((path) => loadSeparator(path))), { weights: [2, 1] })
 */
export async function ensembleOf(members: readonly Separator[], options: EnsembleOptions = {}): Promise<Separator> {
  const { rule = 'mean', weights, backend, transform = defaultTransform } = options
  const owned = [...members, ...(backend ? [backend] : [])]
  try {
    const stems = check(members, options)
    const window = sharedWindow(members)
    const asked = members.map((member) => inWindowsOf(window, member))
    const { windowLength } = window
    const bins =
      backend && (rule === 'min' || rule === 'max')
        ? await chooseBins(rule, [members.length, stems.length, windowLength], transform, backend)
        : undefined
    const prepass = joinedPrepass(asked)
    const devices = [...new Set(members.map(({ device }) => device))]
    const interchangeable = members[0]!.interchangeable ?? false
    return {
      ...derive(asked[0]!, {
        async predict([left, right], { signal, facts } = {}) {
          const all: Estimates[] = []
          for (const [m, member] of asked.entries()) {
            signal?.throwIfAborted()
            const found = await member.predict([left.slice(), right.slice()], { ...(signal && { signal }), ...factsOf(m, facts) })
            all.push(interchangeable && all[0] ? inOrderOf(all[0], found, stems) : found)
          }
          if (!bins) return rule === 'median' ? medianOf(all, stems) : meanOf(all, stems, weights)
          const estimates = new Float32Array(all.length * stems.length * 2 * windowLength)
          for (const [m, each] of all.entries()) estimates.set(packed(each, stems, windowLength), m * stems.length * 2 * windowLength)
          const chosen = (await untilAborted(bins.run({ estimates }), signal)) as { stems: Float32Array }
          return unpacked(chosen.stems, stems, windowLength)
        },
      }),
      name: members.map(({ name }) => name).join(' + '),
      device: devices.join('; '),
      stems,
      interchangeable,
      // What one of them knows of, the ensemble does.
      bandwidth: Math.max(...members.map((member) => member.bandwidth ?? member.sampleRate / 2)),
      ...(prepass && { prepass }),
      dispose: () => disposeAll(owned),
    }
  } catch (error) {
    await disposeAll(owned)
    throw error
  }
}
