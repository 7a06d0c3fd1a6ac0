/** Dockerfile, .dockerignore and compose.yaml are sound and fit each other. That the images work is for test/container, which builds them. */
import { existsSync, readFileSync } from 'node:fs'
import { type Copy, DockerfileParser } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const text = readFileSync('Dockerfile', 'utf8')
const dockerfile = DockerfileParser.parse(text)
const stages = dockerfile.getFROMs().map((from) => from.getBuildStage())

interface Compose {
  readonly services: Record<
    string,
    { readonly user?: string; readonly build: { readonly target: string }; readonly entrypoint: readonly string[] }
  >
}
const compose = parse(readFileSync('compose.yaml', 'utf8'), { merge: true }) as Compose

describe('Dockerfile', () => {
  it('has no faults that a linter finds', () => {
    expect(validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`)).toEqual([])
  })

  it('copies only what exists and what .dockerignore lets through', () => {
    const passed = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
    const copied = dockerfile
      .getInstructions()
      .filter((instruction): instruction is Copy => instruction.getKeyword() === 'COPY')
      .filter((copy) => copy.getFromFlag() === null)
      .flatMap((copy) =>
        copy
          .getArguments()
          .slice(0, -1)
          .map((argument) => argument.getValue()),
      )
    expect(copied.length).toBeGreaterThan(0)
    for (const path of copied) {
      expect(existsSync(path), path).toBe(true)
      expect(
        passed.some((allowed) => path === allowed || path.startsWith(`${allowed}/`)),
        path,
      ).toBe(true)
    }
    for (const path of passed) expect(copied, `${path} is let through for nothing`).toContain(path)
  })

  it('ends as a user who is not root', () => {
    const users = dockerfile.getInstructions().filter((instruction) => instruction.getKeyword() === 'USER')
    expect(users.at(-1)?.getArgumentsContent()).toBe('node')
  })
})

describe('compose.yaml', () => {
  it.each(Object.entries(compose.services))('%s is built from a stage of the Dockerfile, and runs as whoever asks', (_, service) => {
    expect(stages).toContain(service.build.target)
    expect(service.user).toMatch(/UID.*GID/)
    expect(service.entrypoint).toContain('divisi')
  })
})
