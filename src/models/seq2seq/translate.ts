/** From sequences to sequences with a trained encoder–decoder: greedily or with a beam, a batch at a time, one compiled step run again and again. */
import { layoutOf, specialTokens } from '../../nn/index.ts'
import { type Backend, type DeviceArray, type HostArray, specialize } from '../../runtime/browser.ts'
import { add, cast, constant, gather, logSoftmax, type Tensor, topK } from '../../tensor/index.ts'
import type { CarriedState } from '../recurrent-cell.ts'
import { type BeamOptions, type Begun, type Continuations, emptyBeam, extendBeam, isDecided, liveOf, scoreOf, unlink } from './beam.ts'
import type { Seq2Seq } from './network.ts'

export interface TranslateOptions {
  /** Sequences that are followed at once; 1, the default, is greedy decoding. */
  readonly beam?: number | undefined
  /** α in log p / lengthᵅ, by which sequences are compared; 0 by default. */
  readonly lengthPenalty?: number | undefined
  /** Most symbols said, the end symbol among them; by default twice as many as the longest source has, and 10. */
  readonly longest?: number | undefined
}

export interface TranslatorOptions {
  /** Weights by name. */
  readonly values: ReadonlyMap<string, Float32Array>
  readonly backend: Backend
  /** Sequences per run, 16 by default. */
  readonly batchSize?: number
}

export interface Hypothesis {
  readonly text: string
  /** Ids, the end symbol last, unless it was not reached. */
  readonly tokens: readonly number[]
  /** Of all its symbols. */
  readonly logProbability: number
  /** log p / lengthᵅ */
  readonly score: number
  /** False where it was cut off at `longest`. */
  readonly finished: boolean
  /** Where the decoder looked: for each of `tokens` a row of weights over the symbols of the source. Without attention undefined. */
  readonly attention: readonly Float32Array[] | undefined
}

export interface Translation extends Hypothesis {
  /** All of the beam, best first; this one is the first. */
  readonly alternatives: readonly Hypothesis[]
}

export interface Translator {
  /**
   * @param sources texts, or ids
   * @throws RangeError for sources without symbols, and options out of range
   */
  translate(sources: readonly (string | ArrayLike<number>)[], options?: TranslateOptions): Promise<Translation[]>
  /** Frees its programs. */
  dispose(): Promise<void>
}

/** Lengths are rounded up, so that a few programs do for all. */
const lengthStep = 8

/** Symbols that are never said. */
const unsayable: readonly number[] = [specialTokens.pad, specialTokens.start]

function checkOptions(options: { readonly beam: number; readonly lengthPenalty: number; readonly longest: number }): void {
  for (const name of ['beam', 'longest'] as const) {
    if (!(Number.isInteger(options[name]) && options[name] >= 1))
      throw new RangeError(`translate: ${name} ${options[name]}; allowed are whole numbers ≥ 1`)
  }
  if (!(options.lengthPenalty >= 0 && Number.isFinite(options.lengthPenalty)))
    throw new RangeError(`translate: lengthPenalty ${options.lengthPenalty}; allowed are numbers ≥ 0`)
}

/** The programs: reading a batch, and one step of saying. `origins` tells which row each hypothesis goes on from. */
function programsOf(network: Seq2Seq, { values, backend }: TranslatorOptions) {
  layoutOf(network)
  const moved = (name: string, state: Tensor | undefined, origins: Tensor) => (state ? { [name]: gather(state, origins, 1) } : {})
  const options = { backend, constants: values }
  const read = specialize<'source' | 'lengths' | 'origins'>(({ source, lengths, origins }) => {
    const { memory, state } = network.encode(source, lengths)
    const heard = network.attention ? { states: memory.states, keys: memory.keys } : {}
    return { ...heard, ...moved('h', state.h, origins), ...moved('c', state.c, origins) }
  }, options)
  const say = specialize<string>(({ tokens, origins, h, c, states, keys, padding }) => {
    const state: CarriedState = { h: gather(h!, origins!, 1), c: c && gather(c, origins!, 1) }
    const { logits, weights, state: after } = network.step(tokens!, state, { states: states!, keys: keys!, padding: padding! })
    const size = logits.shape[2]!
    const barred = constant(
      Array.from({ length: size }, (_, id) => (unsayable.includes(id) ? -1e30 : 0)),
      [size],
    )
    const best = topK(add(logSoftmax(logits), barred), Math.min(tokens!.shape[1]!, size - unsayable.length))
    return {
      logProbabilities: best.values,
      'next/tokens': cast(best.indices, 'int32'),
      ...(weights && { weights }),
      'next/h': after.h,
      ...(after.c && { 'next/c': after.c }),
    }
  }, options)
  return { read, say }
}

