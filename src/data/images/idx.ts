/**
 * IDX, the format of MNIST's files (LeCun, Cortes & Burges, "The MNIST database of handwritten digits"): two zero bytes, the type of the values (8 is
 * bytes), the number of axes, the extent of each as four bytes, most significant first, and the values.
 */

export interface IdxArray {
  readonly shape: readonly number[]
  readonly values: Uint8Array
}

/**
 * @param file its name, for errors
 * @param axes that it has to have: 3 of images, 1 of labels
 * @throws RangeError for other files, other numbers of axes, and files that are shorter or longer than their header says
 *
 * @example
 * parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9), 'labels', 1).values // [7, 9]
 */
export function parseIdx(bytes: Uint8Array, file: string, axes: number): IdxArray {
  const header = 4 + 4 * axes
  const magic = Array.from(bytes.subarray(0, 4))
  if (magic.join() !== `0,0,8,${axes}`)
    throw new RangeError(
      `${file}: begins with ${magic.length > 0 ? magic.join(' ') : 'nothing'}; an IDX file of bytes with ${axes} axes begins with 0 0 8 ${axes}`,
    )
  if (bytes.length < header) throw new RangeError(`${file}: ends within its header, after ${bytes.length} of ${header} bytes: get it anew`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis))
  const count = shape.reduce((product, extent) => product * extent, 1)
  const values = bytes.subarray(header)
  if (values.length !== count)
    throw new RangeError(`${file}: has ${values.length} values, its header promises ${shape.join(' × ')} = ${count}: get it anew`)
  return { shape, values }
}
