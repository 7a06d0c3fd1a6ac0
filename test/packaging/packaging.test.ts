/** What a stranger gets with `npm install divisi` works: types, library and command, with the README's own example. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { titleOfPage } from './page.ts'
import { createStranger, type Stranger } from './stranger.ts'

interface Manifest {
  readonly version: string
  readonly bin: Record<string, string>
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const entryPoints = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace('.', 'divisi'))

let stranger: Stranger
beforeAll(() => {
  stranger = createStranger()
})
afterAll(() => stranger?.remove())

test('the tarball holds every file that package.json names, the papers, and no sources', () => {
  const named = [
    ...Object.values(manifest.bin),
    ...Object.values(manifest.exports).flatMap((file) => (typeof file === 'string' ? [file] : Object.values(file))),
  ]
  const papers = ['README.md', 'LICENSE', 'CHANGELOG.md', 'THIRD_PARTY_NOTICES.md']
  expect(stranger.packed).toEqual(expect.arrayContaining([...named.map((path) => path.replace(/^\.\//, '')), ...papers]))
  expect(stranger.packed.filter((path) => !/^(dist|docs|models|recipes)\//.test(path)).sort()).toEqual([...papers, 'package.json'].sort())
})

/** The library example: the README's TypeScript block that follows the comment `example: library`. */
function libraryExample(): string {
  const code = /<!-- example: library -->\s+```ts\n([\s\S]*?)^```$/m.exec(readFileSync('README.md', 'utf8'))?.[1]
  if (code === undefined) throw new Error('README.md has no ```ts block after <!-- example: library -->')
  return code
}

test.each([
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'preserve', moduleResolution: 'bundler' },
])('types are right under moduleResolution $moduleResolution', ({ module, moduleResolution }) => {
  const types = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, target: 'es2023', types: ['node'] }
  stranger.write(
    `${moduleResolution}.json`,
    JSON.stringify({ compilerOptions: { ...types, module, moduleResolution, noEmit: true }, files: ['all.ts', 'example.ts'] }),
  )
  stranger.write(
    'all.ts',
    entryPoints
      .map((path, i) => `import * as entry${i} from '${path}'\nexport const keys${i}: readonly string[] = Object.keys(entry${i})\n`)
      .join(''),
  )
  stranger.write('example.ts', libraryExample())
  expect(stranger.run('npx', 'tsc', '--project', `${moduleResolution}.json`)).toBe('')
})

test('every entry point loads, and has something', () => {
  stranger.write('all.js', `for (const path of ${JSON.stringify(entryPoints)}) console.log(path, Object.keys(await import(path)).length)`)
  const counts = stranger.run('node', 'all.js').trim().split('\n')
  expect(counts.map((line) => line.split(' ')[0])).toEqual(entryPoints)
  expect(counts.filter((line) => line.endsWith(' 0'))).toEqual([])
})

test('the library example of the README runs', () => {
  stranger.write('run/example.ts', libraryExample())
  execFileSync('ffmpeg', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'aevalsrc=0.3*sin(440*2*PI*t)|0.3*sin(330*2*PI*t):s=44100:d=3',
    join(stranger.folder, 'song.mp3'),
  ])
  stranger.run('npx', 'tsc', '--module', 'nodenext', '--target', 'es2023', '--outDir', 'out', 'run/example.ts')
  stranger.run('node', 'out/example.js')
  expect(existsSync(join(stranger.folder, 'stems/song.vocals.wav'))).toBe(true)
  expect(existsSync(join(stranger.folder, 'stems/song.instrumental.wav'))).toBe(true)
})

test('a page that a bundler made of it computes in Web Workers, with threads where the headers allow them', async () => {
  const script = `
    import { compile, createOnnxRuntimeWebBackend } from 'divisi/runtime'
    import { matmul } from 'divisi/tensor'
    const double = async () => {
      const backend = await createOnnxRuntimeWebBackend({ device: 'wasm' })
      const program = await compile(({ a, b }) => ({ y: matmul(a, b) }), { a: [1, 2], b: [2, 1] }, { backend })
      const { y } = await program.run({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) })
      return crossOriginIsolated + ': ' + backend.description + ': ' + y
    }
    double().catch((error) => String(error)).then((text) => { document.title = text })`
  const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
  expect(await titleOfPage(stranger, script, isolated)).toMatch(/^true: onnxruntime-web [\d.]+, wasm, \d+ threads?: 11$/)
  expect(await titleOfPage(stranger, script, {})).toMatch(/^false: onnxruntime-web [\d.]+, wasm, 1 thread: 11$/)
})

test('the command runs', () => {
  expect(stranger.run('npx', 'divisi', '--version').trim()).toBe(manifest.version)
  expect(stranger.run('npx', 'divisi', '--help')).toContain('separate')
})

test('what gets installed with it has licences that may be shipped, and stands in the notices', () => {
  expect(execFileSync('npx', ['tsx', 'scripts/check-licences.ts', stranger.folder], { encoding: 'utf8' })).toContain(' 0 objections')
})
