/** File formats of graphs and weights. */
export { type OnnxGraph, writeOnnx } from './onnx.ts'
