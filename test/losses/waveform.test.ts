import { describe, expect, it } from 'vitest'
import { l1Loss, mseLoss, multiResolutionStftLoss, siSdrLoss, snrLoss } from '../../src/losses/index.ts'
import { add, constant, grad, input, mul, type Tensor } from '../../src/tensor/index.ts'
import { filled, filledTensor, run } from '../nn/run.ts'

const target = [1, -2, 3, -4, 5]
const estimate = [1.1, -1.9, 3.2, -3.8, 5.3]
const numberOf = async (loss: Tensor) => (await run({ loss })).loss[0]!

describe('losses of waveforms', () => {
  it('3.33 L1 and MSE: mean of 0.1, 0.1, 0.2, 0.2, 0.3 and of their squares', async () => {
    expect(await numberOf(l1Loss(constant(estimate), constant(target)))).toBeCloseTo(0.18, 12)
    expect(await numberOf(mseLoss(constant(estimate), constant(target)))).toBeCloseTo(0.038, 12)
  })

  it('3.33 goldens: SI-SDR 25.447478 dB, SDR 24.616091 dB, negative as losses', async () => {
    // The specification gives six decimals; the floor of 1e-8 moves the seventh.
    expect(await numberOf(siSdrLoss(constant(estimate), constant(target)))).toBeCloseTo(-25.447478, 5)
    expect(await numberOf(siSdrLoss(constant(estimate), constant(target), { eps: 1e-12 }))).toBeCloseTo(-25.447478, 6)
    expect(await numberOf(snrLoss(constant(estimate), constant(target), { eps: 1e-12 }))).toBeCloseTo(-24.616091, 6)
  })

  it('3.33 scale: SI-SDR does not hear it, SNR does', async () => {
    const options = { eps: 1e-12 }
    const [loud, plain] = [constant(estimate.map((x) => 7 * x)), constant(estimate)]
    expect(await numberOf(siSdrLoss(loud, constant(target), options))).toBeCloseTo(
      await numberOf(siSdrLoss(plain, constant(target), options)),
      9,
    )
    expect(await numberOf(snrLoss(loud, constant(target)))).toBeGreaterThan(10)
  })

  it('3.33 zero mean: an offset counts, unless means are removed', async () => {
    const offset = constant(estimate.map((x) => x + 2))
    const options = { zeroMean: true, eps: 1e-12 }
    const [plain, moved] = [siSdrLoss(constant(estimate), constant(target), options), siSdrLoss(offset, constant(target), options)]
    expect(await numberOf(moved)).toBeCloseTo(await numberOf(plain), 9)
    expect(await numberOf(siSdrLoss(offset, constant(target)))).toBeGreaterThan(-10)
  })

  it('3.33 sign: a step down the gradient raises the SI-SDR (the tutorial’s code lacks the minus)', async () => {
    const x = input('x', [5])
    const loss = siSdrLoss(x, constant(target))
    const program = { loss, g: grad(loss, [x])[0]! }
    const before = await run(program, { x: Float64Array.from(estimate) })
    const after = await run(program, { x: Float64Array.from(estimate, (value, i) => value - 1e-3 * before.g[i]!) })
    expect(after.loss[0]!).toBeLessThan(before.loss[0]! - 1e-3)
    expect(before.loss[0]!).toBeLessThan(0)
  })

  it.each([
    ['snrLoss', snrLoss],
    ['siSdrLoss', siSdrLoss],
  ] as const)(
    '3.33 silence: %s of a silent target is finite and pulls the estimate down; of silence by silence it is 0',
    async (_, loss) => {
      const x = input('x', [2, 5])
      const values = loss(x, constant(new Float64Array(10), [2, 5]), { reduction: 'none' })
      const { y, g } = await run(
        { y: values, g: grad(loss(x, constant(new Float64Array(10), [2, 5]), { reduction: 'sum' }), [x])[0]! },
        { x: Float64Array.from([...estimate, 0, 0, 0, 0, 0]) },
      )
      const energy = estimate.reduce((total, value) => total + value ** 2, 0)
      expect(y[0]).toBeCloseTo(10 * Math.log10(energy / 1e-8 + 1), 9)
      expect(y[1]).toBe(0)
      for (const [i, value] of estimate.entries()) expect(g[i]! * Math.sign(value)).toBeGreaterThan(0)
      expect(g.slice(5)).toEqual([0, 0, 0, 0, 0])
    },
  )

  it('3.33 silence: a perfect estimate has a finite value and gradient', async () => {
    const x = input('x', [5])
    for (const loss of [snrLoss(x, constant(target)), siSdrLoss(x, constant(target))]) {
      const { y, g } = await run({ y: loss, g: grad(loss, [x])[0]! }, { x: Float64Array.from(target) })
      // ‖s‖² = 55 over the floor of 1e-8.
      expect(y[0]).toBeCloseTo(-10 * Math.log10(55 / 1e-8), 1)
      // Of SI-SDR what is left is that of −10 log₁₀‖t‖²: the floor does not scale with the estimate.
      expect(g.every((value) => Math.abs(value) < 1)).toBe(true)
    }
  })

  it('3.33 arguments: shapes that differ and floors that are none are refused', () => {
    expect(() => siSdrLoss(input('x', [2, 5]), input('y', [5]))).toThrow(/estimate \(2, 5\), target \(5\): shapes must be equal/)
    expect(() => siSdrLoss(input('x', [5]), input('y', [5]), { eps: 0 })).toThrow(/eps 0; allowed are finite numbers > 0/)
    expect(() => snrLoss(input('x', [5]), input('y', [5]), { eps: Infinity })).toThrow(/eps Infinity/)
    expect(() => snrLoss(input('x', []), input('y', []))).toThrow(/scalar is no signal/)
  })
})

