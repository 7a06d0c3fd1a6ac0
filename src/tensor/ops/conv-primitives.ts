/**
 * Convolution in the sense of deep nets (cross-correlation) over any number of spatial axes, its transpose, and its weight gradient.
 * The three are each other's derivatives, so the family is closed: gradients of gradients need nothing more.
 */
import { forEachIndex, ndarray } from '../ndarray.ts'
import { type Apply, definePrimitive } from '../primitive.ts'
import { formatShape, type Shape, sizeOf, stridesOf } from '../shape.ts'
import { checkDtypes, ShapeError, type Tensor } from '../tensor.ts'
import { lowerTranspose } from './conv-transpose-lowering.ts'
import { convForWebGpu } from './conv-webgpu.ts'
import { lowerWeightGradient } from './conv-weight-lowering.ts'
import { reshape, transpose } from './movement.ts'
import { flip } from './slicing.ts'
import { type Geometry, type KernelGeometry, type TransposeGeometry, windowCounts } from './window.ts'
import { windowAttributes } from './window-lowering.ts'

/** Calls visit(x, w, y) with flat positions for every product of the convolution y = x ⋆ w. */
function forEachProduct(x: Shape, w: Shape, y: Shape, geometry: Geometry, visit: (x: number, w: number, y: number) => void): void {
  const [ofX, ofW] = [stridesOf(x), stridesOf(w)]
  const perGroup = y[1]! / geometry.groups
  forEachIndex(y, (flatY, position) => {
    const firstChannel = Math.floor(position[1]! / perGroup) * w[1]!
    forEachIndex(w.slice(1), (flatTap, tap) => {
      let flatX = position[0]! * ofX[0]! + (firstChannel + tap[0]!) * ofX[1]!
      for (let axis = 0; axis < geometry.stride.length; axis++) {
        const at = position[axis + 2]! * geometry.stride[axis]! + tap[axis + 1]! * geometry.dilation[axis]! - geometry.padding[axis]![0]
        if (at < 0 || at >= x[axis + 2]!) return
        flatX += at * ofX[axis + 2]!
      }
      visit(flatX, position[1]! * ofW[0]! + flatTap, flatY)
    })
  })
}

const convPrimitive: Apply<Geometry> = definePrimitive<Geometry>('conv', {
  infer: ([x, w], geometry) => {
    const rank = geometry.stride.length + 2
    if (
      x!.shape.length !== rank ||
      w!.shape.length !== rank ||
      x!.shape[1] !== w!.shape[1]! * geometry.groups ||
      w!.shape[0]! % geometry.groups !== 0
    ) {
      throw new ShapeError(
        `conv${rank - 2}d`,
        `input ${formatShape(x!.shape)}, weight ${formatShape(w!.shape)}, groups ${geometry.groups}: needs (b, c, …) and (o, c/groups, …) with o divisible by groups`,
      )
    }
    checkDtypes(`conv${rank - 2}d`, [x!, w!])
    const spatial = windowCounts({ ...geometry, kernel: w!.shape.slice(2) }, x!.shape.slice(2), `conv${rank - 2}d`)
    return [{ shape: [x!.shape[0]!, w!.shape[0]!, ...spatial], dtype: 'float32' }]
  },
  vjp: ({ inputs: [x, w], cotangents: [ct], attributes, needs }) => [
    needs[0] ? convInputGradient(ct!, w!, attributes, x!.shape.slice(2)) : undefined,
    needs[1] ? weightGradientPrimitive([x!, ct!], { ...attributes, kernel: w!.shape.slice(2) })[0]! : undefined,
  ],
  // ONNX Runtime's own Conv in every rank: on two cores 3-D convolutions of 1–32 channels reach 44–213 GFLOP/s, which stacking the depth taps
  // into the channels of a 2-D one (48–180) or writing a 1-D one as 2-D (equal) does not improve. Where depth and channels are both very few
  // (8 × 2 → 8), a 2-D convolution with a banded weight is 1.3 times faster; that is for the caller to spell, it multiplies the work by depth/kernel.
  lower: (emitter, [x, w], { attributes, inputs }) => {
    const nodeAttributes = { ...windowAttributes(attributes), group: attributes.groups }
    if (emitter.target === 'webgpu') return [convForWebGpu(emitter, [x!, w!], nodeAttributes, inputs[0]!.shape, inputs[1]!.shape)]
    return emitter.node('Conv', [x!, w!], nodeAttributes)
  },
  evaluate: ([x, w], geometry, [out]) => {
    const y = ndarray(out!.shape)
    forEachProduct(x!.shape, w!.shape, y.shape, geometry, (i, j, k) => {
      y.data[k]! += x!.data[i]! * w!.data[j]!
    })
    return [y]
  },
  products: ([, w], _, [y]) => sizeOf(y!.shape) * sizeOf(w!.shape.slice(1)),
})

