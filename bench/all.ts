/**
 * The engine's works and the shipped network on both sides, in turn. Minutes on two cores, most of them PyTorch's recurrent layers.
 *
 *     npx tsx bench/all.ts [rounds] > table.md
 *
 * Alone they run as `npx tsx bench/unet.ts` and so on; memory over many steps is bench/steady.ts, compiling is bench/compile.ts.
 */
import { bandUnet } from './band-unet.ts'
import { blstm } from './blstm.ts'
import { fourier } from './stft.ts'
import { compare, formatResults } from './support.ts'
import { transformer } from './transformer.ts'
import { unet } from './unet.ts'

const rounds = Number(process.argv[2] ?? 3)
console.log(
  formatResults(
    [unet, blstm, transformer, fourier, bandUnet].flatMap((bench) => compare(bench, { rounds })),
    rounds,
  ),
)
