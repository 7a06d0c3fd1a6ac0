/**
 * Hears a song through for the facts that a network wants of all of it: the song's frames, those of one transform of the whole song, in stretches of a
 * fixed number, so that memory does not grow with the song.
 */
import { stft } from '../dsp/index.ts'
import { type Backend, compile } from '../runtime/browser.ts'
import type { SeparationNetwork } from './separation-network.ts'
import type { SongFacts, SongListener, StereoWindow } from './separator.ts'

/** Frames of a stretch: enough for one run to be worth its call, few enough for any transform. */
const framesOfStretch = 128

/** The samples of a stretch, those before the song's first among them. */
interface Pending {
  readonly channels: StereoWindow
  /** How many of them are there. */
  filled: number
}

/**
 * Makes a network's measurements ready to run; each call of what is returned listens to a song of its own. Networks of one channel hear left and
 * right one by one, and have facts of each.
 *
 * @throws Error for a network that wants no facts, or has no centred transform with zeros around the song to measure them on
 */
export async function createSongListeners(network: SeparationNetwork, backend: Backend): Promise<() => SongListener> {
  const { prepass, transform, channels, type } = network
  if (!prepass || !transform) throw new Error(`${type}: wants no facts of a song; give its base \`prepass\` and \`transform\``)
  const { nFft, hopLength, center = true, padMode = 'constant' } = transform
  if (!center || padMode !== 'constant')
    throw new Error(`${type}: facts of a song are measured on centred frames with zeros around it; its transform has others`)
  const before = nFft / 2
  const length = (framesOfStretch - 1) * hopLength + nFft
  const advance = framesOfStretch * hopLength
  const examples = 2 / channels
  const program = await compile(
    ({ stretch }) => prepass.measure(stft(stretch, { ...transform, center: false })),
    { stretch: [examples, channels, length] },
    { backend },
  )

  /** What is known after the first `frames` frames of a stretch. */
  const measure = async (known: SongFacts | undefined, [left, right]: StereoWindow, frames: number): Promise<SongFacts> => {
    const stretch = new Float32Array(2 * length)
    stretch.set(left)
    stretch.set(right, length)
    const found = (await program.run({ stretch })) as Readonly<Record<string, Float32Array>>
    const joined = Object.entries(found).map(([name, values]): [string, Float32Array] => {
      const each = Array.from({ length: examples }, (_, b) => {
        const all = values.subarray(b * framesOfStretch, b * framesOfStretch + frames)
        const join = (one: number, other: number) => prepass.join(one, other)
        return known ? all.reduce(join, known[name]![b]!) : all.reduce(join)
      })
      return [name, Float32Array.from(each)]
    })
    return Object.fromEntries(joined)
  }

  const shift = (pending: Pending): void => {
    for (const channel of pending.channels) {
      channel.copyWithin(0, advance)
      channel.fill(0, length - advance)
    }
    pending.filled = Math.max(0, pending.filled - advance)
  }

  return () => {
    const pending: Pending = { channels: [new Float32Array(length), new Float32Array(length)], filled: before }
    let known: SongFacts | undefined
    return {
      async hear(samples) {
        const own = samples.map((channel) => channel.slice())
        for (let from = 0; from < own[0]!.length; ) {
          const to = from + Math.min(own[0]!.length - from, length - pending.filled)
          for (const [c, channel] of pending.channels.entries()) channel.set(own[c]!.subarray(from, to), pending.filled)
          pending.filled += to - from
          from = to
          if (pending.filled === length) {
            known = await measure(known, pending.channels, framesOfStretch)
            shift(pending)
          }
        }
      },
      async facts() {
        const rest: Pending = { channels: [pending.channels[0].slice(), pending.channels[1].slice()], filled: pending.filled }
        let all = known
        // Frames are centred on every hop of the song, its end among them.
        for (let left = Math.floor((rest.filled - before) / hopLength) + 1; left > 0; left -= framesOfStretch) {
          all = await measure(all, rest.channels, Math.min(left, framesOfStretch))
          shift(rest)
        }
        return all ?? {}
      },
    }
  }
}
