/** The drummer: every piece of a kit is drawn once per song in a few variants, then placed at the hits of the score. */
import type { Random } from '../../tensor/random.ts'
import { createRandom } from '../../tensor/random.ts'
import { KITS, makePiece, varyKit } from './drum-sounds.ts'
import { applyBiquad, designBiquad, fadeEnds } from './filters.ts'
import type { KitName } from './instruments.ts'
import type { Stereo } from './mix.ts'
import { silence } from './mix.ts'
import type { DrumHit, DrumPiece } from './score.ts'

const LEVELS: Record<DrumPiece, number> = {
  kick: 1,
  snare: 0.85,
  rim: 0.5,
  clap: 0.5,
  'closed-hat': 0.32,
  'pedal-hat': 0.22,
  'open-hat': 0.33,
  'low-tom': 0.8,
  'mid-tom': 0.7,
  'high-tom': 0.65,
  crash: 0.4,
  ride: 0.26,
  shaker: 0.28,
  tambourine: 0.28,
  cowbell: 0.25,
}
const PANS: Record<DrumPiece, number> = {
  kick: 0,
  snare: 0.05,
  rim: 0.1,
  clap: 0,
  'closed-hat': 0.4,
  'pedal-hat': 0.4,
  'open-hat': 0.4,
  'low-tom': -0.5,
  'mid-tom': -0.1,
  'high-tom': 0.3,
  crash: -0.5,
  ride: -0.45,
  shaker: -0.35,
  tambourine: 0.5,
  cowbell: 0.25,
}
const VARIANTS = 4

/** The kit plays the hits; dry, stereo. `width` 0 puts all pieces in the middle. */
export function renderDrums(
  hits: readonly DrumHit[],
  kitName: KitName,
  width: number,
  samples: number,
  sampleRate: number,
  random: Random,
): Stereo {
  const out = silence(samples)
  const [left, right] = out
  const kit = varyKit(KITS[kitName], random)
  const [seed, balance] = [random.integer(0, 0x7fffffff), new Map<DrumPiece, number>()]
  const made = new Map<string, Float32Array>()
  const sound = (piece: DrumPiece, variant: number): Float32Array => {
    const key = `${piece}${variant}`
    const found = made.get(key)
    if (found) return found
    // The first words of the key are the piece's, so the variants share its character and differ in the last word.
    const fresh = makePiece(piece, kit, sampleRate, createRandom(seed, piece.length * 31 + piece.charCodeAt(0), variant))
    if (kit.ceiling < 0.45 * sampleRate) applyBiquad(fresh, designBiquad('lowpass', kit.ceiling, sampleRate))
    let loudest = 1e-9
    for (const x of fresh) loudest = Math.max(loudest, Math.abs(x))
    for (let i = 0; i < fresh.length; i++) fresh[i]! /= loudest
    fadeEnds(fresh, 8, Math.min(fresh.length >> 1, Math.round(0.02 * sampleRate)))
    made.set(key, fresh)
    return fresh
  }
  hits.forEach((hit, index) => {
    const { piece, velocity } = hit
    if (!balance.has(piece)) balance.set(piece, random.uniform(0.75, 1.25))
    const source = sound(piece, piece === 'crash' ? random.integer(0, 1) : random.integer(0, VARIANTS - 1))
    const start = Math.round(hit.onset * sampleRate)
    let length = Math.min(source.length, samples - start)
    let choke = 0
    if (piece === 'open-hat') {
      const next = hits
        .slice(index + 1, index + 12)
        .find((h) => h.piece === 'closed-hat' || h.piece === 'pedal-hat' || h.piece === 'open-hat')
      if (next) {
        choke = Math.round(0.015 * sampleRate)
        length = Math.min(length, Math.round(next.onset * sampleRate) - start + choke)
      }
    }
    const gain = velocity ** 1.4 * LEVELS[piece] * balance.get(piece)!
    const angle = ((PANS[piece] * width + 1) * Math.PI) / 4
    const [l, r] = [gain * Math.cos(angle) * Math.SQRT2, gain * Math.sin(angle) * Math.SQRT2]
    // Soft hits are duller.
    const open = Math.min(1, 0.35 + 0.75 * velocity)
    let held = 0
    for (let i = 0; i < length; i++) {
      held += open * (source[i]! - held)
      const x = choke > 0 && length - i < choke ? (held * (length - i)) / choke : held
      left[start + i]! += l * x
      right[start + i]! += r * x
    }
  })
  return out
}
