/**
 * Which licences may come with Divisi. Reads the dependency tree that package-lock.json describes (all platforms, also what is not
 * installed here) and judges each package by its licence expression, https://spdx.org/licenses.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Dependency {
  readonly name: string
  readonly version: string
  /** SPDX expression; empty where the package states none. */
  readonly licence: string
  /** Installed with Divisi, as opposed to used to develop it. */
  readonly shipped: boolean
}

const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
  'Zlib',
])

/** Weak copyleft in tools: nothing of them gets into what is shipped. */
const IN_TOOLS = new Set(['MPL-2.0', 'CC-BY-3.0', 'CC-BY-4.0'])

/** Packages under a weak copyleft (LGPL, MPL) that Divisi ships with unchanged, each with the reason why that is in order. */
const SEPARATELY_REPLACEABLE = new Map([
  [
    'codec-parser',
    'LGPL-3.0-or-later: an npm package of its own, JavaScript source, replaceable in node_modules; loaded when the first FLAC or Ogg Vorbis file is opened',
  ],
  [
    'mediabunny',
    'MPL-2.0, which covers its own files and nothing beside them: an npm package of its own, unchanged, with its TypeScript source; loaded to read tags and write MP4',
  ],
  ['@mediabunny/aac-encoder', 'MPL-2.0, as mediabunny; loaded when the first M4A file is written'],
])

/**
 * What packages contain that their licence field does not say: libraries compiled to WebAssembly. Found by reading the packages, by
 * hand; the notices must name each.
 */
const HIDDEN_CONTENTS = new Map([
  ['mpg123-decoder', ['libmpg123', 'LGPL-2.1']],
  ['@wasm-audio-decoders/flac', ['libFLAC', 'BSD-3-Clause']],
  ['@wasm-audio-decoders/ogg-vorbis', ['libvorbis', 'BSD-3-Clause']],
  ['opus-decoder', ['libopus', 'BSD-3-Clause']],
  ['@wasm-audio-decoders/common', ['puff', 'Zlib']],
  ['@mediabunny/aac-encoder', ['FFmpeg', 'LGPL-2.1']],
  ['libflacjs', ['libFLAC', 'libogg', 'BSD-3-Clause']],
  ['libopus-wasm', ['libopus', 'BSD-3-Clause']],
  ['wasm-media-encoders', ['LAME', 'LGPL-2.0', 'libvorbis', 'libogg', 'BSD-3-Clause']],
])

/** The dependencies of the project in the folder `root`, by its package-lock.json. */
export function readDependencies(root: string): Dependency[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockEntry> }
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.link)
    .map(([path, entry]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version ?? '',
      licence: installedLicence(join(root, path)) ?? entry.license ?? '',
      shipped: !entry.dev,
    }))
}

interface LockEntry {
  readonly version?: string
  readonly license?: string
  readonly link?: boolean
  readonly dev?: boolean
}

/** The package's own word counts before the lock file's copy of it. */
function installedLicence(folder: string): string | undefined {
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest)) return undefined
  const { license } = JSON.parse(readFileSync(manifest, 'utf8')) as { license?: unknown }
  return typeof license === 'string' ? license : undefined
}

/** Why `dependency` may not be used, or undefined where it may. */
export function objection({ name, version, licence, shipped }: Dependency): string | undefined {
  if (SEPARATELY_REPLACEABLE.has(name) && /^(LGPL-|MPL-2\.0$)/.test(licence)) return undefined
  const allowed = (id: string): boolean => PERMISSIVE.has(id) || (!shipped && IN_TOOLS.has(id))
  if (satisfies(licence, allowed)) return undefined
  const what = licence === '' ? 'states no licence' : `is under "${licence}"`
  return `${name}@${version} ${what}, which is not on the list of scripts/licences.ts; use another package, or add it there with the reason`
}

/** Whether the SPDX expression holds where `allowed` says so of single licences. Nested choices are read strictly: (A AND B) OR C needs A. */
function satisfies(expression: string, allowed: (id: string) => boolean): boolean {
  const parts = expression.replaceAll(/[()]/g, '').split(' AND ')
  return parts.every((part) => part.split(' OR ').some((id) => allowed(id.trim())))
}

/**
 * What THIRD_PARTY_NOTICES.md (`notices`) leaves out: shipped packages, their licences, and the contents their licence field hides. A heading that ends
 * with `*`, as `@some/binary-*`, stands for all packages whose names begin so: one library's binaries for the platforms.
 */
export function missingFromNotices(notices: string, dependencies: readonly Dependency[]): string[] {
  const sections = new Map(
    notices
      .split(/^### /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf('\n')).trim(), section]),
  )
  return dependencies
    .filter((dependency) => dependency.shipped)
    .flatMap(({ name, licence }) => {
      const family = [...sections.keys()].find((heading) => heading.endsWith('*') && name.startsWith(heading.slice(0, -1)))
      const section = sections.get(name) ?? sections.get(family ?? '')
      if (section === undefined) return [`no section "### ${name}"`]
      return [licence, ...(HIDDEN_CONTENTS.get(name) ?? [])]
        .filter((words) => !section.includes(words))
        .map((words) => `section "${name}" does not say "${words}"`)
    })
}
