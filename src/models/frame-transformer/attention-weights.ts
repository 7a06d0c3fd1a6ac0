/**
 * Where the attention of a FrameTransformer looks: the weights of all its layers, by watching a forward pass. What a layer scored and what was added to
 * it (He et al. 2021, "RealFormer", arXiv 2012.11747) is in its scores; the weights are their softmax.
 */
import { type ForwardCall, type Module, modulesOf, watchForwards } from '../../nn/module.ts'
import { mean, reshape, softmax, sum, type Tensor } from '../../tensor/index.ts'
import { ConvolutionalAttention } from './convolutional-attention.ts'
import { MultichannelAttention } from './multichannel-attention.ts'
import type { ResidualAttended } from './residual-attention.ts'
import { wholeScores } from './scores.ts'

export interface AttentionWeights {
  /** Path of the layer in the model: `network.dec1_transformer.attn1b`. */
  readonly layer: string
  /** (b, heads, t, t'): how much of each frame t' is in what a head gives for frame t; rows sum to 1. */
  readonly weights: Tensor
}

/** Of layers over the frames of maps, the mean of the maps. */
function ofFrames({ scores }: ResidualAttended): Tensor {
  return mean(softmax(wholeScores(scores)), { axes: [1] })
}

/** Of layers of the bridge, whose tokens are all bins of all frames, bins last: what goes to any bin of a frame, in the mean of the bins that look. */
function ofBins({ output, scores }: ResidualAttended): Tensor {
  const [b, , t, f] = output.shape as [number, number, number, number]
  const weights = softmax(wholeScores(scores))
  const heads = weights.shape[1]!
  return mean(sum(reshape(weights, [b, heads, t, f, t, f]), { axes: [5] }), { axes: [3] })
}

/**
 * Traces a forward pass and gives the weights of all attention in it, in the order in which it is computed.
 *
 * @param forward calls the model's `forward`
 * @returns none for models without FrameTransformer's attention
 *
 * @example
 * const sizes = { nFft: 32, multipliers: [1, 2], width: 2, heads: 2, expansion: 8, bridgeLayers: 1 }
 * const network = new FrameTransformer(bodyConfig.parse(sizes))
 * const layers = attentionWeights(network, () => network.forward(input('x', [1, 4, 5, 16])))
 * layers.length // 6
 * layers[1]!.weights.shape // [1, 2, 5, 5]
 */
export function attentionWeights(model: Module, forward: () => unknown): readonly AttentionWeights[] {
  const paths = modulesOf(model)
  const calls: ForwardCall[] = []
  watchForwards((call) => calls.push(call), forward)
  return calls.flatMap(({ module, result }) => {
    const layer = paths.get(module)
    if (layer === undefined) return []
    if (module instanceof MultichannelAttention) return [{ layer, weights: ofFrames(result as ResidualAttended) }]
    return module instanceof ConvolutionalAttention ? [{ layer, weights: ofBins(result as ResidualAttended) }] : []
  })
}
