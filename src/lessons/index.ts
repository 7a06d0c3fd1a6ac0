/** Lessons: runnable texts on what Divisi is made of, each with pictures and a check of its claim, and exercises; `divisi lesson` runs them. */
import { autoPool } from './01-auto-pool.ts'
import { checkerboard } from './02-checkerboard.ts'
import { convolution } from './03-convolution.ts'
import { lstmGates } from './04-lstm-gates.ts'
import { stride } from './05-stride.ts'
import { masks } from './06-masks.ts'
import { windows } from './07-windows.ts'
import { siSdrSign } from './08-si-sdr-sign.ts'
import { receptiveFieldLesson } from './09-receptive-field.ts'
import { doubleSoftmax } from './10-double-softmax.ts'
import { positions } from './11-positions.ts'
import { attention } from './12-attention.ts'
import { imageClassifier } from './13-image-classifier.ts'
import { equivariance } from './14-equivariance.ts'
import { state } from './15-state.ts'
import { lastState } from './20-last-state.ts'
import { reversal } from './21-reversal.ts'
import { longMemory } from './22-long-memory.ts'
import { downSampling } from './30-down-sampling.ts'
import { onsets } from './31-onsets.ts'
import type { Exercise } from './exercise.ts'
import { convolution2d, convolutionLayer, convolutionLoop, imageKernels } from './exercises/convolution.ts'
import { confusion, networkParts, trainingLoop, unfolding, vanillaRnn } from './exercises/network.ts'
import type { Lesson } from './lesson.ts'

/** All of them, in the order in which they are best read. */
export const lessons: readonly Lesson[] = [
  autoPool,
  checkerboard,
  convolution,
  lstmGates,
  stride,
  masks,
  windows,
  siSdrSign,
  receptiveFieldLesson,
  doubleSoftmax,
  positions,
  attention,
  imageClassifier,
  equivariance,
  state,
  lastState,
  reversal,
  longMemory,
  downSampling,
  onsets,
]

/** Those of the notebook on convolution and recurrence, in its order. */
export const exercises: readonly Exercise[] = [
  convolutionLoop,
  imageKernels,
  convolution2d,
  convolutionLayer,
  networkParts,
  trainingLoop,
  confusion,
  unfolding,
  vanillaRnn,
]

export type { Answer, Exercise } from './exercise.ts'
export { type Lesson, type LessonContext, LessonError } from './lesson.ts'
