/** Held-out examples as a page carries them: pictures, and sounds as WAV inside of it, cut and folded down until all of them are small together. */
import { resample } from '../../audio/index.ts'
import { encodeWavSamples, wavHeader } from '../../audio/wav-encode.ts'
import { concatBytes } from '../../formats/bytes.ts'
import { dataUrl } from '../../report/png.ts'
import type { Excerpt, Judgement } from '../../tasks/index.ts'

export interface ShownSound {
  readonly name: string
  readonly title: string
  /** Made by the network, and so another one after the next validation. */
  readonly estimated: boolean
  readonly url: string
  readonly sampleRate: number
  readonly samples: number
}

/** What was judged at a step. */
export interface Shown {
  readonly step: number
  readonly scores: Readonly<Record<string, number>>
  /** SVG by name. */
  readonly pictures: Readonly<Record<string, string>>
  /** A sound has the name of its picture, where it has one. */
  readonly sounds: readonly ShownSound[]
}

/** Bytes of all sounds of one validation, before base64 makes four of three. */
const budget = 1_200_000
/** Voices are whole below 11 kHz. */
const enough = 22_050
/** Seconds. */
const longest = 8
const format = { kind: 'int', bits: 16 } as const

/** The mean of all channels, from the middle of the sound. */
function middle(channels: Excerpt['channels'], most: number): Float32Array {
  const length = Math.min(channels[0]!.length, most)
  const start = Math.floor((channels[0]!.length - length) / 2)
  const mean = new Float32Array(length)
  for (const channel of channels) for (let i = 0; i < length; i++) mean[i]! += channel[start + i]! / channels.length
  return mean
}

/** A whole part of the sound's own rate. */
const rateOf = (sampleRate: number) => Math.round(sampleRate / Math.max(1, Math.floor(sampleRate / enough)))

/**
 * One channel of 16 bits at 22.05 kHz or a little more, from the middle of the sound, as long as there is room for; lower gain where it would clip.
 *
 * @param seconds at most
 */
function shorten({ name, title, estimated, channels, sampleRate }: Excerpt, seconds: number): ShownSound & { readonly wav: Uint8Array } {
  const rate = rateOf(sampleRate)
  const [x] = resample([middle(channels, Math.round(seconds * sampleRate))], sampleRate, rate) as [Float32Array]
  const peak = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const samples = peak > 1 ? x.map((value) => value / peak) : x
  const wav = concatBytes([
    wavHeader({ sampleRate: rate, channels: 1, sampleFormat: format }, samples.length),
    encodeWavSamples([samples], format),
  ])
  return { name, title, estimated, sampleRate: rate, samples: samples.length, wav, url: dataUrl('audio/wav', wav) }
}

/** What a judgement has to be seen and heard. */
export function showJudgement(
  step: number,
  { scores, pictures = {}, sounds = [] }: Judgement,
): Shown & { readonly wavs: readonly Uint8Array[] } {
  const bytesPerSecond = sounds.reduce((sum, { sampleRate }) => sum + 2 * rateOf(sampleRate), 0)
  const seconds = Math.min(longest, budget / bytesPerSecond)
  const short = sounds.map((sound) => shorten(sound, seconds))
  return { step, scores, pictures, sounds: short.map(({ wav: _, ...sound }) => sound), wavs: short.map(({ wav }) => wav) }
}

/** Of a validation that later ones are compared with: only what the network made. */
export function onlyEstimates({ step, scores, pictures, sounds }: Shown): Shown {
  const estimated = sounds.filter((sound) => sound.estimated)
  const names = new Set(estimated.map(({ name }) => name))
  const kept = sounds.length === 0 ? pictures : Object.fromEntries(Object.entries(pictures).filter(([name]) => names.has(name)))
  return { step, scores, pictures: kept, sounds: estimated }
}
