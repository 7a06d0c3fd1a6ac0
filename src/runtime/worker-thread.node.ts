/**
 * Starts a worker thread from a module of this package, in both forms the package has: TypeScript sources (tests, scripts through tsx)
 * and the built `dist`, where every source file keeps its own `.js` file.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

export interface WorkerOptions {
  /** Structured-cloned to the worker's `workerData`. */
  readonly workerData?: unknown
  /** Shown in debuggers and profilers. */
  readonly name?: string
}

/**
 * The worker thread of the module `name` beside the module `importMetaUrl`. A module that does not exist, or that throws while it
 * loads, shows as the worker's `error` event.
 *
 * @param importMetaUrl `import.meta.url` of the calling module: tells the folder, and whether sources or `dist` are running.
 * @param name path of the worker module relative to the caller, without ending: `./loader.worker.node`.
 *
 * @example
 * const worker = startWorker(import.meta.url, './loader.worker.node', { workerData: { seed: 1 } })
 */
export function startWorker(importMetaUrl: string, name: string, options: WorkerOptions = {}): Worker {
  const fromSources = new URL(importMetaUrl).pathname.endsWith('.ts')
  const module = new URL(`${name}${fromSources ? '.ts' : '.js'}`, importMetaUrl)
  return new Worker(fromSources ? throughTsx(module, importMetaUrl) : module, {
    workerData: options.workerData,
    ...(options.name === undefined ? {} : { name: options.name }),
    // The parent's own flags (a test runner's, --inspect) are not for the worker.
    execArgv: [],
  })
}

/**
 * A start module that registers tsx before it imports `module`: Node 20 ignores `--import tsx` in a worker's flags. tsx is named by
 * its file because a bare name in a data: module cannot be resolved, and `require.resolve` finds only its CommonJS form.
 */
function throughTsx(module: URL, importMetaUrl: string): URL {
  const tsx = new URL('dist/esm/api/index.mjs', pathToFileURL(createRequire(importMetaUrl).resolve('tsx/package.json')))
  const source = `import { register } from ${JSON.stringify(tsx)}; register(); await import(${JSON.stringify(module)})`
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`)
}
