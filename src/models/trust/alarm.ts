/**
 * Hears when a network has stopped to separate: when it gives the sound back, silence, or anything between. For a song of nothing but voices or of none
 * that is the right answer, and no level of what is left tells the two apart for all networks (a mask that ends in a ReLU can be zero all along). What
 * tells them apart is asking once more, about a sound that certainly holds both (probe-sound.ts).
 */
import { SeparationError } from '../errors.ts'
import type { StereoWindow } from '../separator.ts'
import { areCopies } from './copies.ts'
import { probeSound } from './probe-sound.ts'

type Estimates = Readonly<Record<string, StereoWindow>>

export interface AlarmOptions {
  /** Of the model, for the message. */
  readonly name: string
  /** Where it runs. */
  readonly device: string
  readonly sampleRate: number
  readonly windowLength: number
  /** The network's estimates of a window. */
  readonly estimate: (window: StereoWindow) => Promise<Estimates>
}

function level(sound: StereoWindow, estimate: StereoWindow): string {
  const energy = (window: StereoWindow) => window.reduce((sum, channel) => channel.reduce((total, x) => total + x * x, sum), 0)
  const gain = Math.sqrt(energy(estimate) / energy(sound))
  return gain < 1e-4 ? 'silence' : gain > 0.9999 && gain < 1.0001 ? 'the sound itself' : `the sound itself × ${gain.toPrecision(2)}`
}

/** Windows between two questions at least: songs may go to and fro between windows with a voice and without. */
const patience = 8

/**
 * Gives a function that is told of each window and its estimates, in order. Where all estimates are copies it tries the network on a sound with voice and
 * instruments: once for each stretch of such windows, and no sooner than eight windows after it did so last.
 *
 * @throws SeparationError, from that function, for a network that takes nothing apart there either
 */
export function createAlarm({ name, device, sampleRate, windowLength, estimate }: AlarmOptions) {
  let trusted = false
  let sinceAsked = patience
  // Making it takes as long as the network takes for a window or two.
  let sound: StereoWindow | undefined
  return async (window: StereoWindow, estimates: Estimates): Promise<void> => {
    sinceAsked++
    if (!areCopies(window, Object.values(estimates))) {
      trusted = false
      return
    }
    if (trusted || sinceAsked <= patience) return
    sound ??= probeSound(sampleRate, windowLength)
    const found = await estimate([sound[0].slice(), sound[1].slice()])
    if (areCopies(sound, Object.values(found))) {
      const asked = sound
      const given = Object.entries(found).map(([stem, samples]) => `${stem}: ${level(asked, samples)}`)
      throw new SeparationError(
        `the model ${name} takes nothing apart on ${device}: of a test sound with voice and instruments it gives ${given.join(', ')}; ` +
          'its weights are broken or not trained, or the device computes wrong: use another model or device',
      )
    }
    trusted = true
    sinceAsked = 0
  }
}
