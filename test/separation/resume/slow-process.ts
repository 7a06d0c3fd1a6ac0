/** A process that separates a file with a slow network and checkpoints all the time, telling each window that is through; for tests that kill it. */

import { setTimeout } from 'node:timers/promises'
import { openAudio } from '../../../src/audio/index.ts'
import { type Separator, writeStems } from '../../../src/separation/index.ts'
import { separatorOf, smoothing } from '../fakes.ts'

const [song, folder, checkpointSeconds] = process.argv.slice(2)
const slow: Separator = separatorOf(
  async (window) => {
    await setTimeout(5)
    process.stdout.write('window\n')
    return smoothing(window)
  },
  { windowLength: 2048, margin: 256 },
)
await writeStems(await openAudio(song!), {
  separator: slow,
  folder: folder!,
  base: 'song',
  resume: { song: song!, identity: {}, checkpointSeconds: Number(checkpointSeconds) },
})
