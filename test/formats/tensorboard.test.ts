/** TensorBoard's files. The bytes were read by TensorBoard 2.21 (`EventAccumulator`), with the restart's purge of the steps that it voids. */
import { describe, expect, it } from 'vitest'
import { crc32, crc32c } from '../../src/formats/crc32.ts'
import { tensorboardEvent } from '../../src/formats/index.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('tensorboardEvent', () => {
  it('checks by Castagnoli’s polynomial, with the sums of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    const digits = new TextEncoder().encode('123456789')
    expect([crc32(digits), crc32c(digits)]).toEqual([0xcbf43926, 0xe3069283])
  })

  it('writes numbers as the bytes that TensorBoard reads', () => {
    const event = tensorboardEvent(1.5, 10, { kind: 'summary', values: [{ kind: 'scalar', tag: 'loss', value: 0.25 }] })
    expect(hex(event)).toBe(
      // length, its check | time 1.5, step 10, summary { value { tag "loss", 0.25 } } | check
      '1a00000000000000129bd82d' + '09000000000000f83f100a2a0d0a0b0a046c6f7373150000803e' + '02892099',
    )
  })

  it('begins a file by its version, and a process by the step from which earlier ones are void', () => {
    expect(hex(tensorboardEvent(0, 0, { kind: 'version' })).slice(24, -8)).toBe(
      `09000000000000000010001a0d${hex(new TextEncoder().encode('brain.Event:2'))}`,
    )
    // More than 32 bits.
    expect(hex(tensorboardEvent(0, 2 ** 40, { kind: 'start' })).slice(24, -8)).toBe('090000000000000000' + '10808080808020' + '3a020801')
  })

  it('carries pictures, sounds and text', () => {
    const [png, wav] = [Uint8Array.of(1, 2, 3), Uint8Array.of(9, 8)]
    const event = tensorboardEvent(0, 1, {
      kind: 'summary',
      values: [
        { kind: 'image', tag: 'i', png, width: 300, height: 2 },
        { kind: 'audio', tag: 'a', wav, sampleRate: 22050, channels: 1, samples: 5 },
        { kind: 'text', tag: 't', text: 'x' },
      ],
    })
    expect(hex(event)).toContain('0a0169' + '220c' + '0802' + '10ac02' + '1803' + '2203010203')
    expect(hex(event)).toContain(`0a016132180d0044ac4610011805220209082a09${hex(new TextEncoder().encode('audio/wav'))}`)
    expect(hex(event)).toContain(`0a01744207080712004201784a080a060a04${hex(new TextEncoder().encode('text'))}`)
  })
})
