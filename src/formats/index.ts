/** File formats of graphs and weights. */
export { type OnnxGraph, type Weights, writeOnnx } from './onnx.ts'
export { readSafetensors, type Safetensors, type StoredTensor, writeSafetensors } from './safetensors.ts'
