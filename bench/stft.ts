/**
 * Short-time Fourier transform and its inverse of 60 s of stereo at 44.1 kHz, 2048 points, hop 1024 and 512: forward only, and with the derivative
 * of a loss that sees magnitudes and the reconstruction. Signals stay in the memory of each engine. Its peer is stft.py: torch.stft and torch.istft.
 *
 *     npx tsx bench/stft.ts [rounds] [part of a work's name]
 */
import { istft, stft } from '../src/dsp/index.ts'
import { compile } from '../src/runtime/index.ts'
import { add, grad, mean, mul, sqrt, square, sub, type Tensor } from '../src/tensor/index.ts'
import { type Bench, main, noise, readArray, sampled, timed, writeArray } from './support.ts'

const nFft = 2048
const samples = 60 * 44100

/** A work's hop stands in its name. */
const hopOf = (id: string) => Number(id.split('-').at(-1))

/** Half of every bin, so that the inverse has something to do that is not its input. */
function halved(x: Tensor, hopLength: number): { magnitude: Tensor; y: Tensor } {
  const { re, im } = stft(x, { nFft, hopLength })
  const magnitude = sqrt(add(add(square(re), square(im)), 1e-8))
  return { magnitude, y: istft({ re: mul(re, 0.5), im: mul(im, 0.5) }, samples, { nFft, hopLength }) }
}

export const fourier: Bench = {
  url: import.meta.url,
  works: [1024, 512].flatMap((hop) => [
    { id: `stft-forward-${hop}`, label: `STFT and inverse, 60 s of stereo, hop ${hop}`, goal: 1, tolerance: 1e-5 },
    { id: `stft-derivative-${hop}`, label: `the same with derivative, hop ${hop}`, goal: 1, tolerance: 1e-5 },
  ]),
  prepare: (folder) => {
    for (const [i, name] of ['x', 'target'].entries()) writeArray(folder, name, noise(2 * samples, i + 1))
  },
  run: async (work, folder, backend) => {
    const hop = hopOf(work.id)
    const shape = [2, samples]
    const program = await compile(
      (given) => {
        const { magnitude, y } = halved(given.x, hop)
        if (work.id.includes('forward')) return { y }
        const loss = add(mean(magnitude), mean(square(sub(y, given.target))))
        return { y: grad(loss, [given.x])[0]! }
      },
      { x: shape, target: shape },
      { backend },
    )
    const [x, target, y] = [await backend.allocate(2 * samples), await backend.allocate(2 * samples), await backend.allocate(2 * samples)]
    await x.write(readArray(folder, 'x'))
    await target.write(readArray(folder, 'target'))
    const seconds = await timed(work, () =>
      program.run({ x: x.view(0, shape), target: target.view(0, shape) }, { into: { y: y.view(0, shape) } }),
    )
    return { numbers: sampled(await y.read()), seconds }
  },
}

await main(fourier)
