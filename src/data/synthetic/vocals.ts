/** The vocals stem: lead singer, doubles, harmony singers, and what a producer does to them. */
import type { Random } from '../../tensor/random.ts'
import { createRandom } from '../../tensor/random.ts'
import type { Composition } from './compose.ts'
import { addScaled, compress, echo, equalise, saturate } from './effects.ts'
import { designBiquad } from './filters.ts'
import type { Stereo } from './mix.ts'
import { activeRms, addPanned, scale, silence } from './mix.ts'
import type { Room } from './reverb.ts'
import { reverberate } from './reverb.ts'
import type { SungNote } from './score.ts'
import { STREAM } from './streams.ts'
import { VOCAL_TAIL } from './vocal-lines.ts'
import type { Singer } from './voice/singers.ts'
import { drawSinger } from './voice/singers.ts'
import { renderLine } from './voice/voice.ts'

export interface VocalOptions {
  readonly composition: Composition
  readonly samples: number
  readonly sampleRate: number
  readonly seed: number
  /** The song's room; undefined is a dry recording. */
  readonly room: Room | undefined
}

/** The same line as another take sings it. */
function retake(notes: readonly SungNote[], spread: number, random: Random): SungNote[] {
  return notes.map((note) => ({
    ...note,
    onset: Math.max(0, note.onset + spread * random.normal()),
    velocity: note.velocity * random.uniform(0.85, 1.1),
  }))
}

function detune(singer: Singer, random: Random): Singer {
  return {
    ...singer,
    tract: singer.tract * random.uniform(0.985, 1.015),
    drift: singer.drift + 4,
    vibrato: { ...singer.vibrato, rate: singer.vibrato.rate * random.uniform(0.94, 1.06) },
  }
}

/** Vocals of a composition, produced and with their reverberation. */
export function renderVocals({ composition, samples, sampleRate, seed, room }: VocalOptions): Stereo {
  const { score, singer } = composition
  const random = createRandom(seed, STREAM.voice, 2)
  const out = silence(samples)
  if (score.sung.length === 0) return out
  addPanned(
    out,
    renderLine(score.sung, singer, samples, sampleRate, createRandom(seed, STREAM.voice, 3)),
    random.chance(0.85) ? 0 : random.uniform(-0.3, 0.3),
    1,
  )
  if (random.chance(0.3)) {
    const everywhere = random.chance(0.4)
    const chorus = score.sections.filter((section) => everywhere || section.kind === 'chorus')
    const notes = score.sung.filter((note) => chorus.some((section) => note.onset >= section.start && note.onset < section.end))
    const sides = random.pick([[0], [-0.7, 0.7]])
    for (const [i, pan] of sides.entries()) {
      const take = createRandom(seed, STREAM.voice, 10 + i)
      addPanned(out, renderLine(retake(notes, 0.012, take), detune(singer, take), samples, sampleRate, take), pan, random.uniform(0.3, 0.7))
    }
  }
  score.harmonies.forEach((line, i) => {
    const take = createRandom(seed, STREAM.voice, 20 + i)
    const other = random.chance(0.5) ? detune(singer, take) : { ...drawSinger(singer.name, take), range: singer.range }
    addPanned(
      out,
      renderLine(retake(line, 0.01, take), other, samples, sampleRate, take),
      (i === 0 ? 1 : -1) * random.uniform(0.1, 0.8),
      random.uniform(0.3, 0.7),
    )
  })

  scale(out, 0.12 / Math.max(1e-9, activeRms(out)))
  const low = score.cast.singer === 'bass' || score.cast.singer === 'baritone' || score.cast.singer === 'crooner' ? 60 : 95
  equalise(out, [
    designBiquad('highpass', low, sampleRate),
    designBiquad('peak', random.uniform(200, 450), sampleRate, 1, random.uniform(-4, 1)),
    designBiquad('peak', random.uniform(2500, 5000), sampleRate, 0.8, random.uniform(0, 5)),
    designBiquad('high-shelf', 9000, sampleRate, 0.7, random.uniform(-4, 5)),
  ])
  compress(
    out,
    {
      threshold: random.uniform(-30, -20),
      ratio: random.uniform(1.5, 5),
      attack: random.uniform(0.003, 0.02),
      release: random.uniform(0.06, 0.2),
    },
    sampleRate,
  )
  if (random.chance(0.3)) for (const channel of out) saturate(channel, random.uniform(1, 6))
  // Now and then a telephone or a megaphone.
  if (random.chance(0.04)) equalise(out, [designBiquad('highpass', 450, sampleRate), designBiquad('lowpass', 3400, sampleRate)])
  const dry = random.chance(0.15) ? undefined : silence(samples)
  if (dry) addScaled(dry, out, 1)
  if (dry && random.chance(0.4)) {
    const beats = random.pick([0.5, 0.75, 1])
    addScaled(out, echo(dry, (beats * 60) / score.tempo, random.uniform(0.1, 0.45), sampleRate), random.uniform(0.08, 0.3))
  }
  if (dry && room)
    addScaled(
      out,
      reverberate(
        dry,
        { ...room, predelay: random.uniform(0, 0.06), decay: Math.min(VOCAL_TAIL, room.decay * random.uniform(0.6, 1.2)) },
        sampleRate,
      ),
      random.uniform(0.1, 0.7),
    )
  return out
}
