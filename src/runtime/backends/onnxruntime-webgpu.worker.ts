/** The Web Worker of onnxruntime-web on the graphics card. */
import * as ort from 'onnxruntime-web/webgpu'
import { serveWeb } from './serve-web.ts'

serveWeb(ort, 'webgpu')
