/** Finds the Chromium that the browser tests run in, which npm does not install, and refuses to start without it. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path in DIVISI_CHROMIUM, or the first of the usual names on the PATH. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = process.env.DIVISI_CHROMIUM
    ? [process.env.DIVISI_CHROMIUM]
    : names.flatMap((name) => folders.map((f) => join(f, name)))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Vitest's global set-up of the project. */
export function setup(): void {
  if (findChromium()) return
  const where = process.env.DIVISI_CHROMIUM
    ? `DIVISI_CHROMIUM: ${process.env.DIVISI_CHROMIUM} is no program`
    : `no ${names.join(', ')} on the PATH`
  throw new Error(`The browser tests need Chromium: ${where}. Install it (apt-get install chromium), or name its path in DIVISI_CHROMIUM`)
}
