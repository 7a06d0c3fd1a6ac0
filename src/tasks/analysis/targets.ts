/** From annotations to what a network is to answer, frame by frame or for all of a sound. */
import type { Annotation } from '../../data/index.ts'
import type { Crnn, CrnnConfig } from '../../models/index.ts'

/** A stretch of a clip, and the frames of a network that hears it. */
export interface Stretch {
  /** Seconds from the start of the clip. */
  readonly start: number
  readonly seconds: number
  readonly frames: number
  /** Frame t is centred on start + t · frameSeconds. */
  readonly frameSeconds: number
}

type Says = Pick<CrnnConfig, 'labels' | 'answers'>

/** Frames with no label at all; cross-entropy and scores leave them out. */
export const unlabelled = -100
/** Neighbours of an event's frame are half of one: it is seldom on a frame's centre, and windows reach further than a frame. */
const besideEvent = 0.5

function indexIn(labels: readonly string[], label: string): number {
  const index = labels.indexOf(label)
  if (index < 0) throw new RangeError(`target: the label "${label}" is none of the network's: ${labels.join(', ')}`)
  return index
}

/**
 * A class per frame (`one`), or the labels of each frame as numbers from 0 to 1, frame by frame.
 *
 * @throws RangeError for labels that the network does not have
 */
export function frameTargets(annotations: readonly Annotation[], says: Says, stretch: Stretch): Int32Array | Float32Array {
  const { labels, answers } = says
  const { start, frames, frameSeconds } = stretch
  const frameAt = (seconds: number) => (seconds - start) / frameSeconds
  if (answers === 'one') {
    const classes = new Int32Array(frames).fill(unlabelled)
    for (const { label, start: from, end } of annotations)
      classes.fill(indexIn(labels, label), clamp(Math.ceil(frameAt(from)), frames), clamp(Math.ceil(frameAt(end)), frames))
    // A clip's last frame is centred on its end.
    if (frames > 1 && classes[frames - 1] === unlabelled) classes[frames - 1] = classes[frames - 2]!
    return classes
  }
  const values = new Float32Array(frames * labels.length)
  const raise = (frame: number, label: number, value: number) => {
    if (frame >= 0 && frame < frames) values[frame * labels.length + label] = Math.max(values[frame * labels.length + label]!, value)
  }
  for (const { label, start: from, end } of annotations) {
    const index = indexIn(labels, label)
    if (answers === 'events') {
      const frame = Math.round(frameAt(from))
      raise(frame, index, 1)
      for (const beside of [frame - 1, frame + 1]) raise(beside, index, besideEvent)
    } else {
      const last = clamp(Math.ceil(frameAt(end)), frames)
      for (let frame = clamp(Math.ceil(frameAt(from)), frames); frame < last; frame++) raise(frame, index, 1)
    }
  }
  return values
}

function clamp(frame: number, frames: number): number {
  return Math.max(0, Math.min(frames, frame))
}

/**
 * The class of a stretch, the one that holds for most of it (`one`), or a number per label, 1 for those that hold in it.
 *
 * @throws RangeError for labels that the network does not have, and for a stretch without any where one is wanted
 */
export function clipTargets(
  annotations: readonly Annotation[],
  { labels, answers }: Says,
  { start, seconds }: Stretch,
): Int32Array | Float32Array {
  const shares = new Float64Array(labels.length)
  for (const { label, start: from, end } of annotations)
    shares[indexIn(labels, label)]! += Math.max(0, Math.min(end, start + seconds) - Math.max(from, start))
  if (answers !== 'one') return Float32Array.from(shares, (share) => (share > 0 ? 1 : 0))
  const longest = shares.indexOf(Math.max(...shares))
  if (!(shares[longest]! > 0)) throw new RangeError(`target: no label from ${start} to ${start + seconds} s; needs one`)
  return Int32Array.of(longest)
}

/** Frames of what a network answers about so many samples. */
export function framesOf(network: Crnn, samples: number): number {
  return Math.floor(samples / network.frameLength) + 1
}

export function stretchOf(network: Crnn, start: number, samples: number): Stretch {
  const { sampleRate } = network.config
  return {
    start: start / sampleRate,
    seconds: samples / sampleRate,
    frames: framesOf(network, samples),
    frameSeconds: network.frameLength / sampleRate,
  }
}

export function targetsOf(network: Crnn, annotations: readonly Annotation[], stretch: Stretch): Int32Array | Float32Array {
  return (network.perFrame ? frameTargets : clipTargets)(annotations, network.config, stretch)
}
