/** Levels of a recording in one pass, whatever its length: peak, RMS, offset, silence, clipping, and how left and right belong together. */

type Samples = Float32Array | Float64Array

/** A stretch of a recording, in seconds. */
export interface Stretch {
  readonly at: number
  readonly until: number
}

export interface Levels {
  /** Full scale is 1. */
  readonly peak: number
  /** Over all channels. */
  readonly rms: number
  readonly channelRms: readonly number[]
  /** Mean of each channel. */
  readonly offsets: readonly number[]
  /** Stretches below `SILENCE` that last `LEAST_SILENCE` seconds or longer: the longest ones, in order. */
  readonly silence: readonly Stretch[]
  /** Seconds of all silent blocks. */
  readonly silentSeconds: number
  readonly clipping: Clipping
  /** Of two channels alone. */
  readonly stereo?: StereoLevels
}

export interface Clipping {
  /** Share of samples at full scale. */
  readonly fullScale: number
  /** Share of samples in flat tops (three equal samples or more) within 2 % of the peak, below full scale. */
  readonly flatTops: number
  /** Seconds to the block with most of the former (of the latter, where there is none of the former). */
  readonly worst: number
}

export interface StereoLevels {
  /** Of left and right, −1 to 1; 0 where one of them is silent. */
  readonly correlation: number
  /** Energy of left − right over that of left + right, in dB; −200 for equal channels. */
  readonly sideDb: number
  /** Share of the loud blocks in which left and right have a correlation below −0.8. */
  readonly invertedShare: number
  /** Seconds to the first of them, −1 where there is none. */
  readonly invertedAt: number
}

/** −66 dB of full scale: the noise of a quiet room recorded well. */
const SILENCE = 5e-4
const LEAST_SILENCE = 3
/** Blocks of this length are silent or not, clipped or not, inverted or not (seconds). */
const BLOCK = 0.1
const SILENCES = 20
/** 16-bit files end at 1 − 2⁻¹⁵. */
const FULL_SCALE = 0.9999
const FLAT = 3
const LEVEL_BINS = 4096
/** Flat tops below this are the zeros and steps of quiet sound. */
const LEAST_FLAT_LEVEL = 0.1

export interface LevelMeter {
  push(block: readonly Samples[]): void
  finish(): Levels
}

interface ChannelState {
  sum: number
  power: number
  /** The run of equal samples that ends here. */
  last: number
  run: number
}

