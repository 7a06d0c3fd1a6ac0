/**
 * Builds the images with Debian's buildah, in folders of its own, without a daemon. Where no registry of images is reached, a stand-in takes the place of
 * the official Node image: a fresh Debian with this machine's Node. Needs root, buildah and mmdebstrap.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export interface Builder {
  /** Builds a target of the repository's Dockerfile. */
  build(target: string): void
  /** Runs a command line in a container of it, as the image's user, with a folder as /work; all that it prints, and its exit code. */
  run(target: string, work: string, command: readonly string[]): { readonly code: number | null; readonly text: string }
  remove(): void
}

/** No daemon, no namespaces that a container may not have, no overlay file system. */
const environment = { ...process.env, BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'vfs' }
const certificates = '/etc/ssl/certs/ca-certificates.crt'

export function createBuilder(): Builder {
  const folder = mkdtempSync(join(tmpdir(), 'divisi-container-'))
  const places = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')]
  const buildah = (parameters: readonly string[], cwd?: string): string =>
    execFileSync('buildah', [...places, ...parameters], { cwd, env: environment, encoding: 'utf8', maxBuffer: 1 << 28, stdio: 'pipe' })
  const imageOf = (target: string) => `localhost/divisi-${target}`
  const base = imageOf('base')
  buildBase(join(folder, 'base'), (context) => buildah(['bud', '--tag', base, '.'], context))
  return {
    build: (target) =>
      buildah(['bud', '--build-arg', `NODE_IMAGE=${base}`, '--target', target, '--tag', imageOf(target), '.'], resolve('.')),
    run: (target, work, command) => {
      const container = buildah(['from', imageOf(target)]).trim()
      const { status, stdout, stderr } = spawnSync(
        'buildah',
        [...places, 'run', '--volume', `${work}:/work`, container, '--', ...command],
        {
          env: environment,
          encoding: 'utf8',
        },
      )
      buildah(['rm', container])
      return { code: status, text: stdout + stderr }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What the official image has that the Dockerfile relies on: Debian, node and npm in /usr/local/bin, a user `node`. */
function buildBase(context: string, build: (context: string) => void): void {
  mkdirSync(join(context, 'npm'), { recursive: true })
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm'
  execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', '--include=ca-certificates', codename, join(context, 'root.tar')], {
    stdio: 'pipe',
  })
  copyFileSync(process.execPath, join(context, 'node'))
  // npm's own folder, found from its command, npm/bin/npm-cli.js.
  const command = execFileSync('realpath', [execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()], { encoding: 'utf8' }).trim()
  cpSync(dirname(dirname(command)), join(context, 'npm'), { recursive: true })
  // This machine's way to the registries: certificates, apt's settings, npm's registry.
  mkdirSync(join(context, 'settings'))
  if (existsSync('/etc/apt/apt.conf.d'))
    cpSync('/etc/apt/apt.conf.d', join(context, 'settings'), { recursive: true, filter: isOfTheMachine })
  if (existsSync(certificates)) copyFileSync(certificates, join(context, 'certificates.crt'))
  else writeFileSync(join(context, 'certificates.crt'), '')
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()
  writeFileSync(join(context, 'Dockerfile'), dockerfile(registry))
  build(context)
  rmSync(context, { recursive: true })
}

const dockerfile = (registry: string) => `FROM scratch
ADD root.tar /
COPY settings /etc/apt/apt.conf.d
COPY certificates.crt ${certificates}
COPY npm /usr/local/lib/node_modules/npm
COPY --chmod=755 node /usr/local/bin/node
ENV NODE_EXTRA_CA_CERTS=${certificates} npm_config_registry=${registry}
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \\
 && useradd --uid 1000 --create-home node
`

/** Debian's own settings are in the fresh root; what stands after them by number is the machine's. */
const isOfTheMachine = (path: string): boolean => path === '/etc/apt/apt.conf.d' || /\/99[^/]*$/.test(path)
