/**
 * CIFAR-10's binary format (Krizhevsky 2009, "Learning multiple layers of features from tiny images"): records of one byte of label and
 * 3 × 32 × 32 bytes of pixels, red, green, blue, each row by row; 10 000 records per file; and the names of the ten classes as lines of text.
 */

export const cifarSize = { channels: 3, height: 32, width: 32 } as const
const cifarClasses = 10
const pixelBytes = 3 * 32 * 32
const recordBytes = 1 + pixelBytes

export interface CifarRecords {
  readonly labels: Uint8Array
  /** (records, 3, 32, 32) */
  readonly pixels: Uint8Array
}

/**
 * @param file its name, for errors
 * @param records that it has to have, 10 000 by default
 * @throws RangeError for other sizes and for labels above 9
 */
export function parseCifar10(bytes: Uint8Array, file: string, records = 10_000): CifarRecords {
  const wanted = records * recordBytes
  if (bytes.length !== wanted) {
    const whole = Math.floor(bytes.length / recordBytes)
    const what = bytes.length < wanted ? `is cut off after ${whole} of ${records} records` : `is longer than ${records} records`
    throw new RangeError(
      `${file}: has ${bytes.length} bytes and ${what}; needs ${records} × ${recordBytes} = ${wanted}: unpack it anew from cifar-10-binary.tar.gz`,
    )
  }
  const labels = new Uint8Array(records)
  const pixels = new Uint8Array(records * pixelBytes)
  for (let i = 0; i < records; i++) {
    const label = bytes[i * recordBytes]!
    if (label >= cifarClasses)
      throw new RangeError(
        `${file}: record ${i} has the label ${label}; allowed are 0…9: the file is damaged, or not of CIFAR-10's binary version`,
      )
    labels[i] = label
    pixels.set(bytes.subarray(i * recordBytes + 1, (i + 1) * recordBytes), i * pixelBytes)
  }
  return { labels, pixels }
}

/**
 * Names of the classes, a line each.
 *
 * @throws RangeError for other than ten names that differ
 */
export function parseCifarNames(text: string, file: string): string[] {
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (names.length !== cifarClasses || new Set(names).size !== cifarClasses)
    throw new RangeError(
      `${file}: has ${new Set(names).size} different names in ${names.length} lines; needs ${cifarClasses}, one per class`,
    )
  return names
}
