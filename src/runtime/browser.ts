/**
 * What of this folder a browser can run: all but the backend of onnxruntime-node. package.json gives it to bundlers as `divisi/runtime`
 * (condition `browser`), so that nothing of Node gets into a page; index.ts adds the rest.
 */
export type { Backend, DeviceArray, DeviceView, Feed, HostArray, Placement, Program, RunOptions } from './backend.ts'
export type { WasmPaths } from './backends/messages.ts'
export { createOnnxRuntimeWebBackend, type OnnxRuntimeWebOptions } from './backends/onnxruntime-web.ts'
export { createReferenceBackend } from './backends/reference.ts'
export { type CompileOptions, compile, evaluate, type Specs } from './compile.ts'
export { selfTest } from './self-test.ts'
export { shred } from './shred.ts'
export { type Specialized, type SpecializeOptions, specialize } from './specialize.ts'
