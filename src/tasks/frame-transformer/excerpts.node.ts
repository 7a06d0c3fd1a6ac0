/**
 * Held-out mixtures to separate: stretches of songs whose true stems are known, or, where no such song is held out, of an accompaniment and a voice that
 * never met, equally loud.
 */
import { readSound, type SpectralFormat, type SpectralSound, withChannels } from '../../data/index.ts'
import { createRandom } from '../../tensor/index.ts'
import type { Waveforms } from '../separation/source.ts'

/** First word of the excerpts' keys: they are the same for every run and seed. */
const EXCERPT_KEY = 0x6578_6372

/** How many places are tried for the loudest. */
const tries = 4

interface Excerpts {
  readonly channels: number
  readonly samples: number
  heldOut(first: number, count: number): Promise<Waveforms>
}

const energy = (sound: readonly Float32Array[]): number => sound.reduce((sum, x) => sum + x.reduce((part, y) => part + y * y, 0), 0)

/** Accompaniments with the voices that they are heard with. */
function pairsOf(sounds: readonly SpectralSound[]) {
  const held = sounds.filter(({ split }) => split === 'valid')
  const of = (role: string) => held.filter((sound) => sound.role === role)
  const [bands, voices] = [of('instrumental'), of('vocals')]
  const aligned = bands.flatMap((band) =>
    voices.filter(({ song }) => song !== undefined && song === band.song).map((voice) => ({ band, voice })),
  )
  if (aligned.length > 0) return { aligned: true, pairOf: (index: number) => aligned[index % aligned.length]! }
  return {
    aligned: false,
    pairOf: (index: number) => ({
      band: bands[index % bands.length]!,
      voice: voices[(index * 7 + Math.floor(index / bands.length)) % voices.length]!,
    }),
  }
}

/** Excerpts of a length in samples, by number. */
export function createExcerpts(sounds: readonly SpectralSound[], { channels }: SpectralFormat, samples: number): Excerpts {
  const { aligned, pairOf } = pairsOf(sounds)
  const read = (sound: SpectralSound, start: number): Float32Array[] => {
    const inside = withChannels(readSound(sound, start, Math.min(samples, sound.frames - start)), channels)
    return inside.map((part) => {
      const whole = new Float32Array(samples)
      whole.set(part)
      return whole
    })
  }
  const excerpt = (index: number) => {
    const { band, voice } = pairOf(index)
    const random = createRandom(EXCERPT_KEY, index)
    const placeIn = (sound: SpectralSound) => random.integer(0, Math.max(0, sound.frames - samples))
    const loudest = (sound: SpectralSound) =>
      Array.from({ length: tries }, () => read(sound, placeIn(sound))).reduce((best, other) =>
        energy(other) > energy(best) ? other : best,
      )
    if (!aligned) {
      const [music, singing] = [loudest(band), loudest(voice)]
      const gain = Math.sqrt(energy(music) / Math.max(energy(singing), 1e-12))
      return { instrumental: music, vocals: singing.map((x) => x.map((y) => gain * y)) }
    }
    const starts = Array.from({ length: tries }, () => placeIn(voice))
    const start = starts.reduce((best, other) => (energy(read(voice, other)) > energy(read(voice, best)) ? other : best))
    return { instrumental: read(band, start), vocals: read(voice, start) }
  }
  return {
    channels,
    samples,
    heldOut: async (first, count) => {
      const size = channels * samples
      const [mixture, vocals, instrumental] = Array.from({ length: 3 }, () => new Float32Array(count * size)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ]
      for (let i = 0; i < count; i++) {
        const parts = excerpt(first + i)
        for (let c = 0; c < channels; c++) {
          instrumental.set(parts.instrumental[c]!, i * size + c * samples)
          vocals.set(parts.vocals[c]!, i * size + c * samples)
        }
      }
      for (const [i, x] of vocals.entries()) mixture[i] = x + instrumental[i]!
      return { mixture, vocals, instrumental }
    },
  }
}
