/**
 * Python's pickles, protocols 0 to 5: programs for a machine with a stack and a memo (CPython's `pickletools` describes every instruction). This
 * machine makes numbers, texts, bytes, lists, dicts and sets, and hands everything else to its host: names of Python's objects, calls of them,
 * state to set, and references to what lies outside of the pickle. Whatever the host does not know, it refuses; nothing is ever imported or run.
 *
 * Lists and tuples become arrays, dicts `Map`s, None `null`.
 */
import type { Cursor } from './cursor.ts'
import * as text from './pickle-text.ts'
import { type Allowance, refuse } from './refuse.ts'

export interface PickleHost {
  /** What Python's `module.name` stands for. */
  find(module: string, name: string): unknown
  call(callable: unknown, args: readonly unknown[]): unknown
  setState(object: unknown, state: unknown): void
  /** What a persistent id stands for. */
  refer(id: unknown): unknown
}

/** Bytes that a value takes, roughly: a place on the stack or in a container; an array; a Map or Set. */
const costs = { place: 8, list: 64, dict: 256 }

function extentOf(value: unknown): number {
  if (value instanceof Map || value instanceof Set) return value.size
  return typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array ? value.length : 1
}

class Machine {
  readonly #cursor: Cursor
  readonly #host: PickleHost
  readonly #allowance: Allowance
  readonly #stack: unknown[] = []
  /** Heights of the stack at which marks were set. */
  readonly #marks: number[] = []
  readonly #memo = new Map<number, unknown>()

  constructor(cursor: Cursor, host: PickleHost, allowance: Allowance) {
    this.#cursor = cursor
    this.#host = host
    this.#allowance = allowance
  }

  run(): unknown {
    for (;;) {
      const at = this.#cursor.position
      const opcode = this.#cursor.byte()
      if (opcode === 0x2e) return this.#pop()
      const instruction = instructions[opcode]
      if (!instruction) refuse(`the byte ${opcode} at ${at} is no instruction of a pickle that is read`)
      instruction(this, this.#cursor)
    }
  }

  push(value: unknown, cost = costs.place): void {
    this.#allowance.take(cost, () => 'its pickle')
    this.#stack.push(value)
  }

  pushList(items: readonly unknown[]): void {
    this.push(items, costs.list + costs.place * items.length)
  }

  pushSet(items: readonly unknown[]): void {
    this.push(new Set(items), costs.dict + 4 * costs.place * items.length)
  }

  pushDict(items: readonly unknown[]): void {
    this.push(new Map(), costs.dict)
    this.setItems(items)
  }

  pushText(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
    this.push(decode(bytes), costs.list + 2 * bytes.length)
  }

  #pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) refuse('its pickle takes more from the stack than there is')
    return this.#stack.pop()
  }

  /** The last so many values, in order. */
  popSome(count: number): unknown[] {
    return Array.from({ length: count }, () => this.#pop()).reverse()
  }

  mark(): void {
    this.#allowance.take(costs.place, () => 'its pickle')
    this.#marks.push(this.#stack.length)
  }

  /** The values above the last mark, which goes with them. */
  popToMark(): unknown[] {
    const mark = this.#marks.pop()
    return mark === undefined ? refuse('its pickle asks for a mark that is not there') : this.#stack.splice(mark)
  }

  /** Takes the last value or mark away. */
  drop(): void {
    if (this.#marks.at(-1) === this.#stack.length && this.#marks.length > 0) this.#marks.pop()
    else this.#pop()
  }

  top(): unknown {
    const value = this.#pop()
    this.#stack.push(value)
    return value
  }

  append(items: readonly unknown[]): void {
    const list = this.top()
    if (!Array.isArray(list)) refuse('its pickle appends to what is no list')
    for (const item of items) list.push(item)
    this.#allowance.take(costs.place * items.length, () => 'its pickle')
  }

  addToSet(items: readonly unknown[]): void {
    const set = this.top()
    if (!(set instanceof Set)) refuse('its pickle adds to what is no set')
    this.#allowance.take(4 * costs.place * items.length, () => 'its pickle')
    for (const item of items) set.add(item)
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top()
    if (!(dict instanceof Map) || items.length % 2 !== 0) refuse('its pickle sets items of what is no dict')
    this.#allowance.take(4 * costs.place * items.length, () => 'its pickle')
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1])
  }

  remember(index: number): void {
    this.#allowance.take(4 * costs.place, () => 'its pickle')
    this.#memo.set(index, this.top())
  }

