import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const program = `
import { compile, createOnnxRuntimeBackend } from './src/runtime/index.ts'
import { mul } from './src/tensor/index.ts'
const backend = await createOnnxRuntimeBackend({ threads: 1 })
const program = await compile(({ x }) => ({ y: mul(x, 2) }), { x: [1] }, { backend })
const { y } = await program.run({ x: Float32Array.of(21) })
console.log(y[0])
await backend.dispose()
`

it('ONNX Runtime neither numbers this machine nor stores reports to send: its telemetry is off unless asked for', () => {
  const home = mkdtempSync(join(tmpdir(), 'divisi-home-'))
  // Nothing of CI services: ONNX Runtime keeps quiet there by itself.
  const run = (extra: Record<string, string>) =>
    execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      env: { PATH: process.env.PATH, HOME: home, ...extra },
      encoding: 'utf8',
    }).trim()
  try {
    expect(run({})).toBe('42')
    expect(readdirSync(home)).toEqual([])
    // The proof that the test would notice.
    expect(run({ ORT_DISABLE_TELEMETRY: '0' })).toBe('42')
    expect(readdirSync(home)).not.toEqual([])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
