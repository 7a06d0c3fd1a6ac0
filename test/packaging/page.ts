/** A page that uses what a stranger installed: bundled by Vite as an application would be, served with given headers, opened in Chromium. */
import { chromium } from 'playwright'
import { build, preview } from 'vite'
import { findChromium } from '../browser/chromium.ts'
import type { Stranger } from './stranger.ts'

/** Bundles `script` and gives what it leaves in the page's title. */
export async function titleOfPage(stranger: Stranger, script: string, headers: Record<string, string>): Promise<string> {
  stranger.write('page/index.html', '<!doctype html><script type="module" src="/main.js"></script>')
  stranger.write('page/main.js', script)
  const root = `${stranger.folder}/page`
  await build({ root, configFile: false, logLevel: 'error', build: { outDir: 'out', emptyOutDir: true } })
  const server = await preview({ root, configFile: false, logLevel: 'error', build: { outDir: 'out' }, preview: { port: 0, headers } })
  const executablePath = findChromium()
  const browser = await chromium.launch(executablePath === undefined ? {} : { executablePath })
  try {
    const page = await browser.newPage()
    await page.goto(server.resolvedUrls!.local[0]!)
    await page.waitForFunction('document.title !== ""', undefined, { timeout: 120_000 })
    return await page.title()
  } finally {
    await browser.close()
    await server.close()
  }
}
