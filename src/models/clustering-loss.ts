/** The loss of embeddings of bins, from magnitudes of the stems: what deep clustering and Chimera train. */
import { binaryMask, magnitude, type StftOptions, stft } from '../dsp/index.ts'
import { deepClusteringLoss, silenceWeights } from '../losses/index.ts'
import { reshape, stack, type Tensor, transpose } from '../tensor/index.ts'
import { framesFirst } from './recurrent-trunk.ts'

/**
 * Per pair of bins, so that it does not grow with the length.
 *
 * @param embeddings (b, t·c·f, d)
 * @param magnitudes of the mixture, (b, c, t, f)
 * @param sources waveforms of the stems, each (b, c, n)
 */
export function embeddingLoss(
  embeddings: Tensor,
  magnitudes: Tensor,
  sources: readonly Tensor[],
  { transform, rangeDb }: { readonly transform: StftOptions; readonly rangeDb: number },
): Tensor {
  const [b, points] = embeddings.shape as [number, number]
  const levels = sources.map((source) => magnitude(stft(source, transform)))
  const loudest = binaryMask(stack(levels, 1), { axis: 1 }) // (b, s, c, t, f)
  const labels = reshape(transpose(loudest, [0, 3, 2, 4, 1]), [b, points, sources.length])
  const weights = reshape(framesFirst(silenceWeights(magnitudes, { rangeDb })), [b, points])
  return deepClusteringLoss(embeddings, labels, { weights, normalize: true })
}
