/** Runners of the blocks of FrameTransformer (carperbr, 2023). */
import { z } from 'zod'
import { Apply, pointwiseReach, squaredRelu } from '../../../src/nn/index.ts'
import { block, given } from './block.ts'
import type { Runner } from './support.ts'

const nothing = z.object({})

export const blockCases: Readonly<Record<string, Runner>> = {
  squared_relu: block(
    nothing,
    () => new Apply(squaredRelu, pointwiseReach),
    (module, inputs) => ({ y: module.forward(given(inputs, 'x')) }),
  ),
}
