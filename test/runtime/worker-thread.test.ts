import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startWorker } from '../../src/runtime/worker-thread.node.ts'

/** Replies of a worker that doubles its `workerData`, in the language of the file's ending. */
function reply(importMetaUrl: string, name: string, workerData: unknown): Promise<unknown> {
  const worker = startWorker(importMetaUrl, name, { workerData })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  }).finally(() => worker.terminate())
}

describe('startWorker', () => {
  let folder: string
  beforeEach(() => {
    // Inside the package, so that the TypeScript loader is found from there as it is from the sources.
    folder = mkdtempSync(join(import.meta.dirname, '.worker-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('starts a TypeScript module when the caller is one, from any working directory', async () => {
    writeFileSync(join(folder, 'echo.other.ts'), 'export const factor: number = 2\n')
    writeFileSync(
      join(folder, 'echo.worker.node.ts'),
      `import { parentPort, workerData } from 'node:worker_threads'
      import { factor } from './echo.other.ts'
      parentPort!.postMessage((workerData as { n: number }).n * factor)\n`,
    )
    const cwd = process.cwd()
    process.chdir(tmpdir())
    try {
      const caller = pathToFileURL(join(folder, 'caller.ts')).href
      expect(await reply(caller, './echo.worker.node', { n: 21 })).toBe(42)
    } finally {
      process.chdir(cwd)
    }
  })

  it('starts the .js module beside a built caller', async () => {
    writeFileSync(
      join(folder, 'echo.worker.node.js'),
      "import { parentPort, workerData } from 'node:worker_threads'\nparentPort.postMessage(workerData.n * 2)\n",
    )
    const caller = pathToFileURL(join(folder, 'caller.js')).href
    expect(await reply(caller, './echo.worker.node', { n: 4 })).toBe(8)
  })

  it('reports a missing module through the error event', async () => {
    const caller = pathToFileURL(join(folder, 'caller.js')).href
    await expect(reply(caller, './absent.worker.node', {})).rejects.toThrow(/absent\.worker\.node\.js/)
  })
})
