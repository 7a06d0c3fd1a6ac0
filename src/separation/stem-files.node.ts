/** The files of stems while they are made: samples that fit in a WAV file, and a log of those above full scale. */

import type { WavFormat, WavWriter } from '../audio/index.ts'
import { createWavWriter } from '../audio/index.ts'
import { createOversLog, type OversLog } from './overs.node.ts'
import type { Staging } from './staging.node.ts'

/** The name of the file of a stem. */
export function stemFileName(base: string, stem: string): string {
  return `${base}.${stem}.wav`
}

export interface StemFile {
  readonly stem: string
  readonly name: string
  readonly writer: WavWriter
  readonly overs: OversLog
}

export async function openStemFile(staging: Staging, base: string, stem: string, wav: WavFormat): Promise<StemFile> {
  const name = stemFileName(base, stem)
  const overs = createOversLog(staging.path(`${stem}.overs`), wav.sampleFormat, wav.channels)
  return { stem, name, writer: await createWavWriter(staging.path(name), wav), overs }
}