/** Ids side by side, filled up with the pad symbol; rows beyond the last are the first again. */
function sideBySide(rows: readonly Int32Array[], count: number, steps: number) {
  const [source, lengths] = [new Int32Array(count * steps).fill(specialTokens.pad), new Int32Array(count)]
  for (let b = 0; b < count; b++) {
    const row = rows[b] ?? rows[0]!
    source.set(row, b * steps)
    lengths[b] = row.length
  }
  return { source, lengths }
}

/** What a step's outputs say of one row. */
function continuationsAt(row: number, results: Readonly<Record<string, HostArray>>, rows: number): Continuations {
  const part = (array: HostArray) => array.slice((row * array.length) / rows, ((row + 1) * array.length) / rows)
  return {
    tokens: Array.from(part(results['next/tokens']!), Number),
    logProbabilities: Array.from(part(results.logProbabilities!), Number),
    weights: results.weights && Float32Array.from(part(results.weights), Number),
  }
}

/**
 * A trained encoder–decoder made ready to translate. Its programs are kept: one that reads and one that takes a step, for each size of batch.
 *
 * @throws RangeError for a batch size that is no whole number ≥ 1
 *
 * @example
 * const notes = { kind: 'symbols', symbols: ['C', 'D', 'E'] } as const
 * const network = new Seq2Seq(seq2seqConfig.parse({ architecture: 'seq2seq', source: notes, embedding: 4, hidden: 8 }))
 * const translator = createTranslator(network, { values: initialValues(network, 1), backend: createReferenceBackend() })
 * const [said] = await translator.translate(['C D E'], { beam: 3, longest: 4 })
 * said!.alternatives.length // 3
 * said!.attention![0]!.length // 3
 * await translator.dispose()
 */
