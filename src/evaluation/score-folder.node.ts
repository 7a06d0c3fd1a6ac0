/** Scores a separator on a folder of clips with known stems: `<clip>/{mix,vocals,accompaniment}` in any audio format. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openAudio } from '../audio/index.ts'
import { type Signal, sdr, siSdr, subtract } from './metrics.ts'
import { oracleRatioMask } from './oracle.ts'
import { type ClipScore, type Groups, groupOf, type Ratios, type Scores, type StemRatios, summarise } from './scores.ts'

/** What is to be scored: the mixture at its own sample rate in, the vocals (and, if not mixture − vocals, the accompaniment) out. */
export type SeparateClip = (
  mixture: Float32Array[],
  sampleRate: number,
  clip: string,
) => Promise<{ readonly vocals: Signal; readonly accompaniment?: Signal }>

export interface ScoreOptions {
  /** Name of a group → prefixes of its clips' names. */
  readonly groups?: Groups
  readonly signal?: AbortSignal
  readonly onProgress?: (clip: string, done: number, total: number) => void
}

const STEMS = ['mix', 'vocals', 'accompaniment'] as const

/**
 * Scores every clip of the folder, beside the mixture itself and the ideal ratio mask.
 *
 * @throws Error when the folder has no clips, or lists every clip that is incomplete or whose stems do not fit together.
 */
export async function scoreFolder(folder: string, separate: SeparateClip, options: ScoreOptions = {}): Promise<Scores> {
  const { groups = {}, signal, onProgress } = options
  const clips = await findClips(folder)
  const scores: ClipScore[] = []
  for (const [index, { name, files }] of clips.entries()) {
    signal?.throwIfAborted()
    const [mix, vocals, accompaniment] = await Promise.all(files.map((file) => readSound(file, signal)))
    for (const stem of [vocals!, accompaniment!])
      if (stem.rate !== mix!.rate || stem.channels.length !== mix!.channels.length || stem.channels[0]!.length !== mix!.channels[0]!.length)
        throw new Error(`${join(folder, name)}: mix, vocals and accompaniment must have one rate, channel count and length`)
    const truth = { vocals: vocals!.channels, accompaniment: accompaniment!.channels }
    const made = await separate(
      mix!.channels.map((x) => x.slice()),
      mix!.rate,
      name,
    )
    scores.push({
      clip: name,
      group: groupOf(name, groups),
      seconds: mix!.channels[0]!.length / mix!.rate,
      model: ratios(truth, { vocals: made.vocals, accompaniment: made.accompaniment ?? subtract(mix!.channels, made.vocals) }),
      mixture: ratios(truth, { vocals: mix!.channels, accompaniment: mix!.channels }),
      oracle: ratios(truth, oracleRatioMask(truth.vocals, truth.accompaniment)),
    })
    onProgress?.(name, index + 1, clips.length)
  }
  return { clips: scores, groups: summarise(scores, Object.keys(groups)) }
}

function ratios(truth: { vocals: Signal; accompaniment: Signal }, made: { vocals: Signal; accompaniment: Signal }): StemRatios {
  const both = (reference: Signal, estimate: Signal): Ratios => ({ sdr: sdr(reference, estimate), siSdr: siSdr(reference, estimate) })
  return { vocals: both(truth.vocals, made.vocals), accompaniment: both(truth.accompaniment, made.accompaniment) }
}

async function findClips(folder: string): Promise<{ name: string; files: string[] }[]> {
  const clips: { name: string; files: string[] }[] = []
  const problems: string[] = []
  for (const item of await readdir(folder, { withFileTypes: true })) {
    if (!item.isDirectory()) continue
    const inside = await readdir(join(folder, item.name))
    const files = STEMS.map((stem) => inside.find((file) => file.startsWith(`${stem}.`)))
    const absent = STEMS.filter((_, i) => files[i] === undefined)
    if (absent.length === STEMS.length) continue
    if (absent.length > 0) problems.push(`  ${item.name}: no ${absent.join(', no ')}`)
    else clips.push({ name: item.name, files: files.map((file) => join(folder, item.name, file!)) })
  }
  if (problems.length > 0) throw new Error(`${folder}: incomplete clips:\n${problems.join('\n')}`)
  if (clips.length === 0) throw new Error(`${folder}: no clips; each is a folder with mix, vocals and accompaniment as audio files`)
  return clips.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function readSound(path: string, signal: AbortSignal | undefined): Promise<{ rate: number; channels: Float32Array[] }> {
  const stream = await openAudio(path, signal ? { signal } : {})
  try {
    const parts: Signal[] = []
    for await (const block of stream.blocks) parts.push(block.map((x) => Float32Array.from(x)))
    const length = parts.reduce((sum, part) => sum + part[0]!.length, 0)
    const channels = Array.from({ length: stream.info.channels }, (_, c) => {
      const out = new Float32Array(length)
      let at = 0
      for (const part of parts) {
        out.set(part[c]!, at)
        at += part[c]!.length
      }
      return out
    })
    return { rate: stream.info.sampleRate, channels }
  } finally {
    await stream.close()
  }
}
