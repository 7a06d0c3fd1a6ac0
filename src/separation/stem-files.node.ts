/** The files of stems while they are made: samples that fit in a WAV file, and a log of those above full scale. */

import { rename } from 'node:fs/promises'
import type { WavFormat, WavWriter } from '../audio/index.ts'
import { createWavWriter } from '../audio/index.ts'
import { createOversLog, type OversLog } from './overs.node.ts'
import type { Workshop } from './resume/workshop.node.ts'
import { fileExists } from './staging.node.ts'

export interface StemFile {
  readonly stem: string
  readonly name: string
  readonly writer: WavWriter
  readonly overs: OversLog
}

/** Begins the file of a stem, or goes on with what the workshop holds of it. */
export async function openStemFile({ staging, begun }: Workshop, stem: string, wav: WavFormat): Promise<StemFile> {
  const name = `${stem}.wav`
  const part = staging.path(`${stem}.part`)
  const state = begun && { ...(begun.overs[stem] ?? { records: 0, peak: 0 }), frames: begun.frames }
  const overs = createOversLog(staging.path(`${stem}.overs`), wav.sampleFormat, wav.channels, state)
  // Interrupted after its end it has its name already.
  if (state && !(await fileExists(part))) await rename(staging.path(name), part)
  return { stem, name, writer: await createWavWriter(staging.path(name), wav, { part, from: state?.frames }), overs }
}