  rememberNext(): void {
    this.remember(this.#memo.size)
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) refuse(`its pickle recalls ${index}, which it did not remember`)
    this.push(this.#memo.get(index))
  }

  find(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') refuse('its pickle names an object by what is no text')
    this.push(this.#host.find(module, name))
  }

  call(callable: unknown, args: unknown): void {
    if (!Array.isArray(args)) refuse('its pickle calls something with what are no arguments')
    // Before the call: what it makes of its arguments may be as large as they are, each time.
    this.#allowance.take(4 * costs.place * args.reduce((sum: number, arg) => sum + extentOf(arg), 0), () => 'its pickle')
    this.push(this.#host.call(callable, args), costs.dict)
  }

  setState(): void {
    const state = this.#pop()
    this.#host.setState(this.top(), state)
  }

  refer(id: unknown): void {
    this.push(this.#host.refer(id), costs.list)
  }
}

type Instruction = (machine: Machine, cursor: Cursor) => void

const constant =
  (value: unknown): Instruction =>
  (machine) =>
    machine.push(value)

const ofLine =
  (decode: (bytes: Uint8Array) => unknown): Instruction =>
  (machine, cursor) =>
    machine.pushText(cursor.line(), decode)

type Length = (cursor: Cursor) => number
const byte: Length = (cursor) => cursor.byte()
const int32: Length = (cursor) => cursor.int32()
const uint32: Length = (cursor) => cursor.uint32()
const uint64: Length = (cursor) => cursor.uint64()

const sized =
  (length: Length, decode: (bytes: Uint8Array) => unknown): Instruction =>
  (machine, cursor) =>
    machine.pushText(cursor.bytes(length(cursor)), decode)

const copied = (bytes: Uint8Array) => bytes.slice()

/** Protocol 0 writes truth values as integers with a zero in front. */
const integerOrTruth = (line: Uint8Array) => {
  const written = text.latin1(line.subarray(0, 3))
  return written === '01' ? true : written === '00' ? false : text.integerOfLine(line)
}

/** Instances in the notation of Python 2's old classes: the same as a call, and refused by the same name. */
const instance: Instruction = (machine, cursor) => {
  machine.find(text.utf8(cursor.line()), text.utf8(cursor.line()))
  const [callable] = machine.popSome(1)
  machine.call(callable, machine.popToMark())
}

const instructions: Readonly<Record<number, Instruction>> = Object.fromEntries(
  Object.entries<Instruction>({
    // The stack.
    '(': (machine) => machine.mark(),
    '0': (machine) => machine.drop(),
    '1': (machine) => machine.popToMark(),
    '2': (machine) => machine.push(machine.top()),
    // The memo.
    p: (machine, cursor) => machine.remember(Number(text.integerOfLine(cursor.line()))),
    q: (machine, cursor) => machine.remember(cursor.byte()),
    r: (machine, cursor) => machine.remember(cursor.uint32()),
    '\x94': (machine) => machine.rememberNext(),
    g: (machine, cursor) => machine.recall(Number(text.integerOfLine(cursor.line()))),
    h: (machine, cursor) => machine.recall(cursor.byte()),
    j: (machine, cursor) => machine.recall(cursor.uint32()),
    // Numbers.
    N: constant(null),
    '\x88': constant(true),
    '\x89': constant(false),
    I: ofLine(integerOrTruth),
    L: ofLine(text.integerOfLine),
    F: ofLine(text.floatOfLine),
    J: (machine, cursor) => machine.push(cursor.int32()),
    K: (machine, cursor) => machine.push(cursor.byte()),
    M: (machine, cursor) => machine.push(cursor.uint16()),
    G: (machine, cursor) => machine.push(cursor.float64BigEndian()),
    '\x8a': sized(byte, text.integerOfBytes),
    '\x8b': sized(int32, text.integerOfBytes),
    // Texts; those of Python 2 (S, T, U) are bytes, and PyTorch takes them for UTF-8.
    S: ofLine((line) => text.utf8(text.quotedBytes(line))),
    T: sized(int32, text.utf8),
    U: sized(byte, text.utf8),
    V: ofLine(text.escapedText),
    X: sized(uint32, text.utf8),
    '\x8c': sized(byte, text.utf8),
    '\x8d': sized(uint64, text.utf8),
    // Bytes.
    B: sized(uint32, copied),
    C: sized(byte, copied),
    '\x8e': sized(uint64, copied),
    '\x96': sized(uint64, copied),
    // Containers.
    ']': (machine) => machine.pushList([]),
    l: (machine) => machine.pushList(machine.popToMark()),
    a: (machine) => machine.append(machine.popSome(1)),
    e: (machine) => machine.append(machine.popToMark()),
    ')': (machine) => machine.pushList([]),
    t: (machine) => machine.pushList(machine.popToMark()),
    '\x85': (machine) => machine.pushList(machine.popSome(1)),
    '\x86': (machine) => machine.pushList(machine.popSome(2)),
    '\x87': (machine) => machine.pushList(machine.popSome(3)),
    '}': (machine) => machine.pushDict([]),
    d: (machine) => machine.pushDict(machine.popToMark()),
    s: (machine) => machine.setItems(machine.popSome(2)),
    u: (machine) => machine.setItems(machine.popToMark()),
    '\x8f': (machine) => machine.pushSet([]),
    '\x90': (machine) => machine.addToSet(machine.popToMark()),
    '\x91': (machine) => machine.pushSet(machine.popToMark()),
    // Everything else, through the host.
    c: (machine, cursor) => machine.find(text.utf8(cursor.line()), text.utf8(cursor.line())),
    '\x93': (machine) => {
      const [module, name] = machine.popSome(2)
      machine.find(module, name)
    },
    i: instance,
    o: (machine) => {
      const [callable, ...args] = machine.popToMark()
      machine.call(callable, args)
    },
    R: (machine) => {
      const [callable, args] = machine.popSome(2)
      machine.call(callable, args)
    },
    '\x81': (machine) => {
      const [callable, args] = machine.popSome(2)
      machine.call(callable, args)
    },
    b: (machine) => machine.setState(),
    P: (machine, cursor) => machine.refer(text.utf8(cursor.line())),
    Q: (machine) => machine.refer(machine.popSome(1)[0]),
    // Protocol and frames, which say only how to read ahead.
    '\x80': (_, cursor) => {
      const protocol = cursor.byte()
      if (protocol > 5) refuse(`its pickle has the protocol ${protocol}, read are 0 to 5`)
    },
    '\x95': (_, cursor) => cursor.skip(8),
  }).map(([letter, instruction]) => [letter.charCodeAt(0), instruction]),
)

/** @throws RangeError for pickles that are damaged, and for what the host refuses; the cursor is after the pickle when it was read */
export function readPickle(cursor: Cursor, host: PickleHost, allowance: Allowance): unknown {
  return new Machine(cursor, host, allowance).run()
}