/** Starts a meter. */
export function createLevelMeter(sampleRate: number, channels: number): LevelMeter {
  const step = Math.max(1, Math.round(BLOCK * sampleRate))
  const states: ChannelState[] = Array.from({ length: channels }, () => ({ sum: 0, power: 0, last: Number.NaN, run: 0 }))
  /** Samples in flat tops by level, the last bin for all levels from 2 up. */
  const flat = new Float64Array(LEVEL_BINS)
  const silence: Stretch[] = []
  let [total, peak, fullScale] = [0, 0, 0]
  let [blockSamples, blockPeak, blockClipped, blockFlat] = [0, 0, 0, 0]
  let [blockLeft, blockRight, blockCross] = [0, 0, 0]
  let [cross, side, mid] = [0, 0, 0]
  let [loudBlocks, invertedBlocks, invertedAt] = [0, 0, -1]
  let [silentSince, silentBlocks] = [-1, 0]
  let [mostClipped, mostFlat, worstClipped, worstFlat] = [0, 0, 0, 0]

  const endRun = (state: ChannelState): void => {
    const level = Math.abs(state.last)
    if (state.run < FLAT || level < LEAST_FLAT_LEVEL || level >= FULL_SCALE) return
    flat[Math.min(LEVEL_BINS - 1, Math.floor((level * LEVEL_BINS) / 2))]! += state.run
    blockFlat += state.run
  }
  const endSilence = (until: number): void => {
    if (silentSince >= 0 && (until - silentSince) / sampleRate >= LEAST_SILENCE) {
      silence.push({ at: silentSince / sampleRate, until: until / sampleRate })
      if (silence.length > SILENCES) {
        const lengths = silence.map((s) => s.until - s.at)
        silence.splice(lengths.indexOf(Math.min(...lengths)), 1)
      }
    }
    silentSince = -1
  }
  const endBlock = (): void => {
    if (blockSamples === 0) return
    const start = total - blockSamples
    if (blockPeak < SILENCE) {
      silentBlocks += blockSamples
      if (silentSince < 0) silentSince = start
    } else endSilence(start)
    if (blockClipped > mostClipped) [mostClipped, worstClipped] = [blockClipped, start]
    if (blockFlat > mostFlat) [mostFlat, worstFlat] = [blockFlat, start]
    const loud = 1e-5 * blockSamples
    if (blockLeft > loud && blockRight > loud) {
      loudBlocks++
      if (blockCross < -0.8 * Math.sqrt(blockLeft * blockRight)) {
        invertedBlocks++
        if (invertedAt < 0) invertedAt = start
      }
    }
    blockSamples = blockPeak = blockClipped = blockFlat = blockLeft = blockRight = blockCross = 0
  }
  /** Samples `from` to `to`, which lie in one block. */
  const measure = (block: readonly Samples[], from: number, to: number): void => {
    for (const [c, samples] of block.entries()) {
      const state = states[c]!
      for (let i = from; i < to; i++) {
        const x = samples[i]!
        const level = Math.abs(x)
        state.sum += x
        state.power += x * x
        if (level > blockPeak) blockPeak = level
        if (level >= FULL_SCALE) blockClipped++
        if (x === state.last) state.run++
        else {
          endRun(state)
          state.last = x
          state.run = 1
        }
      }
    }
    if (channels !== 2) return
    const [left, right] = block as [Samples, Samples]
    for (let i = from; i < to; i++) {
      const [l, r] = [left[i]!, right[i]!]
      blockCross += l * r
      blockLeft += l * l
      blockRight += r * r
      side += (l - r) ** 2
      mid += (l + r) ** 2
    }
  }

  return {
    push(block) {
      const frames = block[0]?.length ?? 0
      for (let at = 0; at < frames; ) {
        const to = Math.min(frames, at + step - blockSamples)
        const [before, crossBefore] = [blockClipped, blockCross]
        measure(block, at, to)
        peak = Math.max(peak, blockPeak)
        fullScale += blockClipped - before
        cross += blockCross - crossBefore
        total += to - at
        blockSamples += to - at
        at = to
        if (blockSamples === step) endBlock()
      }
    },
    finish() {
      for (const state of states) endRun(state)
      endBlock()
      endSilence(total)
      const count = Math.max(1, total)
      const power = states.reduce((sum, state) => sum + state.power, 0)
      let tops = 0
      for (let bin = 0; bin < LEVEL_BINS; bin++) if ((2 * (bin + 1)) / LEVEL_BINS >= 0.98 * peak) tops += flat[bin]!
      const norm = Math.sqrt((states[0]?.power ?? 0) * (states[1]?.power ?? 0))
      return {
        peak,
        rms: Math.sqrt(power / (count * channels)),
        channelRms: states.map((state) => Math.sqrt(state.power / count)),
        offsets: states.map((state) => state.sum / count),
        silence,
        silentSeconds: silentBlocks / sampleRate,
        clipping: {
          fullScale: fullScale / (count * channels),
          flatTops: tops / (count * channels),
          worst: (fullScale > 0 ? worstClipped : worstFlat) / sampleRate,
        },
        ...(channels === 2 && {
          stereo: {
            correlation: norm > 0 ? cross / norm : 0,
            sideDb: 10 * Math.log10(Math.max(side, 1e-20 * mid, 1e-300) / Math.max(mid, 1e-300)),
            invertedShare: loudBlocks > 0 ? invertedBlocks / loudBlocks : 0,
            invertedAt: invertedAt < 0 ? -1 : invertedAt / sampleRate,
          },
        }),
      }
    },
  }
}
