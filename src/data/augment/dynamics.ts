/** Loudness over time: soft saturation and a compressor. */
import { type Channels, peakOf } from './channels.ts'

/**
 * Bends loud samples by tanh (Padé approximation x(27 + x²)/(27 + 9x²), cut at ±1) and gives back the former peak.
 *
 * @param drive how far the peak is driven into the bend: 0.3 barely, 3 strongly.
 */
export function saturate(sound: Channels, drive: number): void {
  if (!(drive > 0)) throw new RangeError(`saturate: drive must be above 0, got ${drive}`)
  const peak = peakOf(sound)
  if (peak === 0) return
  const input = drive / peak
  const bend = (x: number): number => (x >= 3 ? 1 : x <= -3 ? -1 : (x * (27 + x * x)) / (27 + 9 * x * x))
  const output = peak / bend(drive)
  for (const samples of sound) for (let i = 0; i < samples.length; i++) samples[i] = output * bend(input * samples[i]!)
}

export interface Compressor {
  /** Level above which the gain falls, relative to the sound's own peak, in dB (below 0). */
  readonly thresholdDb: number
  /** Input dB per output dB above the threshold. */
  readonly ratio: number
  readonly attackSeconds: number
  readonly releaseSeconds: number
}

const STEP = 32

/**
 * A feed-forward compressor with one gain for all channels, in place. The level is the peak of each 32 samples, smoothed by attack and
 * release; the gain moves along a straight line between them.
 */
export function compress(sound: Channels, { thresholdDb, ratio, attackSeconds, releaseSeconds }: Compressor, rate: number): void {
  if (!(ratio >= 1)) throw new RangeError(`compress: ratio must be at least 1, got ${ratio}`)
  const threshold = peakOf(sound) * 10 ** (thresholdDb / 20)
  if (threshold === 0) return
  const attack = Math.exp(-STEP / (attackSeconds * rate))
  const release = Math.exp(-STEP / (releaseSeconds * rate))
  const frames = sound[0]!.length
  let level = 0
  let gain = 1
  for (let start = 0; start < frames; start += STEP) {
    const end = Math.min(frames, start + STEP)
    let peak = 0
    for (const samples of sound)
      for (let i = start; i < end; i++) {
        const a = Math.abs(samples[i]!)
        if (a > peak) peak = a
      }
    const smooth = peak > level ? attack : release
    level = smooth * level + (1 - smooth) * peak
    const next = level > threshold ? (level / threshold) ** (1 / ratio - 1) : 1
    const slope = (next - gain) / (end - start)
    for (const samples of sound) for (let i = start; i < end; i++) samples[i]! *= gain + slope * (i - start)
    gain = next
  }
}
