/** A trained analysis network, ready to listen: sound of any rate and number of channels in; chords, onsets or labels with times out. */
import { type AudioBlock, createMonoResampler } from '../../audio/index.ts'
import { Crnn, type LoadedModel } from '../../models/index.ts'
import { type Backend, compile } from '../../runtime/index.ts'
import { sigmoid, softmax } from '../../tensor/index.ts'
import { eventTimes } from './event-times.ts'

/** Sound as `openAudio` gives it, or as blocks that are at hand. */
export interface Sound {
  readonly info: { readonly sampleRate: number; readonly channels: number }
  readonly blocks: AsyncIterable<AudioBlock> | Iterable<AudioBlock>
}

export interface LabelProbability {
  readonly label: string
  readonly probability: number
}

/** From `start` to `end` (seconds), with the mean probability of its frames. */
export interface LabelledSpan extends LabelProbability {
  readonly start: number
  readonly end: number
}

export interface LabelledEvent extends LabelProbability {
  readonly seconds: number
}

/** What a network that answers frame by frame says, as stretches or as moments; or what one says of all, the most probable label first. */
export type Analysis =
  | { readonly kind: 'spans'; readonly spans: readonly LabelledSpan[] }
  | { readonly kind: 'events'; readonly events: readonly LabelledEvent[] }
  | { readonly kind: 'labels'; readonly labels: readonly LabelProbability[] }

export interface Analyser {
  /** Of the model file. */
  readonly name: string
  /** Where it runs, in words. */
  readonly device: string
  /** All that it may say. */
  readonly labels: readonly string[]
  /** Hertz; sounds of other rates are converted. */
  readonly sampleRate: number
  /**
   * Listens to a sound from start to end, once, a window at a time.
   *
   * @throws RangeError for a sound without samples; the signal's reason where that is aborted
   */
  analyse(sound: Sound, options?: { readonly signal?: AbortSignal | undefined }): Promise<Analysis>
  /** Frees the program; the backend is its owner's. */
  dispose(): Promise<void>
}

interface Window {
  /** Of the sound's samples, the first of the window. */
  readonly start: number
  /** As many as the program wants, zeros after the end of the sound. */
  readonly samples: Float32Array
  /** The samples of it that begin its step: fewer than a step at the end. */
  readonly fresh: number
  readonly last: boolean
}

interface Windows {
  readonly rate: number
  readonly length: number
  readonly step: number
  /** Move the last window back until it is full, instead of zeros after the end. */
  readonly full: boolean
}

/** Windows of a sound, `step` samples after each other, until one reaches its end. */
async function* windowsOf({ info, blocks }: Sound, { rate, length, step, full }: Windows): AsyncGenerator<Window> {
  const mono = createMonoResampler({ from: info.sampleRate, to: rate, channels: info.channels })
  // Samples from `offset` on: those of the next window, and as many before it.
  let held = new Float32Array(0)
  let offset = 0
  let next = 0
  const append = (more: ArrayLike<number>) => {
    const joined = new Float32Array(held.length + more.length)
    joined.set(held)
    joined.set(more, held.length)
    held = joined
  }
  const windowAt = (start: number): Float32Array => {
    const samples = new Float32Array(length)
    samples.set(held.subarray(start - offset, start - offset + length))
    return samples
  }
  const beforeEnd = function* (): Generator<Window> {
    for (; offset + held.length > next + length; next += step) {
      yield { start: next, samples: windowAt(next), fresh: step, last: false }
      const drop = Math.max(0, next + step - length - offset)
      held = held.slice(drop)
      offset += drop
    }
  }
  for await (const block of blocks) {
    append(mono.process(block))
    yield* beforeEnd()
  }
  append(mono.flush())
  yield* beforeEnd()
  const total = offset + held.length
  if (total === 0) throw new RangeError('analyse: the sound has no samples')
  const start = full ? Math.max(0, Math.min(next, total - length)) : next
  yield { start, samples: windowAt(start), fresh: total - next, last: true }
}

/** Rows of probabilities, frame by frame. */
type Rows = Float32Array[]

function meanOf(rows: Rows, label: number): number {
  return rows.reduce((sum, row) => sum + row[label]!, 0) / rows.length
}

