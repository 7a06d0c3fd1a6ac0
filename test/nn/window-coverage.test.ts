import { afterEach, describe, expect, it, vi } from 'vitest'
import { Conv1d, Conv2d, MaxPool1d, Module, Sequential, type Warning, warn, windowCoverage, withWarnings } from '../../src/nn/index.ts'
import { constant, conv1d, grad, input, sum, type Tensor } from '../../src/tensor/index.ts'
import { run } from './run.ts'

function warningsOf(trace: () => unknown): Warning[] {
  const heard: Warning[] = []
  withWarnings((warning) => heard.push(warning), trace)
  return heard
}

describe('coverage of strided windows', () => {
  it.each([
    [10, 3, { stride: 1 }],
    [10, 3, { stride: 3 }],
    [10, 2, { stride: 3 }],
    [11, 3, { stride: 2, padding: 1 }],
    [12, 3, { stride: 2, dilation: 2 }],
    [9, 2, { stride: 2, padding: [[2, 0]] as const }],
  ])('1.16 coverage: of %i samples by windows of %i, %j, is how often the gradient counts each', async (extent, kernel, options) => {
    const x = constant(new Float64Array(extent).fill(1), [1, 1, extent])
    const [counted] = grad(sum(conv1d(x, constant(new Float64Array(kernel).fill(1), [1, 1, kernel]), options)), [x])
    expect(windowCoverage(extent, kernel, options)).toEqual((await run({ counted: counted! })).counted)
  })

  it('1.16 strided convolution: warns where the stride exceeds the kernel, naming the layer, and not where it does not', () => {
    class Net extends Module {
      readonly layers = new Sequential(new Conv1d(1, 1, 4, { stride: 4 }), new Conv1d(1, 1, 2, { stride: 3 }))
      forward(x: Tensor): Tensor {
        return this.layers.forward(x)
      }
    }
    const heard = warningsOf(() => new Net().forward(input('x', [1, 1, 64])))
    expect(heard).toEqual([
      {
        code: 'unread-input',
        place: 'layers.1',
        message: expect.stringMatching(/^Conv1d: spatial axis 0, kernel 2, stride 3, dilation 1: only 2 of every 3 elements are read/),
      },
    ])
    expect(windowCoverage(6, 2, { stride: 3 })).toEqual([1, 1, 0, 1, 1, 0])
    expect(warningsOf(() => new Conv1d(1, 1, 3, { stride: 3 }).forward(input('x', [1, 1, 9])))).toEqual([])
  })

  it('1.16 strided convolution: sees what dilation leaves out, each axis by itself, and pooling alike', () => {
    const dilated = warningsOf(() => new Conv1d(1, 1, 5, { stride: 2, dilation: 2 }).forward(input('x', [1, 1, 30])))
    expect(dilated.map(({ message }) => message)).toEqual([expect.stringContaining('only 1 of every 2')])
    expect(windowCoverage(30, 5, { stride: 2, dilation: 2 }).filter((_, i) => i % 2 === 1)).toEqual(new Array(15).fill(0))
    expect(warningsOf(() => new Conv1d(1, 1, 3, { stride: 3, dilation: 2 }).forward(input('x', [1, 1, 30])))).toEqual([])
    const plane = warningsOf(() => new Conv2d(1, 1, [3, 1], { stride: 2 }).forward(input('x', [1, 1, 9, 9])))
    expect(plane.map(({ message }) => message)).toEqual([expect.stringContaining('spatial axis 1, kernel 1, stride 2')])
    expect(warningsOf(() => new MaxPool1d(2, { stride: 3 }).forward(input('x', [1, 1, 9])))).toHaveLength(1)
    expect(warningsOf(() => new MaxPool1d(2).forward(input('x', [1, 1, 9])))).toEqual([])
  })

  it('refuses extents that are none', () => {
    expect(() => windowCoverage(0, 1)).toThrow('windowCoverage: extent 0; allowed are whole numbers ≥ 1')
    expect(() => windowCoverage(2, 3)).toThrow(/^windowCoverage: the window \(3\) .* larger than the input \(2\)/)
  })
})

describe('warnings', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('are told on the console once per place and words, and to a listener each time', () => {
    const told = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const layer = new Conv1d(1, 1, 1, { stride: 7 })
    const trace = () => layer.forward(input('x', [1, 1, 14]))
    trace()
    trace()
    expect(told).toHaveBeenCalledTimes(1)
    expect(told.mock.calls[0]![0]).toMatch(/^divisi: Conv1d: .*stride 7/)
    new Sequential(layer).forward(input('x', [1, 1, 14]))
    expect(told).toHaveBeenCalledTimes(2)
    expect(told.mock.calls[1]![0]).toMatch(/^divisi: 0: Conv1d/)
    expect(warningsOf(trace)).toHaveLength(1)
    expect(warningsOf(trace)).toHaveLength(1)
    expect(told).toHaveBeenCalledTimes(2)
  })

  it('go to the console again after a trace that threw', () => {
    const told = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const failing = () => {
      throw new Error('in the trace')
    }
    expect(() => withWarnings(() => {}, failing)).toThrow('in the trace')
    warn('unread-input', 'told after the throw')
    expect(told).toHaveBeenCalledWith('divisi: told after the throw')
  })
})
