/** Pictures side by side, each with a caption: examples that a classifier took for something else, filters that a network has learned. */
import { checkSome, label } from './plot.ts'
import { colourPng, dataUrl } from './png.ts'
import { checkSize, element, type PictureOptions, picture, textWidth, wrapText } from './svg.ts'

export interface GridImage {
  /** (channels, height, width), 0…255. */
  readonly pixels: ArrayLike<number>
  readonly caption?: string
}

export interface ImageGridOptions extends Pick<PictureOptions, 'title' | 'description'> {
  readonly images: readonly GridImage[]
  /** 3 of colours (red, green, blue), 1 of greys. */
  readonly channels: number
  /** Pixels of each image. */
  readonly height: number
  readonly width: number
  /** Side by side; as many as there is room for by default. */
  readonly columns?: number
}

const TITLE = 15
const LINE = 15
const GAP = 12
/** Width of an image in the picture, unless `columns` says otherwise. */
const usual = 84

/** Channels of each pixel together, as PNG has them. */
function interleaved({ pixels }: GridImage, channels: number, size: number): Uint8Array {
  return Uint8Array.from({ length: 3 * size }, (_, i) => {
    const channel = channels === 1 ? 0 : i % 3
    return Math.min(255, Math.max(0, Math.round(pixels[channel * size + Math.floor(i / 3)]!)))
  })
}

/**
 * Images in rows, from the left.
 *
 * @returns SVG
 * @throws RangeError for no images, channels other than 1 and 3, images of another number of values
 *
 * @example
 * const images = [{ pixels: [0, 85, 170, 255], caption: 'four greys' }]
 * const svg = imageGrid({ title: 'Greys', images, channels: 1, height: 2, width: 2 })
 * svg.includes('four greys') // true
 */
export function imageGrid({ title, description, images, channels, height, width, columns }: ImageGridOptions): string {
  const who = 'imageGrid'
  checkSome(who, 'images', images)
  if (channels !== 1 && channels !== 3) throw new RangeError(`${who}: channels ${channels}; allowed are 1 (greys) and 3 (red, green, blue)`)
  for (const [name, value] of Object.entries({ height, width, ...(columns === undefined ? {} : { columns }) }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${who}: ${name} ${value}; allowed are whole numbers from 1`)
  const size = height * width
  const uneven = images.findIndex(({ pixels }) => pixels.length !== channels * size)
  if (uneven >= 0)
    throw new RangeError(
      `${who}: image ${uneven} has ${images[uneven]!.pixels.length} values; needs ${channels} × ${height} × ${width} = ${channels * size}`,
    )
  const whole = 720
  const side = columns ?? Math.min(images.length, Math.floor((whole - GAP) / (usual + GAP)))
  const cell = Math.min((whole - GAP) / side - GAP, 2 * usual)
  const tall = (cell * height) / width
  const captions = images.map(({ caption = '' }) => (caption === '' ? [] : wrapText(caption, cell + GAP / 2)))
  const below = LINE * Math.max(...captions.map((lines) => lines.length)) + (captions.some((lines) => lines.length > 0) ? 6 : 0)
  const head = wrapText(title, whole - 24, TITLE)
  const top = 12 + TITLE + (head.length - 1) * 19 + 14
  const rows = Math.ceil(images.length / side)
  const drawn = images.map((image, i) => {
    const [x, y] = [GAP + (i % side) * (cell + GAP), top + Math.floor(i / side) * (tall + below + GAP)]
    const href = dataUrl('image/png', colourPng(interleaved(image, channels, size), width))
    const pixels = element('image', { class: 'pixels', href, x, y, width: cell, height: tall, preserveAspectRatio: 'none' })
    const words = captions[i]!.map((line, row) =>
      // Words longer than the image are drawn closer together.
      label(x, y + tall + 4 + (row + 0.75) * LINE, line, textWidth(line) > cell + GAP / 2 ? { textLength: cell.toFixed(0) } : {}),
    )
    return pixels + element('rect', { class: 'border', x, y, width: cell, height: tall }) + words.join('')
  })
  const extent = { width: whole, height: Math.max(120, top + rows * (tall + below + GAP)) }
  checkSize(who, extent.width, extent.height)
  const told = images.map(({ caption }, i) => caption ?? `image ${i}`).join(', ')
  const titles = head.map((words, i) => label(12, 12 + TITLE + i * 19, words, { class: 'title' }))
  return picture([...titles, ...drawn].join('\n'), { title, description: description ?? `${images.length} images: ${told}.`, ...extent })
}
