/** The one kind of error that unreadable files end in. */

export function refuse(problem: string): never {
  throw new RangeError(`PyTorch file: ${problem}; the file is damaged or of another format`)
}

/** What is well formed and not read. */
export function refuseUnsupported(problem: string, wayOut: string): never {
  throw new RangeError(`PyTorch file: ${problem}; ${wayOut}`)
}

/** What to do in Python where a file holds more than weights. */
export const saveWeightsAlone =
  'in Python, save the weights alone: torch.save(model.state_dict(), path), or safetensors.torch.save_file(model.state_dict(), path)'

/**
 * Memory that a file may make us take. Small files can ask for much: by compressed zeros, by one number that is expanded to billions, by millions
 * of empty dicts of one byte each. What is taken is counted before it is allocated.
 */
export class Allowance {
  readonly #bytes: number
  #left: number

  constructor(bytes: number) {
    this.#bytes = bytes
    this.#left = bytes
  }

  /** @throws RangeError where more is asked for than is left */
  take(bytes: number, what: () => string): void {
    this.#left -= bytes
    if (!(this.#left >= 0)) {
      refuseUnsupported(
        `${what()} would take more than the ${this.#bytes} bytes of memory that are allowed`,
        'if the file is from a source you trust, give a larger maxBytes',
      )
    }
  }
}
