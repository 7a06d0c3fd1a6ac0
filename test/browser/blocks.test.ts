/** Every building block in a page: on WebAssembly to 1e-5, on WebGPU to 1e-3 (G6 of the specification). */
import { createOnnxRuntimeWebBackend } from '../../src/runtime/browser.ts'
import { describeBlocks } from '../blocks/generic.ts'

describeBlocks('onnxruntime-web, wasm', () => createOnnxRuntimeWebBackend({ device: 'wasm', threads: 2 }), { tolerance: 1e-5 })
describeBlocks('onnxruntime-web, webgpu', () => createOnnxRuntimeWebBackend({ device: 'webgpu' }), { tolerance: 1e-3 })
