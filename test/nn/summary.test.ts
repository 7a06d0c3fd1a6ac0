import { describe, expect, it } from 'vitest'
import { bandUnetConfig, createNetwork } from '../../src/models/index.ts'
import { BatchNorm, Conv2d, ConvTranspose2d, Linear, Module, parameter, summary } from '../../src/nn/index.ts'
import { add, cast, constant, matmul, mul, relu, scan, type Tensor, transpose } from '../../src/tensor/index.ts'

class Net extends Module {
  readonly gain = parameter([2, 1, 1], () => {})
  readonly down = new Conv2d(2, 6, [3, 3], { stride: 2, padding: 1, groups: 2 })
  readonly norm = new BatchNorm(6)
  readonly blocks = [new Conv2d(6, 6, [1, 1], { bias: false }), new Conv2d(6, 6, [1, 1], { bias: false })]
  readonly up = new ConvTranspose2d(6, 2, [2, 2], { stride: 2 })
  readonly spare = new Linear(3, 5)
  forward(x: Tensor): { mask: Tensor; codes: Tensor[] } {
    let h = relu(this.norm.forward(this.down.forward(mul(x, this.gain))))
    for (const block of this.blocks) h = add(h, block.forward(h))
    return { mask: this.up.forward(h), codes: [matmul(h, transpose(h, [0, 1, 3, 2]))] }
  }
}

describe('summary', () => {
  it('tells each module’s shapes, own parameters and multiply-adds, those without a module on the model’s line', () => {
    const { rows, ...totals } = summary(new Net(), [2, 2, 8, 10])
    expect(
      rows.map(({ path, type, shapes, parameters, buffers, multiplyAdds }) => [path, type, shapes, parameters, buffers, multiplyAdds]),
    ).toEqual([
      // Matrix products of (4, 5) with (5, 4) for 2 · 6 channels.
      [
        '',
        'Net',
        [
          [2, 2, 8, 10],
          [2, 6, 4, 4],
        ],
        2,
        0,
        2 * 6 * 4 * 5 * 4,
      ],
      // Each of 2 · 6 · 4 · 5 results sums 3 · 3 taps of the one channel of its group.
      ['down', 'Conv2d', [[2, 6, 4, 5]], 6 * 9 + 6, 0, 240 * 9],
      ['norm', 'BatchNorm', [[2, 6, 4, 5]], 12, 12, 0],
      ['blocks.0', 'Conv2d', [[2, 6, 4, 5]], 36, 0, 240 * 6],
      ['blocks.1', 'Conv2d', [[2, 6, 4, 5]], 36, 0, 240 * 6],
      // Each of 2 · 6 · 4 · 5 inputs meets 2 channels of 2 · 2 taps.
      ['up', 'ConvTranspose2d', [[2, 2, 8, 10]], 6 * 2 * 4 + 2, 0, 240 * 8],
      ['spare', 'Linear', [], 20, 0, 0],
    ])
    expect(totals).toMatchObject({ parameters: 2 + 60 + 12 + 36 + 36 + 50 + 20, buffers: 12, multiplyAdds: 960 + 2160 + 2880 + 1920 })
  })

  it('prints a table: a line per module, aligned, and the totals', () => {
    const lines = String(summary(new Net(), [2, 2, 8, 10])).split('\n')
    expect(lines).toHaveLength(9)
    expect(lines[0]).toMatch(/^module +type +gives +parameters +multiply-adds$/)
    expect(lines[1]).toMatch(/^\(model\) +Net +\(2, 2, 8, 10\) \(2, 6, 4, 4\) +2 +960$/)
    expect(lines[7]).toMatch(/^spare +Linear +– +20$/)
    expect(lines[8]).toMatch(/^total +and 12 in buffers +216 +7 920$/)
  })

  it('counts a tied parameter once and every call’s work; inputs may be several and of any dtype', () => {
    class Tied extends Module {
      readonly inner = new Linear(4, 4, { bias: false })
      readonly again = [this.inner]
      forward(x: Tensor, rows: Tensor): Tensor {
        return mul(this.again[0]!.forward(this.inner.forward(this.inner.forward(x))), cast(rows, 'float32'))
      }
    }
    const { rows, parameters, multiplyAdds } = summary(new Tied(), [[3, 4], { shape: [3, 1], dtype: 'int64' }])
    expect(rows.map((row) => [row.path, row.parameters, row.multiplyAdds])).toEqual([
      ['', 0, 0],
      ['inner', 16, 3 * 3 * 16],
    ])
    expect([parameters, multiplyAdds]).toEqual([16, 3 * 3 * 16])
  })

  it('counts what a loop does in every step', () => {
    class Loop extends Module {
      readonly recurrent = new Linear(4, 4, { bias: false })
      forward(x: Tensor): Tensor {
        const { outputs } = scan(
          ([state], [now]) => {
            const next = add(this.recurrent.forward(state!), now!)
            return { carry: [next], outputs: [next] }
          },
          { carry: [constant(new Float32Array(8), [2, 4])], sequences: [x] },
        )
        return outputs[0]!
      }
    }
    expect(summary(new Loop(), [7, 2, 4]).rows.map((row) => [row.path, row.parameters, row.multiplyAdds])).toEqual([
      ['', 0, 7 * 2 * 4 * 4],
      ['recurrent', 16, 0],
    ])
  })

  it('agrees with the card of the shipped network', () => {
    const network = createNetwork(bandUnetConfig.parse({ architecture: 'band-unet' }))
    const { rows, parameters } = summary(network, [1, 2, 15 * 1024])
    expect(parameters).toBe(1_867_818)
    expect(new Set(rows.map(({ path }) => path)).size).toBe(rows.length)
    expect(rows.filter(({ type }) => type === 'ResidualBlock').map(({ path }) => path)).toEqual([
      ...['encoder.0', 'encoder.1', 'encoder.2', 'bottleneck.0', 'bottleneck.1', 'bottleneck.2'],
      ...['decoder.2', 'decoder.1', 'decoder.0'],
    ])
  })

  it('refuses inputs that the model refuses, by place', () => {
    expect(() => summary(new Net(), [2, 3, 8, 10])).toThrow(/^mul: \(2, 3, 8, 10\) and \(2, 1, 1\)/)
  })
})
