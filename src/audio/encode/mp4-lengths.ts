/**
 * Exact lengths for an MP4 file of one track of sound. Its index counts the movie in units of its own; with those of the samples the edit list can say
 * to the sample where the song begins and ends (ISO/IEC 14496-12, sections 8.2.2, 8.3.2 and 8.6.6).
 */

const CONTAINERS = new Set(['moov', 'trak', 'edts'])
/** Bytes of version, flags and both times before what is counted, by version of the box. */
const AFTER_TIMES = [12, 20]

/** Sets the units of a "moov" box to samples and its lengths to `frames`, in place. */
export function setMovieLength(moov: Uint8Array, sampleRate: number, frames: number): void {
  const view = new DataView(moov.buffer, moov.byteOffset, moov.byteLength)
  const setLength = (at: number, version: number): void =>
    version === 1 ? view.setBigUint64(at, BigInt(frames)) : view.setUint32(at, Math.min(frames, 0xffffffff))
  const walk = (from: number, to: number): void => {
    for (let at = from; at + 8 <= to; ) {
      const size = view.getUint32(at)
      const type = String.fromCharCode(...moov.subarray(at + 4, at + 8))
      const body = at + 8
      const version = moov[body]!
      if (CONTAINERS.has(type)) walk(body, at + size)
      else if (type === 'mvhd') {
        view.setUint32(body + AFTER_TIMES[version]!, sampleRate)
        setLength(body + AFTER_TIMES[version]! + 4, version)
      } else if (type === 'tkhd') setLength(body + AFTER_TIMES[version]! + 8, version)
      else if (type === 'elst') setLength(body + 8, version)
      at += Math.max(8, size)
    }
  }
  walk(0, moov.length)
}
