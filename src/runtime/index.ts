/** Programs: graphs made ready to run on a backend. */
export {
  createOnnxRuntimeBackend,
  type NodeDevice,
  nodeDevices,
  type OnnxRuntimeInfo,
  type OnnxRuntimeOptions,
  onnxRuntimeInfo,
} from './backends/onnxruntime-node.node.ts'
export * from './browser.ts'
