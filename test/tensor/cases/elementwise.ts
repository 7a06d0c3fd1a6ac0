/** Cases of arithmetic, comparisons, choices and the smooth functions. */
import * as t from '../../../src/tensor/index.ts'
import { asFloat, binary, type Case, unary } from './support.ts'

const flat = { differentiable: false } as const
const positive = { range: [0.5, 2] } as const

const arithmetic: readonly Case[] = [
  binary('add', t.add),
  binary('sub', t.sub),
  binary('mul', t.mul),
  binary('div', t.div, positive),
  binary('pow', t.pow, positive),
  unary('neg', t.neg),
  unary('reciprocal', t.reciprocal, positive),
  unary('sqrt', t.sqrt, positive),
  unary('rsqrt', t.rsqrt, positive),
  unary('exp', t.exp),
  unary('expm1', t.expm1),
  unary('log', t.log, positive),
  unary('log1p', t.log1p, { range: [-0.5, 2] }),
  unary('abs', t.abs),
  unary('sign', t.sign, flat),
  unary('floor', (x) => t.floor(t.mul(x, 3)), flat),
  unary('ceil', (x) => t.ceil(t.mul(x, 3)), flat),
  unary('round', (x) => t.round(t.mul(x, 3)), flat),
  // Between -2 and 2 there is no multiple of b in 3…5 but 0, where the remainder jumps.
  binary('floor', (a, b) => t.remainder(t.mul(a, 2), t.add(b, 4))),
]

const choice: readonly Case[] = [
  binary('maximum', t.maximum),
  binary('minimum', t.minimum),
  binary('greater', asFloat(t.greater), flat),
  binary('greaterEqual', asFloat(t.greaterEqual), flat),
  binary('less', asFloat(t.less), flat),
  binary('lessEqual', asFloat(t.lessEqual), flat),
  binary(
    'equal',
    asFloat((a, b) => t.equal(t.sign(a), t.sign(b))),
    flat,
  ),
  binary(
    'logicalNot',
    asFloat((a, b) => t.notEqual(t.sign(a), t.sign(b))),
    flat,
  ),
  binary(
    'logicalAnd',
    asFloat((a, b) => t.logicalAnd(t.greater(a, 0), t.greater(b, 0))),
    flat,
  ),
  binary(
    'logicalOr',
    asFloat((a, b) => t.logicalOr(t.greater(a, 0), t.greater(b, 0))),
    flat,
  ),
  // Not made by log, which may give any number there on WebGPU.
  unary('isnan', (x) => t.cast(t.isnan(t.where(t.greater(x, 0), x, t.constant(NaN))), 'float32'), flat),
  unary('isfinite', (x) => t.cast(t.isfinite(t.where(t.greater(x, 0), x, t.constant(-Infinity))), 'float32'), flat),
  binary('where', (a, b) => t.where(t.greater(a, b), t.mul(a, 2), t.mul(b, 3))),
  unary('clip', (x) => t.clip(x, -0.5, 0.25)),
  unary('clip', (x) => t.clip(x, -Infinity, 0.25)),
  unary('cast', (x) => t.cast(t.cast(t.mul(x, 5), 'int64'), 'float32'), flat),
]

const smooth: readonly Case[] = [
  unary('sin', t.sin),
  unary('cos', t.cos),
  unary('tan', t.tan),
  unary('atan', t.atan, { range: [-3, 3] }),
  binary('atan2', t.atan2),
  unary('tanh', t.tanh),
  unary('sigmoid', t.sigmoid, { range: [-20, 20] }),
  unary('softplus', t.softplus, { range: [-20, 20] }),
  unary('erf', t.erf, { range: [-4, 4] }),
]

const rectifiers: readonly Case[] = [
  unary('relu', t.relu),
  { ...unary('leakyRelu', (x) => t.leakyRelu(x, 0.2)), covers: ['leakyRelu', 'slope'] },
]

export const elementwiseCases: readonly Case[] = [...arithmetic, ...choice, ...smooth, ...rectifiers]