const transposePrimitive: Apply<TransposeGeometry> = definePrimitive<TransposeGeometry>('convTranspose', {
  infer: ([y, w], { groups, output }) => [{ shape: [y!.shape[0]!, w!.shape[1]! * groups, ...output], dtype: 'float32' }],
  vjp: ({ inputs: [y, w], cotangents: [ct], attributes: { output, ...geometry }, needs }) => [
    needs[0] ? convPrimitive([ct!, w!], geometry)[0]! : undefined,
    needs[1] ? weightGradientPrimitive([ct!, y!], { ...geometry, kernel: w!.shape.slice(2) })[0]! : undefined,
  ],
  lower: (emitter, [y, w], { attributes, inputs }) => [lowerTranspose(emitter, y!, w!, attributes, inputs[0]!.shape, inputs[1]!.shape)],
  evaluate: ([y, w], { output, ...geometry }, [out]) => {
    const x = ndarray(out!.shape)
    forEachProduct(x.shape, w!.shape, y!.shape, geometry, (i, j, k) => {
      x.data[i]! += y!.data[k]! * w!.data[j]!
    })
    return [x]
  },
  products: ([y, w]) => sizeOf(y!.shape) * sizeOf(w!.shape.slice(1)),
})

const weightGradientPrimitive: Apply<KernelGeometry> = definePrimitive<KernelGeometry>('convWeightGradient', {
  infer: ([x, y], { kernel, groups }) => [{ shape: [y!.shape[1]!, x!.shape[1]! / groups, ...kernel], dtype: 'float32' }],
  vjp: ({ inputs: [x, y], cotangents: [ct], attributes: { kernel, ...geometry }, needs }) => [
    needs[0] ? convInputGradient(y!, ct!, geometry, x!.shape.slice(2)) : undefined,
    needs[1] ? convPrimitive([x!, ct!], geometry)[0]! : undefined,
  ],
  lower: (emitter, [x, y], { attributes, inputs }) => [
    lowerWeightGradient(emitter, { name: x!, shape: inputs[0]!.shape }, { name: y!, shape: inputs[1]!.shape }, attributes),
  ],
  evaluate: ([x, y], { kernel, ...geometry }, [out]) => {
    const w = ndarray(out!.shape)
    forEachProduct(x!.shape, w.shape, y!.shape, geometry, (i, j, k) => {
      w.data[j]! += x!.data[i]! * y!.data[k]!
    })
    return [w]
  },
  products: ([, y], _, [w]) => sizeOf(y!.shape) * sizeOf(w!.shape.slice(1)),
})

export function convolve(x: Tensor, w: Tensor, geometry: Geometry): Tensor {
  return convPrimitive([x, w], geometry)[0]!
}

/**
 * The adjoint of a convolution in its input, which is both its gradient and the transposed convolution. At stride 1 it is a convolution with
 * flipped, transposed weights (115 GFLOP/s where ConvTranspose has 42), else the transpose.
 */
export function convInputGradient(y: Tensor, w: Tensor, geometry: Geometry, output: Shape): Tensor {
  const { stride, padding, dilation, groups } = geometry
  const kernel = w.shape.slice(2)
  const full = kernel.map((k, axis) => dilation[axis]! * (k - 1))
  const unit = stride.every((step) => step === 1) && padding.every(([before, after], axis) => before <= full[axis]! && after <= full[axis]!)
  if (!unit) return transposePrimitive([y, w], { ...geometry, output })[0]!
  const axes = kernel.map((_, axis) => axis + 3)
  const [outPer, inPer] = [w.shape[0]! / groups, w.shape[1]!]
  const grouped = transpose(reshape(w, [groups, outPer, inPer, ...kernel]), [0, 2, 1, ...axes])
  const turned = kernel.some((k) => k > 1) ? flip(grouped, axes) : grouped
  const weight = reshape(turned, [groups * inPer, outPer, ...kernel])
  const mirrored = padding.map(([before, after], axis) => [full[axis]! - before, full[axis]! - after] as const)
  return convPrimitive([y, weight], { stride, padding: mirrored, dilation, groups })[0]!
}
