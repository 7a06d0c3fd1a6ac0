/** Tags of files that only ffmpeg reads (AIFF, WMA, WavPack, …), by the machine's ffprobe. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'

const answer = z.object({
  format: z.object({ tags: z.record(z.string(), z.string()).optional() }).optional(),
  streams: z.array(z.object({ tags: z.record(z.string(), z.string()).optional() })).optional(),
})

/** All tags by ffprobe's names; none where there is no ffprobe, or where it cannot read the file. */
export async function probeTags(path: string): Promise<Readonly<Record<string, string>>> {
  // A file may be a play list that names addresses: nothing is fetched.
  const args = [
    '-v',
    'error',
    '-protocol_whitelist',
    'file',
    '-select_streams',
    'a:0',
    '-show_entries',
    'format_tags:stream_tags',
    '-of',
    'json',
  ]
  try {
    const { stdout } = await promisify(execFile)('ffprobe', [...args, `file:${path}`], { maxBuffer: 2 ** 24 })
    const { format, streams } = answer.parse(JSON.parse(stdout))
    return { ...streams?.[0]?.tags, ...format?.tags }
  } catch {
    return {}
  }
}
