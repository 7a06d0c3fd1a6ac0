/** Programs: graphs made ready to run on a backend. */
export type { Backend, DeviceArray, DeviceView, Feed, HostArray, Program, RunOptions } from './backend.ts'
export { createOnnxRuntimeBackend, type OnnxRuntimeOptions } from './backends/onnxruntime-node.node.ts'
export { createReferenceBackend } from './backends/reference.ts'
export { type CompileOptions, compile, evaluate, type Specs } from './compile.ts'
