/** The beam by itself, on probabilities written by hand. */
import { describe, expect, it } from 'vitest'
import { type BeamOptions, type Begun, emptyBeam, extendBeam, isDecided, liveOf, unlink } from '../../src/models/seq2seq/beam.ts'

const end = 3

/** Probabilities of symbols after what was said; the rest of 1 goes to what is not listed, and is never said. */
type Tree = (said: readonly number[]) => Readonly<Record<number, number>>

function search(tree: Tree, options: BeamOptions): { best: Begun; beams: (readonly Begun[])[] } {
  let beam = emptyBeam
  const beams: (readonly Begun[])[] = []
  for (let step = 0; step < options.longest && !isDecided(beam, options); step++) {
    const next = liveOf(beam).map((live) => {
      const said = live.length === 0 ? [] : unlink(live).map(({ token }) => token)
      const ordered = Object.entries(tree(said)).sort(([, p], [, q]) => q - p)
      return {
        tokens: ordered.slice(0, options.width).map(([token]) => Number(token)),
        logProbabilities: ordered.slice(0, options.width).map(([, p]) => Math.log(p)),
        weights: undefined,
      }
    })
    beam = extendBeam(beam, next, options)
    beams.push(beam)
  }
  return { best: beam[0]!, beams }
}

const tokensOf = (last: Begun) => unlink(last).map(({ token }) => token)
const options = { width: 2, lengthPenalty: 0, longest: 3 }

describe('1.5 beam search', () => {
  it('1.5 a beam finds what greedy decoding passes by: a good string that begins with the second best symbol', () => {
    const tree: Tree = (said) => {
      if (said.length === 0) return { 4: 0.6, 5: 0.4 }
      return said[0] === 4 ? { [end]: 0.3, 4: 0.2, 5: 0.2 } : { [end]: 0.9, 4: 0.1 }
    }
    const greedy = search(tree, { ...options, width: 1 }).best
    expect([tokensOf(greedy), Math.exp(greedy.logProbability)]).toEqual([[4, end], expect.closeTo(0.18, 12)])
    const { best } = search(tree, options)
    expect([tokensOf(best), Math.exp(best.logProbability)]).toEqual([[5, end], expect.closeTo(0.36, 12)])
  })

  it('1.5 the greedy string never leaves the beam, though two others are ahead of it for a while and end badly', () => {
    const tree: Tree = (said) => {
      if (said.length === 0) return { 4: 0.4, 5: 0.35, 6: 0.25 }
      if (said.length === 1) return said[0] === 4 ? { 4: 0.34, 5: 0.33, 6: 0.33 } : { 4: 0.5, 5: 0.5 }
      return said[0] === 4 ? { [end]: 1 } : { [end]: 0.01, 4: 0.01 }
    }
    const greedy = search(tree, { ...options, width: 1 }).best
    expect(tokensOf(greedy)).toEqual([4, 4, end])
    const { best, beams } = search(tree, options)
    // 0.175 of the two of 5 is more than 0.136.
    expect(beams[1]!.map(tokensOf)).toEqual([
      [5, 4],
      [4, 4],
    ])
    expect(tokensOf(best)).toEqual([4, 4, end])
    expect(best.logProbability).toBeCloseTo(Math.log(0.136), 12)
  })

  it('1.5 a beam stops when nothing that may come is better, which depends on how lengths are compared', () => {
    const tree: Tree = (said) => (said.length === 0 ? { [end]: 0.5, 4: 0.4 } : { 4: 0.9, [end]: 0.1 })
    // 0.4 · … never reaches 0.5.
    expect(search(tree, { ...options, longest: 9 }).beams).toHaveLength(1)
    // By means per symbol, log 0.5 falls behind log(0.4 · 0.9⁸) / 9.
    const patient = search(tree, { ...options, lengthPenalty: 1, longest: 9 })
    expect(patient.beams).toHaveLength(9)
    expect(tokensOf(patient.best)).toEqual(new Array(9).fill(4))
    expect(patient.best.finished).toBe(false)
  })

  it('1.5 what has ended keeps its place among the best, and loses it to better ones', () => {
    const tree: Tree = (said) => {
      if (said.length === 0) return { 4: 0.5, [end]: 0.3 }
      return said.length === 1 ? { 4: 0.8, 5: 0.19 } : { [end]: 0.9, 4: 0.1 }
    }
    const { beams } = search(tree, options)
    expect(beams.map((beam) => beam.map(tokensOf))).toEqual([
      [[4], [end]],
      [[4, 4], [end]],
      [[4, 4, end], [end]],
    ])
    expect(isDecided([], options)).toBe(true)
    expect(isDecided(emptyBeam, options)).toBe(false)
  })
})
