/** A thread of the check: decodes a file and measures it. */
import { AudioError, openAudio } from '../../audio/index.ts'
import { serveTeam } from '../worker-team.node.ts'
import { createScanner } from './scan.ts'
import type { Scanned } from './scan-pool.node.ts'

/** What stands before the reason in an AudioError's message. */
function reasonOf(error: unknown, path: string): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message
}

serveTeam(async (path: string): Promise<Scanned> => {
  try {
    const stream = await openAudio(path)
    const { sampleRate, channels, format } = stream.info
    const scanner = createScanner(sampleRate, channels)
    for await (const block of stream.blocks) scanner.push(block)
    return { format, ...scanner.finish() }
  } catch (error) {
    const seconds = error instanceof AudioError ? error.seconds : undefined
    return { fault: reasonOf(error, path), ...(seconds !== undefined && { seconds }) }
  }
})
