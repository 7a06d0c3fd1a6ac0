/**
 * What `divisi train` has to know of a task: what a recipe may say of its network and its data, and, once that is opened, batches, a loss, and scores of
 * what is held out. To add one: `defineTask` in a folder of its own, and a line in `task-kinds.node.ts`.
 */
import type { z } from 'zod'
import type { Network, NetworkConfig } from '../models/index.ts'
import type { Module } from '../nn/index.ts'
import type { Backend, HostArray, Specs } from '../runtime/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { HandOver, Learned } from './hand-over.ts'
import type { Drawing } from './parts.ts'

/** Arrays of a batch by the names of the task's inputs; examples stand along the first axis. */
export type Arrays = Readonly<Record<string, HostArray>>

/** A number that says how good a network is. */
export interface ScoreKind {
  /** `accuracy`: its key in logs and model files. */
  readonly name: string
  /** In words: `accuracy`, `SI-SDR`. */
  readonly label: string
  /** `dB`; `%` for shares of 1, which are shown in percent. */
  readonly unit: string
}

export interface Judgement {
  /** By the names of the task's score kinds. */
  readonly scores: Readonly<Record<string, number>>
  /** Pictures of what was judged, SVG text by name: a confusion matrix. */
  readonly pictures?: Readonly<Record<string, string>>
  /** Sounds of what was judged, to be listened to. */
  readonly sounds?: readonly Excerpt[]
}

/** A sound of a held-out example. */
export interface Excerpt {
  /** That of its picture, where there is one: `vocals-estimate`. */
  readonly name: string
  readonly title: string
  /** Whether the network made it. */
  readonly estimated: boolean
  /** Samples of each channel. */
  readonly channels: readonly Float32Array[]
  readonly sampleRate: number
}

export interface JudgeOptions {
  /** Weights and statistics by name. */
  readonly values: ReadonlyMap<string, Float32Array>
  readonly backend: Backend
  /** How many held-out examples. */
  readonly examples: number
  /** Lets timers and signals in; to be awaited every few ms. */
  readonly pause: () => Promise<unknown>
}

/** A network that is trained beside the task's own on the same batches, by a loss, an optimiser and learning rates of its own. */
export interface Rival {
  readonly network: Module
  /** Its loss of a batch, a scalar; it may ask the task's network, whose weights are constants to this loss. */
  loss(batch: Readonly<Record<string, Tensor>>): Tensor
  /**
   * True: it is stepped at every part of an update, before the task's network sees that part. False: once per update, together with the task's network,
   * which is what several processes need to compute what one does.
   */
  readonly everyPart: boolean
}

/** An example of training for ears and eyes. */
export interface ExamplePreview {
  /** Channels by name: what the network is given, and what it is to give. */
  readonly sounds: Readonly<Record<string, readonly Float32Array[]>>
  readonly sampleRate: number
  /** What was drawn for it, as far as it is known. */
  readonly facts: Readonly<Record<string, number | string>>
}

/** A task that is ready: its data lie at hand. */
export interface Task {
  readonly network: Network
  /** Shapes (float32) or specs of a batch's arrays; the first axis of each counts examples. */
  readonly batch: Specs
  /** The loss of a batch, a scalar. Where there is a rival it may ask it: the rival's weights are constants to this loss, through which gradients flow. */
  loss(batch: Readonly<Record<string, Tensor>>): Tensor
  /**
   * Batch number 0, 1, 2, … of the run: a pure function of seed and number, so that a resumed run sees what an uninterrupted one would have, and several
   * processes share them out. An update takes one, or as many as `Drawing.accumulate` says; `partAt` tells which update a number belongs to.
   */
  batchAt(index: number): Promise<Arrays>
  /** Specs of the arrays of that batch, for tasks whose batches are not all of one shape: as pure a function as `batchAt`. `batch` where left out. */
  specsAt?(index: number): Specs
  /** The examples of that batch as sound, for tasks of sound; `backend` computes what has to be turned into sound first. */
  preview?(index: number, backend: Backend): Promise<readonly ExamplePreview[]>
  /** A second network that learns against the first or beside it: a discriminator. */
  readonly rival?: Rival
  /**
   * What this stage's networks take over from the stage before, or from a file of weights; names that are not in it start fresh. Where left out: all values
   * whose names and shapes both have (`commonValues`).
   */
  handOver?(learned: Learned): HandOver
  /** The first is what runs are judged by; of all of them more is better. */
  readonly scores: readonly [ScoreKind, ...ScoreKind[]]
  /** Scores on examples that are held out, always the same ones. */
  judge(options: JudgeOptions): Promise<Judgement>
  /** What beside recipe and network decides the examples (recordings, the version of a generator), for the digest by which a checkpoint knows its run. */
  readonly identity: unknown
  close(): Promise<void>
}

/** Where a task finds things, and how it says what it is doing. */
export interface Surroundings {
  /** Folder of the recipe, for files that it names. */
  readonly recipeFolder: string
  /** `--data`. */
  readonly dataFolder?: string | undefined
  /** For what is decoded or made once. */
  readonly cacheFolder: string
  readonly signal?: AbortSignal | undefined
  readonly onProgress: (what: string, done: number, total: number) => void
}

/** Model and data as a recipe gives them, checked by the schemas of the task's kind. */
export interface Parts<Model, Data> {
  readonly model: Model
  readonly data: Data
}

/** A kind of task. Its models may leave to the data what the data decide: how many classes. */
export interface TaskKind<Model extends Pick<NetworkConfig, 'architecture'> = NetworkConfig, Data = unknown> {
  /** In recipes: `task: separation`. */
  readonly name: string
  readonly model: z.ZodType<Model>
  readonly data: z.ZodType<Data>
  /** Whether its examples can have the lengths that `training.crops` asks for; recipes of other kinds must not ask. */
  readonly crops?: boolean
  /** @throws Error that says what is missing and how to get it */
  open(parts: Parts<Model, Data>, drawing: Drawing, surroundings: Surroundings): Promise<Task>
  /** The data section of `--data synthetic`: the same task on what the project makes itself. */
  synthetic(data: Data): Data
}

/** A kind whose model and data are known to nobody else: what its own schemas let through is handed to it. */
export function defineTask<Model extends Pick<NetworkConfig, 'architecture'>, Data>(kind: TaskKind<Model, Data>): TaskKind {
  return kind as unknown as TaskKind
}
