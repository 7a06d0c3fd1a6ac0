/** Damaged files of PyTorch: whatever happened to them, they are read or end in one RangeError, soon and in little memory. */
import { describe, expect, it } from 'vitest'
import { readPytorch } from '../../../src/formats/index.ts'
import { createRandom, type Random } from '../../../src/tensor/index.ts'
import { checkpointOf, fixture, fixtures } from './support.ts'

/** Far more than the files need. */
const maxBytes = 2 ** 22

/** Reads all of a file; anything but a value or one clear RangeError is thrown on. */
function survives(file: Uint8Array): boolean {
  try {
    for (const tensor of readPytorch(file, { maxBytes }).tensors.values()) tensor.read()
    return true
  } catch (error) {
    if (error instanceof RangeError && /^PyTorch file: .+; .+/s.test(error.message)) return false
    throw error
  }
}

/** Numbers that sizes, counts and places are not, or are at their limits. */
const odd = [0, 1, 0x7f, 0x80, 0xff]

function mutate(random: Random, file: Uint8Array): Uint8Array {
  const bytes = file.slice()
  const place = () => random.integer(0, bytes.length - 1)
  for (let k = random.integer(1, 4); k > 0; k--) {
    const [from, length] = [place(), random.integer(1, 12)]
    const action = random.integer(0, 3)
    if (action === 0) bytes[from]! ^= 1 << random.integer(0, 7)
    else if (action === 1) bytes[from] = random.integer(0, 255)
    else if (action === 2) bytes.fill(random.pick(odd), from, from + length)
    else bytes.copyWithin(place(), from, from + length)
  }
  return bytes
}

/** The pickles alone, in files that are whole around them: there most damage would be refused by the directory. */
const pickles = fixtures.flatMap((name) => {
  const file = fixture(name)
  const text = Array.from(file, (byte) => String.fromCharCode(byte)).join('')
  const start = text.indexOf('\x80\x02')
  const end = text.indexOf('.PK', start)
  return file[0] === 0x50 && start > 0 && end > 0 ? [[name, file.subarray(start, end + 1)] as const] : []
})

describe.each(fixtures)('%s', (name) => {
  const file = fixture(name)

  it('is refused wherever it is cut short', () => {
    for (let length = 0; length < file.length; length++) expect(survives(file.subarray(0, length)), `cut at ${length}`).toBe(false)
  })

  it('survives damage', () => {
    const random = createRandom(fixtures.indexOf(name), 1)
    for (let k = 0; k < 150; k++) survives(mutate(random, file))
  })
})

describe('the pickle alone', () => {
  it('is found', () => {
    expect(pickles.length).toBeGreaterThan(10)
  })

  it.each(pickles)('of %s survives damage', (name, pickle) => {
    const random = createRandom(fixtures.indexOf(name), 2)
    const storages = Object.fromEntries(Array.from({ length: 20 }, (_, key) => [key, new Uint8Array(256)]))
    for (let k = 0; k < 150; k++) survives(checkpointOf(mutate(random, pickle), storages))
  })
})
