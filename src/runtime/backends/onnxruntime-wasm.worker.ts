/** The Web Worker of onnxruntime-web on the processor. */
import * as ort from 'onnxruntime-web/wasm'
import { serveWeb } from './serve-web.ts'

serveWeb(ort, 'wasm')
