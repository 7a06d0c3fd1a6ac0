/** A stranger's project: an empty folder into which the packed Divisi is installed as from the registry. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Stranger {
  readonly folder: string
  /** Paths of the files in the tarball. */
  readonly packed: readonly string[]
  write(path: string, text: string | Uint8Array): void
  /** Runs a program in the folder; gives its standard output, throws with all it printed when it fails. */
  run(program: string, ...parameters: string[]): string
  remove(): void
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: Record<string, string> }

/** The environment without what npm tells the scripts it runs: the stranger's npm is not started by ours. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV$|VITEST)/.test(name)))

export function createStranger(): Stranger {
  const folder = mkdtempSync(join(tmpdir(), 'divisi-stranger-'))
  const run = (program: string, ...parameters: string[]): string => capture(folder, program, parameters)
  const write = (path: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const packing = JSON.parse(capture('.', 'npm', ['pack', '--json', '--silent', '--pack-destination', folder])) as Record<
    string,
    PackReport
  >
  // A list up to npm 11, by package name from npm 12.
  const [report] = Object.values(packing)
  if (report === undefined) throw new Error('npm pack reports no package')
  const tools = ['typescript', '@types/node'].map((name) => `${name}@${manifest.devDependencies[name]}`)
  write('package.json', JSON.stringify({ name: 'stranger', private: true, type: 'module' }))
  run('npm', 'install', '--no-audit', '--no-fund', '--save-dev', ...tools)
  run('npm', 'install', '--no-audit', '--no-fund', `./${report.filename}`)
  return {
    folder,
    packed: report.files.map(({ path }) => path),
    write,
    run,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

interface PackReport {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

function capture(folder: string, program: string, parameters: readonly string[]): string {
  try {
    return execFileSync(program, parameters, {
      cwd: folder,
      // The way out that the README gives to those whose npm runs onnxruntime-node's install script and cannot reach its host.
      env: { ...environment, ONNXRUNTIME_NODE_INSTALL: 'skip' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 2 ** 26,
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${parameters.join(' ')}\n${stdout}${stderr}`)
  }
}
