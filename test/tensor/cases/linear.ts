/** Cases of products of matrices and of what is built on them. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent, shape } from './support.ts'

/** Equations whose operands lie in different orders: products, batches, vectors, outer products, sums, three operands. */
const equations = [
  'ij,jk->ik',
  'ij,kj->ki',
  'bhid,bhjd->bhij',
  'bihd,bjhd->bhij',
  'bhij,bjhd->bihd',
  'oc,bct->bot',
  'bct,oc->bto',
  'bi,bi->b',
  'i,j->ji',
  'bij,bkj,kl->bl',
  'abc->ca',
  'abc,d->b',
  'fcm,fm->cf',
]

function einsum(equation: string, extents: Readonly<Record<string, number>>) {
  const terms = equation.split('->')[0]!.split(',')
  return { shapes: terms.map((term) => [...term].map((label) => extents[label] ?? 2)), f: (...x: Tensor[]) => t.einsum(equation, ...x) }
}

export const linearCases: readonly Case[] = [
  {
    covers: ['matmul'],
    draw: fc.tuple(extent, extent, extent, shape(0, 2), fc.constantFrom('both', 'left', 'right')).map(([m, k, n, batch, who]) => ({
      shapes: [
        [...(who === 'right' ? batch.map(() => 1) : batch), m, k],
        [...(who === 'left' ? [] : batch), k, n],
      ],
      f: (a: Tensor, b: Tensor) => t.matmul(a, b),
    })),
  },
  {
    covers: ['matmul'],
    draw: fc.tuple(extent, extent, extent, shape(0, 2), fc.boolean()).map(([m, k, n, batch, right]) => ({
      shapes: right ? [[...batch, m, k], [k]] : [[k], [...batch, k, n]],
      f: (a: Tensor, b: Tensor) => t.matmul(a, b),
    })),
  },
  {
    // Transposed factors, whose gradients are other products; one that is shared by the batch, too.
    covers: ['matmul'],
    draw: fc
      .tuple(extent, extent, extent, shape(0, 2), fc.constantFrom('left', 'right', 'both'), fc.boolean())
      .map(([m, k, n, batch, who, shared]) => {
        const swap = (x: Tensor) => t.transpose(x, [...x.shape.keys()].slice(0, -2).concat(x.shape.length - 1, x.shape.length - 2))
        const lead = shared ? [] : batch
        return {
          shapes: [who === 'right' ? [...batch, m, k] : [...batch, k, m], who === 'left' ? [...lead, k, n] : [...lead, n, k]],
          f: (a: Tensor, b: Tensor) => t.matmul(who === 'right' ? a : swap(a), who === 'left' ? b : swap(b)),
        }
      }),
  },
  {
    // Narrow on the right, so that the gradient of the one matrix is a single product over the batch.
    covers: ['matmul'],
    draw: fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 5, max: 6 }), fc.integer({ min: 1, max: 2 })).map(([b, k, n]) => ({
      shapes: [
        [k, 5],
        [b, 5, n],
      ],
      f: (a: Tensor, x: Tensor) => t.matmul(a, x),
    })),
  },
  {
    covers: ['matmul'],
    draw: fc
      .tuple(fc.constantFrom(...equations), fc.array(extent, { minLength: 6, maxLength: 6 }))
      .map(([equation, n]) => einsum(equation, Object.fromEntries([...'bijkhd'].map((label, i) => [label, n[i]!])))),
  },
  {
    // 2 I and less: the matrices stay well-conditioned, and the pivots differ from the diagonal where rows are swapped.
    covers: ['inverse'],
    draw: fc.tuple(shape(0, 2), fc.integer({ min: 1, max: 4 })).map(([batch, n]) => ({
      shapes: [[...batch, n, n]],
      f: (x: Tensor) => {
        const swapped = Array.from({ length: n * n }, (_, i) => (i % n === n - 1 - Math.floor(i / n) ? 2 : 0))
        return t.inverse(t.add(t.mul(x, 1.2 / n), t.constant(swapped, [n, n])))
      },
    })),
  },
  {
    covers: ['complexAbs'],
    draw: shape(0, 3).map((s) => ({ shapes: [s, s], f: (re: Tensor, im: Tensor) => t.complex.abs({ re: t.add(re, 1.5), im }) })),
  },
  {
    covers: ['inverse'],
    draw: extent.map((n) => ({
      shapes: [
        [2, n, n],
        [2, n, n],
      ],
      f: (re: Tensor, im: Tensor) => {
        const identity = t.constant(
          Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
          [n, n],
        )
        const y = t.complex.inverse({ re: t.add(t.mul(re, 0.5 / n), identity), im: t.mul(im, 0.5 / n) })
        return t.concat([y.re, y.im], 0)
      },
    })),
  },
]
