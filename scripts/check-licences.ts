/**
 * Refuses dependencies whose licence Divisi cannot ship or build with, and notices that leave a shipped package out.
 *
 *     npx tsx scripts/check-licences.ts [folder of a project that depends on divisi; default: this repository]
 */
import { readFileSync } from 'node:fs'
import { missingFromNotices, objection, readDependencies } from './licences.ts'

const dependencies = readDependencies(process.argv[2] ?? '.').filter(({ name }) => name !== 'divisi')
const notices = readFileSync(new URL('../THIRD_PARTY_NOTICES.md', import.meta.url), 'utf8')

const faults = [
  ...dependencies.map(objection).filter((reason) => reason !== undefined),
  ...missingFromNotices(notices, dependencies).map((reason) => `THIRD_PARTY_NOTICES.md: ${reason}`),
]
for (const fault of faults) console.error(fault)

const shipped = dependencies.filter((dependency) => dependency.shipped).length
console.log(`${dependencies.length} packages, ${shipped} of them shipped: ${faults.length} objections`)
process.exitCode = faults.length === 0 ? 0 : 1
