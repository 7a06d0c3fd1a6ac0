/** onnxruntime-web on WebGPU, in a browser; without a graphics card by SwiftShader, which computes shaders on the processor. */
import { createOnnxRuntimeWebBackend } from '../../src/runtime/browser.ts'
import { describeBackend } from '../runtime/conformance.ts'
import { describePrimitives } from '../tensor/generic.ts'
import { adapterHas } from './platform.ts'

const create = () => createOnnxRuntimeWebBackend({ device: 'webgpu' })
// SwiftShader has no float16.
const limits = (await adapterHas('shader-f16')) ? {} : { withoutFloat16: /requires f16 but the device does not support it/ }
describeBackend('onnxruntime-web, webgpu', create, limits)
describePrimitives('onnxruntime-web, webgpu', create, {
  // WGSL allows sin and cos an absolute error of 2^-11 ≈ 4.9e-4 (SwiftShader's is 1.9e-4); its other functions are some units of rounding off.
  tolerance: 2 ** -11,
  numRuns: 3,
  // What ONNX Runtime 1.30 has no kernel for.
  leftToCpu: [
    { operator: 'Cast', reason: 'to and from int64, which WGSL does not have' },
    { operator: 'Col2Im', reason: 'no kernel' },
    { operator: 'Equal', reason: 'of int64, likewise' },
    { operator: 'IsNaN', reason: 'no kernel; WGSL may assume that there are no NaN' },
    { operator: 'LogSoftmax', reason: 'no kernel' },
    { operator: 'Or', reason: 'no kernel for truth values' },
    { operator: 'Reshape', reason: 'of int64' },
    { operator: 'Round', reason: 'no kernel' },
    { operator: 'Scan', reason: 'control flow runs on the CPU, whatever its body does' },
    { operator: 'Sum', reason: 'no kernel' },
  ],
})
