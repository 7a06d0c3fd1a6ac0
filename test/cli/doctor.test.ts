/** The doctor around backends that are right, wrong and missing; and as a command on this machine. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { runDoctor } from '../../src/cli/doctor.ts'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'

/** A backend whose every first output of a program is off by one. */
function wrong(): Backend {
  const backend = createReferenceBackend()
  return {
    ...backend,
    description: 'a broken machine',
    load: async (outputs, constants) => {
      const program = await backend.load(outputs, constants)
      const first = Object.keys(outputs)[0]!
      return {
        ...program,
        run: async (feeds, options) => {
          const result = await program.run(feeds, options)
          return { ...result, [first]: (result[first] as Float64Array).map((x) => x + 1) }
        },
      }
    },
  }
}

async function examine(backends: Record<string, () => Promise<Backend>>, json = false): Promise<{ code: number; stdout: string }> {
  let stdout = ''
  const write = (text: string) => {
    stdout += text
  }
  const code = await runDoctor({ json }, { version: '1.2.3', backends, stdout: { write }, signal: new AbortController().signal })
  return { code, stdout }
}

it('fails when the first backend computes wrong numbers, and says which', async () => {
  const { code, stdout } = await examine({ cpu: async () => wrong(), reference: async () => createReferenceBackend() })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^cpu +refused: a broken machine computes wrong numbers and is refused: conv2d gives .* where .* is right/m)
  expect(stdout).toMatch(/^reference +verified: reference, float64; self-test \d+ ms$/m)
})

it('is content when others are missing, and tells why they are', async () => {
  const missing = async () => {
    throw new Error('no such device\nhere')
  }
  const { code, stdout } = await examine({ cpu: () => createOnnxRuntimeBackend({ threads: 1 }), webgpu: missing })
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^cpu +verified: onnxruntime-node [\d.]+, cpu, 1 thread; self-test \d+ ms, matrix product \d+ GFLOP\/s, convolution \d+ GFLOP\/s$/m,
  )
  expect(stdout).toMatch(/^webgpu +refused: no such device; here$/m)
  expect(stdout).toMatch(/^Divisi +1\.2\.3$/m)
})

it('reports this machine as JSON: versions, backends, models with their digests', () => {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const stdout = execFileSync(process.execPath, ['--import', tsx, main, 'doctor', '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const report = JSON.parse(stdout) as Record<string, unknown>
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  const sha256 = createHash('sha256').update(readFileSync('models/vocals/model.safetensors')).digest('hex')
  expect(report).toMatchObject({
    node: process.versions.node,
    onnxRuntime: { version: dependencies['onnxruntime-node'], providers: expect.arrayContaining(['cpu']) },
    backends: [{ name: 'cpu', status: 'verified' }, { name: 'webgpu' }, { name: 'reference', status: 'verified' }],
    models: [{ name: 'vocals', sha256 }, { name: 'causal' }],
  })
  const { gflops } = (report.backends as { gflops: { matmul: number; conv2d: number } }[])[0]!
  expect(Math.min(gflops.matmul, gflops.conv2d)).toBeGreaterThan(0)
})