/** Stretches of frames in which a label holds; frame t stands for what lies half a frame around its centre. */
function spansOf(rows: Rows, holds: (row: Float32Array, label: number) => boolean, network: Crnn, seconds: number): LabelledSpan[] {
  const { labels, sampleRate } = network.config
  const at = (frame: number) => Math.max(0, Math.min(seconds, ((frame - 0.5) * network.frameLength) / sampleRate))
  const spans: LabelledSpan[] = []
  for (const [l, label] of labels.entries()) {
    for (let from = 0; from < rows.length; from++) {
      if (!holds(rows[from]!, l)) continue
      let to = from
      while (to < rows.length && holds(rows[to]!, l)) to++
      const end = to === rows.length ? seconds : at(to)
      if (end > at(from)) spans.push({ label, start: at(from), end, probability: meanOf(rows.slice(from, to), l) })
      from = to
    }
  }
  return spans.toSorted((a, b) => a.start - b.start)
}

function eventsOf(rows: Rows, { config, frameLength }: Crnn): LabelledEvent[] {
  const { labels, sampleRate, threshold } = config
  const frameSeconds = frameLength / sampleRate
  const flat = Float32Array.from(
    { length: rows.length * labels.length },
    (_, i) => rows[Math.floor(i / labels.length)]![i % labels.length]!,
  )
  return labels
    .flatMap((label, l) =>
      eventTimes(flat, { label: l, labels: labels.length, frameSeconds, threshold }).map((seconds) => ({
        label,
        seconds,
        probability: rows[Math.round(seconds / frameSeconds)]![l]!,
      })),
    )
    .toSorted((a, b) => a.seconds - b.seconds)
}

/**
 * An analyser of a model that was read, on any backend. In Node, `loadAnalyser` does both.
 *
 * @throws Error for networks that do not analyse
 */
export async function createAnalyser({ name, network, values }: LoadedModel, backend: Backend): Promise<Analyser> {
  if (!(network instanceof Crnn))
    throw new Error(`model "${name}": is a network of the kind "${network.config.architecture}", which does not analyse; allowed is "crnn"`)
  const { labels, answers, sampleRate, seconds, threshold } = network.config
  const { perFrame, frameLength } = network
  const frames = Math.max(4, Math.round((seconds * sampleRate) / frameLength))
  const length = frames * frameLength
  // Frames near a window's ends, which know little of what is around them, are taken from its neighbours.
  const margin = perFrame ? Math.floor(frames / 4) : 0
  const step = perFrame ? (frames - 2 * margin) * frameLength : length
  const program = await compile(
    ({ audio }) => {
      const logits = network.forward(audio)
      return { probabilities: answers === 'one' ? softmax(logits, -1) : sigmoid(logits) }
    },
    { audio: [1, length] },
    { backend, constants: values },
  )
  const width = labels.length
  return {
    name,
    device: backend.description,
    labels,
    sampleRate,
    analyse: async (sound, { signal } = {}) => {
      const rows: Rows = []
      const sums = new Float64Array(width)
      let total = 0
      for await (const { start, samples, fresh, last } of windowsOf(sound, { rate: sampleRate, length, step, full: !perFrame })) {
        signal?.throwIfAborted()
        const probabilities = (await program.run({ audio: samples })).probabilities as Float32Array
        total += fresh
        if (perFrame) {
          const end = last ? Math.floor(fresh / frameLength) + 1 : margin + step / frameLength
          for (let frame = start === 0 ? 0 : margin; frame < end; frame++)
            rows.push(probabilities.slice(frame * width, (frame + 1) * width))
        } else for (let l = 0; l < width; l++) sums[l]! += fresh * probabilities[l]!
      }
      if (!perFrame) {
        const found = labels.map((label, l) => ({ label, probability: sums[l]! / total }))
        return { kind: 'labels', labels: found.toSorted((a, b) => b.probability - a.probability) }
      }
      if (answers === 'events') return { kind: 'events', events: eventsOf(rows, network) }
      const holds =
        answers === 'one'
          ? (row: Float32Array, l: number) => row.indexOf(Math.max(...row)) === l
          : (row: Float32Array, l: number) => row[l]! >= threshold
      return { kind: 'spans', spans: spansOf(rows, holds, network, total / sampleRate) }
    },
    dispose: () => program.dispose(),
  }
}
