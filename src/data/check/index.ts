/** The doctor of training data: what is wrong with a set before anything is trained on it. */
export { type CheckOptions, type CheckReport, checkData, type RoleTotal } from './check.node.ts'
export { type Finding, type FindingKind, findingKinds, type Severity, severities } from './findings.ts'
export { type CheckedFile, type Material, materialOfFolders, materialOfList, materialOfTree } from './material.node.ts'
export { checkPage } from './page.node.ts'
export { drawSound } from './pictures.node.ts'
export { checkJson, checkText, countsOf } from './report-text.ts'
export type { CheckedRole } from './rules.ts'
