/**
 * A transformer encoder: 4 layers, width 256, 8 heads, feed-forward 1024 with ReLU, 512 frames; mean squared error, AdamW. Its peer,
 * transformer.py, is PyTorch's own TransformerEncoder, whose inference is one fused operator per layer.
 *
 *     npx tsx bench/transformer.ts [rounds] [part of a work's name]
 */
import { LayerNorm, TransformerEncoder, TransformerEncoderLayer } from '../src/nn/index.ts'
import { mean, square, sub } from '../src/tensor/index.ts'
import { networkBench } from './network.ts'
import { main } from './support.ts'

const [batch, frames, width, heads, dimFeedforward, depth] = [4, 512, 256, 8, 1024, 4]
const layer = () => new TransformerEncoderLayer(width, heads, { dimFeedforward, dropout: 0, normFirst: true })

export const transformer = networkBench({
  url: import.meta.url,
  works: [
    { id: 'transformer-train', label: `transformer encoder training step, batch ${batch}`, goal: 1, tolerance: 1e-5 },
    { id: 'transformer-infer', label: `transformer encoder inference, batch ${batch}`, goal: 0.7, tolerance: 1e-5 },
  ],
  create: () => new TransformerEncoder(layer, depth, new LayerNorm(width)),
  shapeOf: () => [batch, frames, width],
  loss: (estimate, target) => mean(square(sub(estimate, target))),
})

await main(transformer)
