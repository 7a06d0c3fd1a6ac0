/** package.json agrees with what is in src/. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> }

test('each folder with an index.ts is an entry point; the command line is none', () => {
  const folders = readdirSync('src').filter((name) => existsSync(`src/${name}/index.ts`) && name !== 'cli')
  const entry = (path: string) => ({
    types: `./dist${path}/index.d.ts`,
    // What a browser cannot run is left out for bundlers where the rest is of use there.
    ...(existsSync(`src${path}/browser.ts`) ? { browser: `./dist${path}/browser.js` } : {}),
    default: `./dist${path}/index.js`,
  })
  expect(manifest.exports).toEqual({
    '.': entry(''),
    ...Object.fromEntries(folders.map((name) => [`./${name}`, entry(`/${name}`)])),
    './package.json': './package.json',
  })
})

interface Lock {
  readonly packages: Record<string, { readonly optionalDependencies?: Record<string, string> }>
}

test('the lock file knows the binaries of every platform', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`]),
  )
  // Made again on a machine whose registry lacks them, the lock file loses them, and `npm ci` fails everywhere else.
  expect(missing).toEqual([])
})
