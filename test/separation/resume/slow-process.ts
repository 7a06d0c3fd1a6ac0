/**
 * A process that separates a file with a slow network and checkpoints all the time, telling each window that is through. After `most` of them it is
 * killed, as if by somebody else, some milliseconds later, whatever it does then.
 */

import { setTimeout } from 'node:timers/promises'
import { openAudio } from '../../../src/audio/index.ts'
import { type Separator, writeStems } from '../../../src/separation/index.ts'
import { separatorOf, smoothing } from '../fakes.ts'

const [song = '', folder = '', most, later] = process.argv.slice(2)
let windows = 0
const slow: Separator = separatorOf(
  async (window) => {
    await setTimeout(5)
    process.stdout.write('window\n')
    if (++windows === Number(most)) setTimeout(Number(later)).then(() => process.kill(process.pid, 'SIGKILL'))
    return smoothing(window)
  },
  { windowLength: 2048, margin: 256 },
)
// So often that some windows are in the log, and some only in what is written.
const checkpointSeconds = 0.02
await writeStems(await openAudio(song), {
  separator: slow,
  folder,
  base: 'song',
  resume: { song, identity: {}, checkpointSeconds },
})