export function createTranslator(network: Seq2Seq, options: TranslatorOptions): Translator {
  const { backend, batchSize = 16 } = options
  if (!(Number.isInteger(batchSize) && batchSize >= 1))
    throw new RangeError(`createTranslator: batchSize ${batchSize}; allowed are whole numbers ≥ 1`)
  const { read, say } = programsOf(network, options)
  const { sourceTokeniser, targetTokeniser, config } = network

  const idsOf = (source: string | ArrayLike<number>, i: number): Int32Array => {
    const ids = typeof source === 'string' ? sourceTokeniser.encode(source) : Int32Array.from(source)
    if (ids.length === 0) throw new RangeError(`translate: source ${i} has no symbols; needs at least one`)
    const wrong = ids.find((id) => id < 0 || id >= sourceTokeniser.size)
    if (wrong !== undefined)
      throw new RangeError(`translate: source ${i} has the id ${wrong}; allowed are whole numbers in 0…${sourceTokeniser.size - 1}`)
    return ids
  }
  const hypothesisOf = (last: Begun, symbols: number, lengthPenalty: number): Hypothesis => {
    const all = unlink(last)
    const tokens = all.map(({ token }) => token)
    return {
      text: targetTokeniser.decode(tokens),
      tokens,
      logProbability: last.logProbability,
      score: scoreOf(last, lengthPenalty),
      finished: last.finished,
      attention: last.weights && all.map(({ weights }) => weights!.slice(0, symbols)),
    }
  }

  async function search(rows: readonly Int32Array[], beamOptions: BeamOptions): Promise<(readonly Begun[])[]> {
    const { width, longest } = beamOptions
    const steps = Math.ceil(Math.max(...rows.map(({ length }) => length)) / lengthStep) * lengthStep
    const [b, all] = [batchSize, batchSize * width]
    const held: DeviceArray[] = []
    const viewOf = async (...shape: number[]) => {
      const array = await backend.allocate(shape.reduce((size, extent) => size * extent, 1))
      held.push(array)
      return array.view(0, shape)
    }
    try {
      const memory = network.attention ? { states: await viewOf(b, steps, config.hidden), keys: await viewOf(b, steps, config.hidden) } : {}
      const stateView = async () => {
        const shape = [config.layers, all, config.hidden]
        return { h: await viewOf(...shape), ...(config.cell === 'lstm' && { c: await viewOf(...shape) }) }
      }
      // Written and read in turns.
      let [state, next] = [await stateView(), await stateView()]
      const { source, lengths } = sideBySide(rows, b, steps)
      const whole = (...shape: number[]) => ({ shape, dtype: 'int32' }) as const
      await read.run(
        { source: whole(b, steps), lengths: whole(b), origins: whole(all) },
        { source, lengths, origins: Int32Array.from({ length: all }, (_, i) => Math.floor(i / width)) },
        { into: { ...memory, ...state } },
      )
      const padding = Uint8Array.from({ length: b * steps }, (_, i) => Number(i % steps >= lengths[Math.floor(i / steps)]!))
      const shapes = Object.fromEntries(Object.entries({ ...memory, ...state }).map(([name, { shape }]) => [name, shape]))
      const specs = { ...shapes, tokens: whole(b, width), origins: whole(all), padding: { shape: [b, steps], dtype: 'bool' } as const }
      let beams: (readonly Begun[])[] = rows.map(() => emptyBeam)
      for (let step = 0; step < longest && !beams.every((beam) => isDecided(beam, beamOptions)); step++) {
        const tokens = new Int32Array(all).fill(specialTokens.end)
        const origins = Int32Array.from({ length: all }, (_, i) => i)
        for (const [i, beam] of beams.entries()) {
          for (const [slot, live] of liveOf(beam).entries()) {
            tokens[i * width + slot] = live.token
            origins[i * width + slot] = i * width + live.slot
          }
        }
        const into = Object.fromEntries(Object.entries(next).map(([name, view]) => [`next/${name}`, view]))
        const results = await say.run(specs, { ...memory, ...state, tokens, origins, padding }, { into })
        beams = beams.map((beam, i) => {
          if (isDecided(beam, beamOptions)) return beam
          const continuations = liveOf(beam).map((_, slot) => continuationsAt(i * width + slot, results, all))
          return extendBeam(beam, continuations, beamOptions)
        })
        ;[state, next] = [next, state]
      }
      return beams
    } finally {
      for (const array of held) await array.free()
    }
  }

  return {
    translate: async (sources, { beam = 1, lengthPenalty = 0, longest: asked } = {}) => {
      const rows = sources.map(idsOf)
      const longest = asked ?? 2 * Math.max(0, ...rows.map(({ length }) => length)) + 10
      checkOptions({ beam, lengthPenalty, longest })
      const found: Translation[] = []
      for (let first = 0; first < rows.length; first += batchSize) {
        const batch = rows.slice(first, first + batchSize)
        for (const [i, hypotheses] of (await search(batch, { width: beam, lengthPenalty, longest })).entries()) {
          const alternatives = hypotheses.map((last) => hypothesisOf(last, batch[i]!.length, lengthPenalty))
          found.push({ ...alternatives[0]!, alternatives })
        }
      }
      return found
    },
    dispose: async () => {
      await read.dispose()
      await say.dispose()
    },
  }
}

/**
 * Translates with a network once; `createTranslator` keeps the programs for more.
 *
 * @param sources texts, or ids
 *
 * @example
 * const notes = { kind: 'symbols', symbols: ['C', 'D', 'E'] } as const
 * const network = new Seq2Seq(seq2seqConfig.parse({ architecture: 'seq2seq', source: notes, embedding: 4, hidden: 8 }))
 * const values = initialValues(network, 1)
 * const said = await translate(network, ['C D', 'E'], { values, backend: createReferenceBackend(), longest: 3 })
 * said.length // 2
 */
export async function translate(
  network: Seq2Seq,
  sources: readonly (string | ArrayLike<number>)[],
  { beam, lengthPenalty, longest, ...options }: TranslatorOptions & TranslateOptions,
): Promise<Translation[]> {
  const translator = createTranslator(network, options)
  try {
    return await translator.translate(sources, { beam, lengthPenalty, longest })
  } finally {
    await translator.dispose()
  }
}
