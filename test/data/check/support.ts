/** Sound that the check finds nothing wrong with, and a separator that hears a tone of 1 kHz as voice. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createWavWriter, type SampleFormat } from '../../../src/audio/index.ts'
import type { Separator, StereoWindow } from '../../../src/separation/index.ts'
import { createRandom } from '../../../src/tensor/index.ts'

export const rate = 44100
export type Sound = Float32Array[]

/** Notes of random pitches with noise at their onsets, up to half the rate; different in both channels. */
export function music(seed: number, seconds: number, { sampleRate = rate, channels = 2, voice = false } = {}): Sound {
  const random = createRandom(seed, 0x6d75)
  const length = Math.round(seconds * sampleRate)
  const sound = Array.from({ length: channels }, () => new Float32Array(length))
  for (let start = 0; start < length; start += Math.round(random.uniform(0.08, 0.2) * sampleRate)) {
    const hertz = Array.from({ length: 3 }, () => 150 * 2 ** random.uniform(0, 4.5))
    const side = random.uniform(0.3, 0.7)
    for (let i = 0; i < 0.4 * sampleRate && start + i < length; i++) {
      const t = i / sampleRate
      let x = 0.04 * Math.exp(-25 * t) * random.normal()
      for (const f of hertz) x += 0.06 * Math.exp(-6 * t) * Math.sin(2 * Math.PI * f * t)
      for (let c = 0; c < channels; c++) sound[c]![start + i]! += (c === 0 ? side : 1 - side) * x
    }
  }
  if (voice)
    for (const samples of sound) for (let i = 0; i < length; i++) samples[i]! += 0.1 * Math.sin((2 * Math.PI * 1000 * i) / sampleRate)
  return sound
}

export const mapSound = (sound: Sound, f: (x: number, i: number, c: number) => number): Sound =>
  sound.map((samples, c) => samples.map((x, i) => f(x, i, c)))

/** The sum of sounds of equal length. */
export const add = (...sounds: Sound[]): Sound =>
  sounds[0]!.map((samples, c) => samples.map((_, i) => sounds.reduce((sum, s) => sum + s[c]![i]!, 0)))

export async function write(
  path: string,
  sound: Sound,
  sampleRate = rate,
  sampleFormat: SampleFormat = { kind: 'int', bits: 16 },
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const writer = await createWavWriter(path, { sampleRate, channels: sound.length, sampleFormat })
  await writer.write(sound)
  await writer.finish()
}

/** Level of a tone in a window. */
function toneLevel(samples: Float32Array, hertz: number): number {
  let [re, im] = [0, 0]
  for (const [i, x] of samples.entries()) {
    re += x * Math.cos((2 * Math.PI * hertz * i) / rate)
    im += x * Math.sin((2 * Math.PI * hertz * i) / rate)
  }
  return (2 * Math.hypot(re, im)) / samples.length
}

/** Takes a window for voice alone where it has the tone, and for accompaniment alone where it has not. `calls` counts windows. */
export function toneSeparator(): Separator & { calls: number } {
  const separator = {
    calls: 0,
    name: 'tone',
    device: 'here',
    stems: ['vocals'],
    sampleRate: rate,
    channels: 2 as const,
    windowLength: 2 * rate,
    margin: 0,
    async predict(window: StereoWindow) {
      separator.calls++
      const gain = toneLevel(window[0], 1000) > 0.05 ? 1 : 0
      return { vocals: [window[0].map((x) => gain * x), window[1].map((x) => gain * x)] as const }
    },
    dispose: async () => {},
  }
  return separator
}
