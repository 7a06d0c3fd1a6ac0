/** Blocks of pixels from channels and back, in the order of ONNX's DepthToSpace (DCR): channel (row · block + column) · c + i holds a phase of channel i. */
import { dot, gatherArray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

const depthToSpacePrimitive = definePrimitive<{ block: number }>('depthToSpace', {
  infer: ([x], { block }) => {
    const [b, c, h, w] = x!.shape as [number, number, number, number]
    return [{ shape: [b, c / block ** 2, h * block, w * block], dtype: x!.dtype }]
  },
  vjp: ({ cotangents: [ct], attributes: { block } }) => [spaceToDepth(ct!, block)],
  lower: (emitter, [x], { attributes: { block } }) => emitter.node('DepthToSpace', [x!], { blocksize: block }),
  evaluate: ([x], { block }, [out]) => {
    const strides = stridesOf(x!.shape)
    const channels = out!.shape[1]!
    return [
      gatherArray(x!, out!.shape, ([b, c, row, column]) => {
        const phase = (row! % block) * block + (column! % block)
        return dot([b!, phase * channels + c!, Math.floor(row! / block), Math.floor(column! / block)], strides)
      }),
    ]
  },
})

const spaceToDepthPrimitive = definePrimitive<{ block: number }>('spaceToDepth', {
  infer: ([x], { block }) => {
    const [b, c, h, w] = x!.shape as [number, number, number, number]
    return [{ shape: [b, c * block ** 2, h / block, w / block], dtype: x!.dtype }]
  },
  vjp: ({ cotangents: [ct], attributes: { block } }) => [depthToSpace(ct!, block)],
  // ONNX Runtime 1.30 has no kernel of SpaceToDepth for WebGPU; on processors it takes 11 ms where the transposition takes 29 (17 MB).
  lower: (emitter, [x], { attributes: { block }, inputs: [spec], outputs: [out] }) => {
    if (emitter.target !== 'webgpu') return emitter.node('SpaceToDepth', [x!], { blocksize: block })
    const [b, c, h, w] = spec!.shape as [number, number, number, number]
    const blocks = emitter.node('Reshape', [x!, emitter.ints([b, c, h / block, block, w / block, block])])[0]!
    const turned = emitter.node('Transpose', [blocks], { perm: [0, 3, 5, 1, 2, 4] })[0]!
    return emitter.node('Reshape', [turned, emitter.ints(out!.shape)])
  },
  evaluate: ([x], { block }, [out]) => {
    const strides = stridesOf(x!.shape)
    const channels = x!.shape[1]!
    return [
      gatherArray(x!, out!.shape, ([b, deep, row, column]) => {
        const phase = Math.floor(deep! / channels)
        return dot([b!, deep! % channels, row! * block + Math.floor(phase / block), column! * block + (phase % block)], strides)
      }),
    ]
  },
})

/** (b, block² · c, h, w) → (b, c, block · h, block · w). */
export function depthToSpace(x: Tensor, block: number): Tensor {
  return depthToSpacePrimitive([x], { block })[0]!
}

/** (b, c, block · h, block · w) → (b, block² · c, h, w): the inverse of depthToSpace, and as it moves numbers only, its adjoint. */
function spaceToDepth(x: Tensor, block: number): Tensor {
  return spaceToDepthPrimitive([x], { block })[0]!
}
