/** onnxruntime-web on the processor, in a browser. */
import { createOnnxRuntimeWebBackend } from '../../src/runtime/browser.ts'
import { describeBackend } from '../runtime/conformance.ts'
import { describePrimitives } from '../tensor/generic.ts'

for (const threads of [1, 2]) {
  const name = `onnxruntime-web, wasm, ${threads} thread${threads === 1 ? '' : 's'}`
  const create = () => createOnnxRuntimeWebBackend({ device: 'wasm', threads })
  describeBackend(name, create)
  // The kernels are those of onnxruntime-node with narrower vectors: the same bound.
  describePrimitives(name, create, { tolerance: 1e-5, numRuns: 4 })
}
