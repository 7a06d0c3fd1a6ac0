/**
 * Events of TensorBoard's log files: messages of tensorflow/core/util/event.proto and framework/summary.proto, each in a record. Numbers, pictures
 * and sounds are written in the fields that every version of TensorBoard reads, text as its text plugin has it.
 */
import { bytesField, type Field, floatField, integerField, joinFields } from '../protobuf.ts'
import { tfRecord } from './record.ts'

/** What an event says beside its time and its step. */
export type EventContent =
  /** The first of a file. */
  | { readonly kind: 'version' }
  /** A process begins: steps from the event's on that were said before are void. */
  | { readonly kind: 'start' }
  | { readonly kind: 'summary'; readonly values: readonly SummaryValue[] }

/** A value under a tag; `loss/training` stands in the group `loss`. */
export type SummaryValue = { readonly tag: string } & (
  | { readonly kind: 'scalar'; readonly value: number }
  /** PNG, pixels. */
  | { readonly kind: 'image'; readonly png: Uint8Array; readonly width: number; readonly height: number }
  /** A WAV file; hertz, and samples of each channel. */
  | { readonly kind: 'audio'; readonly wav: Uint8Array; readonly sampleRate: number; readonly channels: number; readonly samples: number }
  /** Markdown. */
  | { readonly kind: 'text'; readonly text: string }
)

function doubleField(number: number, value: number): Field {
  const out = new Uint8Array(9)
  out[0] = (number << 3) | 1
  new DataView(out.buffer).setFloat64(1, value, true)
  return [out]
}

/** DT_STRING of tensorflow/core/framework/types.proto. */
const stringType = 7
/** RGB of summary.proto. */
const rgb = 3

function valueFields(value: SummaryValue): readonly Field[] {
  switch (value.kind) {
    case 'scalar':
      return [floatField(2, value.value)]
    case 'image':
      return [bytesField(4, [integerField(1, value.height), integerField(2, value.width), integerField(3, rgb), bytesField(4, value.png)])]
    case 'audio': {
      const { sampleRate, channels, samples, wav } = value
      return [
        bytesField(6, [
          floatField(1, sampleRate),
          integerField(2, channels),
          integerField(3, samples),
          bytesField(4, wav),
          bytesField(5, 'audio/wav'),
        ]),
      ]
    }
    case 'text':
      // TensorProto { dtype, string_val }; SummaryMetadata { plugin_data { plugin_name } }.
      return [
        bytesField(8, [integerField(1, stringType), bytesField(2, []), bytesField(8, value.text)]),
        bytesField(9, [bytesField(1, [bytesField(1, 'text')])]),
      ]
  }
}

function contentField(content: EventContent): Field {
  switch (content.kind) {
    case 'version':
      return bytesField(3, 'brain.Event:2')
    case 'start':
      return bytesField(7, [integerField(1, 1)])
    case 'summary':
      return bytesField(
        5,
        content.values.map((value) => bytesField(1, [bytesField(1, value.tag), ...valueFields(value)])),
      )
  }
}

/**
 * The bytes of an event in its record; a file is such records one after the other, the first of the kind `version`.
 *
 * @param seconds since 1970
 *
 * @example
 * const event = tensorboardEvent(1.5, 10, { kind: 'summary', values: [{ kind: 'scalar', tag: 'loss', value: 0.25 }] })
 * event.length // 42
 */
export function tensorboardEvent(seconds: number, step: number, content: EventContent): Uint8Array {
  const fields = [doubleField(1, seconds), integerField(2, step), contentField(content)]
  return tfRecord(joinFields(fields))
}
