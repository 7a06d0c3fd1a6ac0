/**
 * Prints "N passed, N failed" over the JSON reports of several vitest runs. A report that is missing (the run broke off) and a file
 * that did not load count as one failure each; a skipped test is a failure too, because it protects nothing.
 *
 *     npx tsx scripts/count-tests.ts report.json…
 */
import { existsSync, readFileSync } from 'node:fs'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

let passed = 0
let failed = 0
for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    console.error(`${path}: no report`)
    failed++
    continue
  }
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  const skipped = report.numPendingTests + report.numTodoTests
  if (skipped > 0) console.error(`${path}: ${skipped} skipped`)
  passed += report.numPassedTests
  failed += report.numFailedTests + unloaded.length + skipped
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
