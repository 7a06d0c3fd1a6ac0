import { describe, expect, it } from 'vitest'
import { bandUnetConfig, createNetwork } from '../../src/models/index.ts'
import { fanIn, initialValues, layoutOf } from '../../src/nn/index.ts'

describe('the shipped network', () => {
  it('starts its convolutions as it did when it was trained: normal, of deviation √(2 / fanIn), not as layers do by default', () => {
    const network = createNetwork(bandUnetConfig.parse({ architecture: 'band-unet' }))
    const drawn = initialValues(network, 1)
    const kernels = layoutOf(network).parameters.filter(({ parameter: { shape } }) => shape.length === 4)
    expect(kernels.length).toBeGreaterThan(20)
    for (const { name, parameter, size } of kernels) {
      const deviation = Math.sqrt(drawn.get(name)!.reduce((total, value) => total + value ** 2, 0) / size)
      const ratio = deviation / Math.sqrt(2 / fanIn(parameter.shape))
      // Four deviations of an estimate from `size` draws; PyTorch's uniform start has the ratio 1/√6.
      expect(Math.abs(ratio - 1), name).toBeLessThan(4 / Math.sqrt(2 * size))
    }
  })
})
