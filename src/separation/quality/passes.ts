/** Test-time augmentation: a separator is asked several times about one window, each time changed, and the estimates changed back are averaged. */

import type { Separator, StereoWindow } from '../../models/index.ts'
import { SeparationError } from '../errors.ts'
import { derive } from './derive.ts'
import { factsOf, joinedPrepass } from './joined-listener.ts'
import { type Estimates, inOrderOf, meanOf } from './mean-estimates.ts'

/** A way to ask. Neither function keeps or changes what it gets. */
export interface Pass {
  /** The window as the separator gets it, in memory of its own. */
  there(window: StereoWindow): StereoWindow
  /** The estimate that belongs to the window as it was. */
  back(estimate: StereoWindow): StereoWindow
  /** Where the change is one of the sound and not only of its place: the song as the separator hears it for its facts. */
  readonly hears?: (samples: StereoWindow) => StereoWindow
}

/** @throws SeparationError where an estimate is missing, while it works */
export function averagedOver(
  separator: Separator,
  passes: readonly Pass[],
  changes: Partial<Pick<Separator, 'windowLength'>> = {},
): Separator {
  const { stems, interchangeable = false, name } = separator
  // Who hears the same song in every pass hears it once.
  const heardOnce = passes.every(({ hears }) => !hears)
  const prepass = heardOnce ? undefined : joinedPrepass(passes.map(({ hears }) => ({ ...(hears && { hears }), prepass: bound(separator) })))
  return derive(separator, {
    ...changes,
    ...(prepass && { prepass }),
    async predict(window, { signal, facts } = {}) {
      const all: Estimates[] = []
      for (const [p, pass] of passes.entries()) {
        signal?.throwIfAborted()
        const own = heardOnce ? (facts ? { facts } : {}) : factsOf(p, facts)
        const found = await separator.predict(pass.there(window), { ...(signal && { signal }), ...own })
        const missing = stems.find((stem) => !found[stem])
        if (missing !== undefined) throw new SeparationError(`the model ${name} gave no estimate for the stem "${missing}"`)
        const estimates = Object.fromEntries(stems.map((stem) => [stem, pass.back(found[stem]!)]))
        all.push(interchangeable && all[0] ? inOrderOf(all[0], estimates, stems) : estimates)
      }
      return meanOf(all, stems)
    },
  })
}

function bound(separator: Separator): Separator['prepass'] {
  const { prepass } = separator
  return prepass && (() => prepass.call(separator))
}