describe('multiResolutionStftLoss', () => {
  const resolutions = [
    { nFft: 32, hopLength: 8 },
    { nFft: 16, hopLength: 5, winLength: 10 },
  ]

  it('3.33 spectra: half the amplitude is ½ + ln 2 at every resolution, where no bin is silent', async () => {
    const x = add(
      filledTensor([1, 100], 1),
      constant(
        Float64Array.from({ length: 100 }, (_, i) => (i % 37 === 0 ? 3 : 0)),
        [1, 100],
      ),
    )
    expect(await numberOf(multiResolutionStftLoss(mul(x, 0.5), x, { resolutions, floor: 1e-12 }))).toBeCloseTo(0.5 + Math.LN2, 9)
  })

  it('3.33 spectra: silence and equality have finite values and gradients', async () => {
    const x = input('x', [1, 64])
    const loss = multiResolutionStftLoss(x, constant(new Float64Array(64), [1, 64]), { resolutions })
    const program = { loss, g: grad(loss, [x])[0]! }
    for (const at of [new Float64Array(64), filled([64], 1)]) {
      const { loss: value, g } = await run(program, { x: at })
      expect([...value, ...g].every(Number.isFinite)).toBe(true)
    }
    expect((await run(program, { x: new Float64Array(64) })).loss[0]).toBeCloseTo(0, 6)
  })

  it('3.33 spectra: the paper’s three resolutions take signals of any length; none, or a window longer than its frame, is refused', () => {
    expect(multiResolutionStftLoss(input('a', [2, 3, 700]), input('b', [2, 3, 700]), { reduction: 'none' }).shape).toEqual([2, 3])
    expect(() => multiResolutionStftLoss(input('a', [9]), input('b', [9]), { resolutions: [] })).toThrow(/no resolutions/)
    expect(() => multiResolutionStftLoss(input('a', []), input('b', []))).toThrow('a scalar is no signal; needs (…, n)')
    expect(() =>
      multiResolutionStftLoss(input('a', [9]), input('b', [9]), { resolutions: [{ nFft: 8, hopLength: 2, winLength: 9 }] }),
    ).toThrow(/winLength 9; allowed are whole numbers in 1…nFft \(8\)/)
  })
})
