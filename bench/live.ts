/**
 * What a model costs while sound plays: `npx tsx bench/live.ts [model] [seconds]`. White noise goes through a stream in blocks as programs have them, one
 * thread; of each block is measured how long the answer took. Real time is kept where the slowest block takes less than it lasts, or than what is
 * buffered.
 */
import { loadSeparator } from '../src/models/index.ts'
import { createStreamingSeparator } from '../src/separation/index.ts'
import { createRandom } from '../src/tensor/index.ts'

const [model = 'causal', length = '30'] = process.argv.slice(2)
const separator = await loadSeparator(model, { threads: 1 })
const random = createRandom(1)
const used = () => process.resourceUsage().userCPUTime / 1e6 + process.resourceUsage().systemCPUTime / 1e6

console.log(`${model} on ${separator.device}, ${length} s of noise at ${separator.sampleRate} Hz\n`)
console.log('| block, samples | of real time | processor, of real time | median, ms | 99 %, ms | slowest, ms | block lasts, ms |')
console.log('| ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
for (const size of [128, 512, 2048, 44100]) {
  const streaming = createStreamingSeparator(separator, { stems: ['vocals'] })
  const block = [0, 1].map(() => Float32Array.from({ length: size }, () => random.uniform(-0.5, 0.5)))
  for (let n = 0; n < 2 * separator.sampleRate; n += size) await streaming.process(block) // warm
  const times: number[] = []
  const [started, cpu] = [performance.now(), used()]
  const blocks = Math.ceil((Number(length) * separator.sampleRate) / size)
  for (let i = 0; i < blocks; i++) {
    const before = performance.now()
    await streaming.process(block)
    times.push(performance.now() - before)
  }
  const seconds = (blocks * size) / separator.sampleRate
  const [wall, busy] = [(performance.now() - started) / 1000 / seconds, (used() - cpu) / seconds]
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))]!.toFixed(2)
  const cells = [size, wall.toFixed(4), busy.toFixed(4), at(0.5), at(0.99), at(1), ((1000 * size) / separator.sampleRate).toFixed(1)]
  console.log(`| ${cells.join(' | ')} |`)
  await streaming.reset()
}
console.log(`\npeak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`)
await separator.dispose()
