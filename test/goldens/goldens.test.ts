/**
 * Numbers recorded from the original FrameTransformer (carperbr, 2023): every case of a folder, test/goldens/frame-transformer unless the
 * environment variable DIVISI_GOLDENS names another. A case of a kind that nothing checks is a failure.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { runners } from './cases/index.ts'
import { type Backends, golden, kindOf } from './cases/support.ts'

const folder = process.env.DIVISI_GOLDENS ?? fileURLToPath(new URL('./frame-transformer/', import.meta.url))
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()

describe(`golden cases of ${folder}`, () => {
  let backends: Backends
  beforeAll(async () => {
    backends = { onnxRuntime: await createOnnxRuntimeBackend(), reference: createReferenceBackend() }
  })
  afterAll(() => backends?.onnxRuntime.dispose())

  it('are there', () => {
    expect(files.length).toBeGreaterThan(0)
  })

  it.each(files)(
    '%s',
    async (file) => {
      const read = golden.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
      const kind = kindOf(read.name)
      const runner = Object.hasOwn(runners, kind) ? runners[kind] : undefined
      if (!runner)
        throw new Error(`${read.name}: nothing checks cases of the kind ${kind}; known are ${Object.keys(runners).sort().join(', ')}`)
      await runner(read, backends)
      // ONNX Runtime takes a while to load a network with all its gradients, and longer where others work.
    },
    600_000,
  )
})
