/**
 * Which recordings hold the same sound, by their landmarks. All pairs that share a hash vote for (pair, delay) in a table of fixed size; pairs whose
 * slot has votes enough are looked at exactly. Memory: 8 bytes per landmark (about 1 MB per hour of sound) and the table.
 */
import { FRAME_SECONDS, type Landmarks } from './landmarks.ts'

export interface Match {
  /** Indices of the recordings, the lower one first. */
  readonly a: number
  readonly b: number
  /** Seconds by which the common sound is later in b than in a. */
  readonly delay: number
  /** Landmarks that agree at this delay. */
  readonly votes: number
  /** Seconds of the common sound, from its first to its last agreeing landmark, without gaps of more than two seconds. */
  readonly seconds: number
  /** Where it begins in a. */
  readonly at: number
  /** The same as a share of the shorter recording. */
  readonly share: number
}

const SLOTS = 2 ** 24
/** Hashes that more landmarks have than this tell nothing: hum, test tones. */
const COMMON = 256
/** Votes at one delay (of three frames) below which nothing is the same sound; chance reaches 9 between two pieces of music of 80 s … */
const LEAST_VOTES = 8
/** … so fewer than this need a common part that is large beside the shorter recording. */
const SURE_VOTES = 20
const LEAST_SHARE = 0.2
/** Agreeing landmarks per second of common sound: repeated loops and chance have fewer. */
const LEAST_DENSITY = 1
const GAP = Math.round(2 / FRAME_SECONDS)

function slotOf(pair: number, delay: number): number {
  let x = (Math.imul(pair, 0x9e3779b1) ^ Math.imul(delay + 0x100000, 0x85ebca6b)) >>> 0
  x ^= x >>> 15
  x = Math.imul(x, 0x2c1b3c6d) >>> 0
  return (x ^ (x >>> 13)) % SLOTS
}

interface Entries {
  readonly hashes: Uint32Array
  readonly files: Uint32Array
  readonly frames: Uint32Array
}

/** All landmarks, sorted by hash. */
function sortEntries(landmarks: readonly Landmarks[]): Entries {
  const count = landmarks.reduce((sum, { hashes }) => sum + hashes.length, 0)
  const [files, frames] = [new Uint32Array(count), new Uint32Array(count)]
  // A hash has 23 bits; the number behind it is exact in a double.
  const keys = new Float64Array(count)
  let at = 0
  for (const [file, { hashes, frames: own }] of landmarks.entries()) {
    for (let i = 0; i < hashes.length; i++, at++) {
      keys[at] = hashes[i]! * 2 ** 29 + at
      files[at] = file
      frames[at] = own[i]!
    }
  }
  keys.sort()
  const order = Uint32Array.from(keys, (key) => key % 2 ** 29)
  return {
    hashes: Uint32Array.from(keys, (key) => Math.floor(key / 2 ** 29)),
    files: order.map((i) => files[i]!),
    frames: order.map((i) => frames[i]!),
  }
}

/** Calls `vote` for every two landmarks of different recordings that have one hash. */
function eachAgreement({ hashes, files, frames }: Entries, vote: (a: number, b: number, frame: number, delay: number) => void): void {
  for (let start = 0; start < hashes.length; ) {
    let end = start + 1
    while (end < hashes.length && hashes[end] === hashes[start]) end++
    if (end - start <= COMMON) {
      for (let i = start; i < end; i++) {
        for (let j = i + 1; j < end; j++) {
          // Within one hash the recordings stand in their order.
          if (files[i] !== files[j]) vote(files[i]!, files[j]!, frames[i]!, frames[j]! - frames[i]!)
        }
      }
    }
    start = end
  }
}

/** The longest stretch of frames without a long gap: its first and last frame and how many lie in it. */
function longestRun(frames: number[]): readonly [from: number, to: number, count: number] {
  frames.sort((a, b) => a - b)
  let best: [number, number, number] = [frames[0]!, frames[0]!, 1]
  for (let start = 0; start < frames.length; ) {
    let end = start
    while (end + 1 < frames.length && frames[end + 1]! - frames[end]! <= GAP) end++
    const count = end - start + 1
    if (count > best[2]) best = [frames[start]!, frames[end]!, count]
    start = end + 1
  }
  return best
}

/**
 * Pairs of recordings that hold the same sound.
 *
 * @param seconds lengths of the recordings
 * @param compare says which pairs count; all by default
 */
export function matchLandmarks(
  landmarks: readonly Landmarks[],
  seconds: readonly number[],
  compare: (a: number, b: number) => boolean = () => true,
): Match[] {
  const entries = sortEntries(landmarks)
  const count = landmarks.length
  const slots = new Uint16Array(SLOTS)
  // One frame to each side: cuts at other places shift frames by a part of one.
  eachAgreement(entries, (a, b, _, delay) => {
    const slot = slotOf(a * count + b, delay)
    if (slots[slot]! < 0xffff) slots[slot]!++
  })
  const around = (pair: number, delay: number): number =>
    slots[slotOf(pair, delay - 1)]! + slots[slotOf(pair, delay)]! + slots[slotOf(pair, delay + 1)]!
  const votes = new Map<number, Map<number, number[]>>()
  eachAgreement(entries, (a, b, frame, delay) => {
    const pair = a * count + b
    if (around(pair, delay) < LEAST_VOTES || !compare(a, b)) return
    const delays = votes.get(pair) ?? new Map<number, number[]>()
    votes.set(pair, delays)
    const list = delays.get(delay)
    if (list) list.push(frame)
    else delays.set(delay, [frame])
  })
  const matches: Match[] = []
  for (const [pair, delays] of votes) {
    const [a, b] = [Math.floor(pair / count), pair % count]
    const near = (delay: number): number[] => [-1, 0, 1].flatMap((d) => delays.get(delay + d) ?? [])
    const [delay, frames] = [...delays.keys()].map((key) => [key, near(key)] as const).reduce((x, y) => (y[1].length > x[1].length ? y : x))
    const [from, to, agreeing] = longestRun([...frames])
    const length = (to - from + 1) * FRAME_SECONDS
    if (agreeing < LEAST_VOTES || agreeing < LEAST_DENSITY * length) continue
    const shorter = Math.min(seconds[a]!, seconds[b]!)
    const share = shorter > 0 ? Math.min(1, length / shorter) : 0
    if (agreeing < SURE_VOTES && share < LEAST_SHARE) continue
    matches.push({
      a,
      b,
      delay: delay * FRAME_SECONDS,
      votes: agreeing,
      seconds: length,
      at: from * FRAME_SECONDS,
      share,
    })
  }
  return matches.sort((x, y) => x.a - y.a || x.b - y.b)
}
