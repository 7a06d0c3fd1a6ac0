/** Pictures of an example: spectrograms of the mixture, and of each stem as it is and as it was estimated, on one scale. */
import { magnitude, stft } from '../../dsp/index.ts'
import { spectrogramPlot } from '../../report/index.ts'
import { type Backend, compile } from '../../runtime/index.ts'

type Channels = readonly Float32Array[]

export interface ExampleSounds {
  readonly mixture: Channels
  /** In the order of `stems`, and the estimates in that of the references. */
  readonly stems: readonly string[]
  readonly references: readonly Channels[]
  readonly estimates: readonly Channels[]
  readonly sampleRate: number
}

/** Length of a frame (seconds): short enough for onsets, long enough for harmonics. */
const frameSeconds = 0.064

function mean(channels: Channels): Float32Array {
  return channels[0]!.map((_, i) => channels.reduce((sum, channel) => sum + channel[i]! / channels.length, 0))
}

/**
 * SVG text by name: `mixture`, `vocals-truth`, `vocals-estimate` …
 *
 * @param backend computes the spectra
 */
export async function drawExample(
  { mixture, stems, references, estimates, sampleRate }: ExampleSounds,
  backend: Backend,
): Promise<Record<string, string>> {
  const sounds = [
    { name: 'mixture', title: 'Mixture', sound: mean(mixture) },
    ...stems.flatMap((stem, s) => [
      { name: `${stem}-truth`, title: `${stem}, as it is`, sound: mean(references[s]!) },
      { name: `${stem}-estimate`, title: `${stem}, estimated`, sound: mean(estimates[s]!) },
    ]),
  ]
  const samples = sounds[0]!.sound.length
  const nFft = Math.max(4, 2 ** Math.round(Math.log2(frameSeconds * sampleRate)))
  const hopLength = nFft / 4
  const all = new Float32Array(sounds.length * samples)
  for (const [i, { sound }] of sounds.entries()) all.set(sound, i * samples)
  const program = await compile(
    ({ x }) => ({ levels: magnitude(stft(x, { nFft, hopLength })) }),
    { x: [sounds.length, samples] },
    { backend },
  )
  const levels = (await program.run({ x: all })).levels as Float32Array
  await program.dispose()
  const [bins, size] = [nFft / 2 + 1, levels.length / sounds.length]
  const reference = levels.subarray(0, size).reduce((most, x) => Math.max(most, x), 1e-6)
  return Object.fromEntries(
    sounds.map(({ name, title }, i) => {
      const frames = Array.from({ length: size / bins }, (_, t) => levels.subarray(i * size + t * bins, i * size + (t + 1) * bins))
      return [name, spectrogramPlot({ title, frames, sampleRate, hopLength, reference, rangeDb: 60, width: 640, height: 300 })]
    }),
  )
}
