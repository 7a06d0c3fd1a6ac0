/**
 * The sound an augmentation works on: one array (mono) or two (left, right) of equal length, full scale ±1.
 * All augmentations of this folder change it in place, because an example passes through a dozen of them.
 */
export type Channels = Float32Array[]

export const decibels = (db: number): number => 10 ** (db / 20)

/** Two arrays of the same sound: a mono one is copied, a stereo one is returned as it is. */
export function toStereo(sound: Channels): Channels {
  return sound.length === 1 ? [sound[0]!, sound[0]!.slice()] : sound
}

export function applyGain(sound: Channels, factor: number): void {
  for (const samples of sound) for (let i = 0; i < samples.length; i++) samples[i]! *= factor
}

/** Largest absolute sample of all channels. */
export function peakOf(sound: Channels): number {
  let peak = 0
  for (const samples of sound)
    for (let i = 0; i < samples.length; i++) {
      const a = Math.abs(samples[i]!)
      if (a > peak) peak = a
    }
  return peak
}

/**
 * Root mean square over the active parts: blocks of `block` samples within 30 dB of the loudest one, so that pauses do not make a
 * singer with long rests louder than one without. 0 for silence.
 */
export function activeRms(sound: Channels, block = 2205): number {
  const frames = sound[0]!.length
  const powers = new Float64Array(Math.ceil(frames / block))
  for (let b = 0; b < powers.length; b++) {
    const end = Math.min(frames, (b + 1) * block)
    let sum = 0
    for (const samples of sound) for (let i = b * block; i < end; i++) sum += samples[i]! * samples[i]!
    powers[b] = sum / ((end - b * block) * sound.length)
  }
  const threshold = powers.reduce((a, p) => Math.max(a, p), 0) * 1e-3
  if (threshold === 0) return 0
  let sum = 0
  let count = 0
  for (const power of powers)
    if (power >= threshold) {
      sum += power
      count++
    }
  return Math.sqrt(sum / count)
}
