/** The synthesiser's worker thread: renders one voice, band or song per message into the cache. */
import { parentPort } from 'node:worker_threads'
import { type AudioBlock, resample } from '../audio/index.ts'
import { createPcmWriter, type Facts } from './pcm.node.ts'
import type { PartJob, SongJob, SynthesiserJob, SynthesiserReply } from './synthesiser.node.ts'
import { songStems } from './synthesiser.node.ts'
import { makeInstrumental, makeSong, singVoice } from './synthetic/index.ts'

/** The least rate that the synthesiser renders at. */
const LEAST_RATE = 32000

async function write(base: string, sound: readonly Float32Array[], rate: number, name: string, silent = false): Promise<Facts> {
  const writer = await createPcmWriter(base, sound.length as 1 | 2, rate)
  try {
    await writer.write(sound)
    return await writer.finish(name, { silent })
  } catch (error) {
    await writer.discard()
    throw error
  }
}

async function renderPart({ base, kind, seed, seconds, rate, singer }: PartJob): Promise<Facts[]> {
  const sampleRate = rate * Math.ceil(LEAST_RATE / rate)
  const sound = kind === 'vocals' ? singVoice({ seed, seconds, sampleRate, singer }) : makeInstrumental({ seed, seconds, sampleRate })
  const [left, right] = resample(sound, sampleRate, rate) as [Float32Array, Float32Array]
  // A voice in the middle (equal to half a step of 16 bits) is stored once: the mixer then places it where it likes.
  const mono = left.every((x, i) => Math.abs(x - right[i]!) < 1 / 65536)
  return [await write(base, mono ? [left] : [left, right], rate, `synthetic ${kind} of seed ${seed}`)]
}

function folded(sound: AudioBlock, channels: 1 | 2): Float32Array[] {
  const [left, right] = sound as [Float32Array, Float32Array]
  return channels === 2 ? [left, right] : [left.map((x, i) => 0.5 * (x + right[i]!))]
}

async function renderSong({ bases, seed, seconds, rate, channels, singer, players }: SongJob): Promise<Facts[]> {
  const sampleRate = rate * Math.ceil(LEAST_RATE / rate)
  const { stems } = makeSong({ seed, seconds, sampleRate, singer, players })
  const facts: Facts[] = []
  for (const stem of songStems) {
    const sound = resample(folded(stems[stem], channels), sampleRate, rate) as Float32Array[]
    // Short songs have instruments that never play.
    facts.push(await write(bases[stem], sound, rate, `synthetic ${stem} of seed ${seed}`, true))
  }
  return facts
}

parentPort!.on('message', (job: SynthesiserJob) => {
  const rendered = job.kind === 'song' ? renderSong(job) : renderPart(job)
  rendered.then(
    (facts) => parentPort!.postMessage({ facts } satisfies SynthesiserReply),
    (error: unknown) => parentPort!.postMessage({ error: String(error) } satisfies SynthesiserReply),
  )
})
