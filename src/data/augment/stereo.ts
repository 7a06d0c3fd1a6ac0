/** Where a sound stands between the loudspeakers. */
import type { Channels } from './channels.ts'

/** Exchanges left and right of a stereo sound. */
export function swapChannels(sound: Channels): void {
  if (sound.length === 2) sound.reverse()
}

/** Scales the side signal (L − R)/2 of a stereo sound: 0 makes both channels equal, 1 changes nothing, above 1 widens. */
export function widen(sound: Channels, width: number): void {
  const [left, right] = sound
  if (right === undefined) return
  for (let i = 0; i < right.length; i++) {
    const middle = (left![i]! + right[i]!) / 2
    const side = (width * (left![i]! - right[i]!)) / 2
    left![i] = middle + side
    right[i] = middle - side
  }
}

/**
 * A mono sound at a place: −1 left, 0 middle, 1 right, by the sine law (the sum of squares of the two gains is 2, so that the middle
 * leaves the level of each channel as it was).
 */
export function pan(sound: Channels, place: number): Channels {
  if (!(place >= -1 && place <= 1)) throw new RangeError(`pan: place must lie between -1 and 1, got ${place}`)
  const source = sound[0]!
  const angle = ((place + 1) * Math.PI) / 4
  const gains = [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)]
  return gains.map((gain) => {
    const out = new Float32Array(source.length)
    for (let i = 0; i < out.length; i++) out[i] = gain * source[i]!
    return out
  })
}

/** The mean of the channels in each of them. */
export function downMix(sound: Channels): void {
  const [left, right] = sound
  if (right === undefined) return
  for (let i = 0; i < right.length; i++) {
    const middle = (left![i]! + right[i]!) / 2
    left![i] = middle
    right[i] = middle
  }
}
