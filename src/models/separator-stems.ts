/**
 * The stems of a separator, from those of its network. What is left beside the vocals is not the network's affair: `separate` gives the
 * instrumental as the mixture minus the vocals, so that both add up to the song; a network that estimates the instrumental alone has its vocals
 * from the same difference.
 */
import type { SeparationNetwork } from './separation-network.ts'
import type { StereoWindow } from './separator.ts'
import { orderLike } from './stem-order.ts'

/** Names of what is left beside the vocals. */
const accompaniments = ['instrumental', 'accompaniment']

export interface SeparatorStems {
  readonly stems: readonly string[]
  readonly interchangeable: boolean
  /** A network's estimates of a window to the stems' ones. */
  convert(estimates: Readonly<Record<string, StereoWindow>>, window: StereoWindow): Record<string, StereoWindow>
}

/** All estimates at the one gain with which their sum comes nearest to the window; training on a ratio that knows no scale leaves it open. */
function levelled(estimates: Readonly<Record<string, StereoWindow>>, window: StereoWindow): Readonly<Record<string, StereoWindow>> {
  const all = Object.values(estimates)
  let [shared, own] = [0, 0]
  for (const [c, mixture] of window.entries()) {
    for (let i = 0; i < mixture.length; i++) {
      const sum = all.reduce((total, estimate) => total + estimate[c]![i]!, 0)
      shared += mixture[i]! * sum
      own += sum * sum
    }
  }
  const gain = own > 0 ? shared / own : 1
  const scaled = ([left, right]: StereoWindow): StereoWindow => [left.map((x) => gain * x), right.map((x) => gain * x)]
  return Object.fromEntries(Object.entries(estimates).map(([stem, estimate]) => [stem, scaled(estimate)]))
}

function difference(window: StereoWindow, part: StereoWindow): StereoWindow {
  const [left, right] = [0, 1].map((c) => window[c]!.map((x, i) => x - part[c]![i]!)) as [Float32Array, Float32Array]
  return [left, right]
}

/** Outputs without an order are called `source-1`, `source-2` …, whatever the network calls them: a name would say which is which. */
function unordered({ stems, channels }: SeparationNetwork): SeparatorStems {
  const names = stems.map((_, i) => `source-${i + 1}`)
  return {
    stems: names,
    interchangeable: true,
    convert: (estimates) => {
      const found = stems.map((stem) => estimates[stem]!)
      const order =
        channels === 1
          ? orderLike(
              found.map(([left]) => [left]),
              found.map(([, right]) => [right]),
            )
          : names.map((_, i) => i)
      return Object.fromEntries(names.map((name, i) => [name, [found[i]![0], found[order[i]!]![1]] as const]))
    },
  }
}

/** What a separator makes of a network's stems. */
export function separatorStems(network: SeparationNetwork): SeparatorStems {
  const plan = planStems(network)
  return network.levelsOpen ? { ...plan, convert: (estimates, window) => plan.convert(levelled(estimates, window), window) } : plan
}

function planStems(network: SeparationNetwork): SeparatorStems {
  if (network.interchangeable) return unordered(network)
  const rest = network.stems.find((stem) => accompaniments.includes(stem))
  const others = network.stems.filter((stem) => !accompaniments.includes(stem))
  if (rest === undefined || others.includes('vocals')) {
    return {
      stems: others,
      interchangeable: false,
      convert: (estimates) => Object.fromEntries(others.map((stem) => [stem, estimates[stem]!])),
    }
  }
  return {
    stems: ['vocals', ...others],
    interchangeable: false,
    convert: (estimates, window) => ({
      vocals: difference(window, estimates[rest]!),
      ...Object.fromEntries(others.map((stem) => [stem, estimates[stem]!])),
    }),
  }
}
