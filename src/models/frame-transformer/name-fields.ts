/** Modules of a list as numbered fields, `enc1`, `enc2`, …, the way that the original's state dicts name them. */
import type { Module } from '../../nn/index.ts'

/** Sets fields of the model, numbered from `first` on; what computes with them keeps its own list. */
export function nameFields(model: Module, prefix: string, modules: readonly (Module | readonly Module[])[], suffix = '', first = 1): void {
  for (const [i, module] of modules.entries()) Object.assign(model, { [`${prefix}${first + i}${suffix}`]: module })
}
