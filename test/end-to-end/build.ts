/** Builds dist/ before the end-to-end tests, so that they never run an older build than the sources beside them. */
import { execFileSync } from 'node:child_process'

export function setup(): void {
  execFileSync('npm', ['run', '--silent', 'build', '--', '--logLevel', 'error'], { stdio: ['ignore', 'ignore', 'inherit'] })
}
