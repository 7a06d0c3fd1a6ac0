/** Pictures of the places that findings are about: waveforms of faults of samples, spectrograms of faults of content. */
import FFT from 'fft.js'
import { openAudio } from '../../audio/index.ts'
import { spectrogramPlot, waveformPlot } from '../../report/index.ts'
import type { Finding, FindingKind } from './findings.ts'

type Samples = Float32Array | Float64Array

interface View {
  readonly kind: 'waveform' | 'spectrogram'
  /** Seconds shown, and how many of them before the place. */
  readonly seconds: number
  readonly before: number
}

/** What shows each kind best; kinds that are not here have nothing to show. */
const views: Partial<Record<FindingKind, View>> = {
  damaged: { kind: 'waveform', seconds: 2, before: 2 },
  pause: { kind: 'waveform', seconds: 10, before: 2 },
  clipped: { kind: 'waveform', seconds: 0.03, before: 0 },
  offset: { kind: 'waveform', seconds: 0.1, before: 0 },
  bandwidth: { kind: 'spectrogram', seconds: 4, before: 0 },
  'dead-channel': { kind: 'waveform', seconds: 1, before: 0 },
  inverted: { kind: 'waveform', seconds: 0.02, before: 0 },
  voice: { kind: 'spectrogram', seconds: 5, before: 0 },
  accompaniment: { kind: 'spectrogram', seconds: 5, before: 0 },
  sum: { kind: 'spectrogram', seconds: 4, before: 1 },
}

/** Up to `seconds` of a file from `start`, as far as it can be read. */
async function readStretch(path: string, start: number, seconds: number): Promise<{ channels: Samples[]; sampleRate: number } | undefined> {
  const stream = await openAudio(path)
  const { sampleRate, channels: count } = stream.info
  const [from, to] = [Math.round(start * sampleRate), Math.round((start + seconds) * sampleRate)]
  const parts: Samples[][] = Array.from({ length: count }, () => [])
  let at = 0
  try {
    for await (const block of stream.blocks) {
      const length = block[0]!.length
      if (at + length > from) for (const [c, samples] of block.entries()) parts[c]!.push(samples.slice(Math.max(0, from - at), to - at))
      at += length
      if (at >= to) break
    }
  } catch {
    // What comes before the damage is what there is to see.
  } finally {
    await stream.close()
  }
  const channels = parts.map((pieces) => Float64Array.from(pieces.flatMap((piece) => Array.from(piece))))
  return channels[0]?.length ? { channels, sampleRate } : undefined
}

/** Magnitudes of a sound's frames, for a picture some 300 columns wide. */
function framesOf(channels: readonly Samples[], sampleRate: number): { frames: Float32Array[]; hopLength: number } {
  const length = channels[0]!.length
  const size = Math.max(64, 2 ** Math.round(Math.log2(0.046 * sampleRate)))
  const hopLength = Math.max(size / 4, Math.ceil(length / 300))
  const fft = new FFT(size)
  const [input, output] = [new Float64Array(size), fft.createComplexArray()]
  const frames: Float32Array[] = []
  for (let start = 0; start === 0 || start + size <= length; start += hopLength) {
    for (let i = 0; i < size; i++) {
      const mean = channels.reduce((sum, samples) => sum + (samples[start + i] ?? 0), 0) / channels.length
      input[i] = (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size)) * mean
    }
    fft.realTransform(output, input)
    frames.push(Float32Array.from({ length: size / 2 + 1 }, (_, k) => Math.hypot(output[2 * k]!, output[2 * k + 1]!)))
  }
  return { frames, hopLength }
}

/** The spectrogram of a sound as SVG, its channels as one. */
export function drawSound(channels: readonly Samples[], sampleRate: number, title: string): string {
  return spectrogramPlot({ title, ...framesOf(channels, sampleRate), sampleRate, width: 480, height: 240 })
}

/** The picture of a finding as SVG; undefined where there is nothing to see, or nothing can be read. */
export async function drawFinding(finding: Finding, seconds: number): Promise<string | undefined> {
  const view = views[finding.kind]
  if (!view) return undefined
  // What holds for the whole file is shown in its middle.
  const place = finding.at ?? seconds / 2
  const start = Math.max(0, Math.min(place - view.before, seconds - view.seconds))
  const path = finding.kind === 'sum' ? finding.other! : finding.path
  const sound = await readStretch(path, start, view.seconds).catch(() => undefined)
  if (!sound) return undefined
  const { channels, sampleRate } = sound
  const title = `From ${start.toFixed(2)} s`
  const finite = channels.map((samples) => samples.map((x) => (Number.isFinite(x) ? x : Number.NaN)))
  if (view.kind === 'waveform') {
    const labels = channels.length === 2 ? ['left', 'right'] : channels.map((_, c) => `channel ${c + 1}`)
    const waveforms = finite.slice(0, 2).map((samples, c) => ({ label: labels[c]!, samples }))
    return waveformPlot({ title, waveforms, sampleRate, width: 480, height: 100 + 80 * waveforms.length })
  }
  return drawSound(finite, sampleRate, title)
}
