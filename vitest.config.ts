import { playwright } from '@vitest/browser-playwright'
import { configDefaults, defineConfig } from 'vitest/config'
import { findChromium } from './test/browser/chromium.ts'

const chromium = findChromium()

export default defineConfig({
  test: {
    // Processes, not threads: the engine starts worker threads of its own and loads native libraries, which a thread cannot let go of.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        // What the page needs for shared memory, and so for threads.
        server: { headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } },
        // Bundling would part onnxruntime-web from the WebAssembly beside it; what is found late makes the page load again under the tests.
        optimizeDeps: { exclude: ['onnxruntime-web'], include: ['fast-check', 'fflate'] },
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'test/browser/chromium.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                ...(chromium === undefined ? {} : { executablePath: chromium }),
                // WebGPU without a graphics card: SwiftShader runs shaders on the processor.
                args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/end-to-end/**', 'test/packaging/**', 'test/container/**', 'test/browser/**'],
          // Limits end what hangs; how fast a machine is they do not judge.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          globalSetup: 'test/end-to-end/build.ts',
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        // Installs from the npm registry, which is why only `npm run test:packaging` and .ci/run ask for it; after the others, because
        // packing builds dist/ anew under them.
        extends: true,
        test: {
          name: 'packaging',
          include: ['test/packaging/**/*.test.ts'],
          sequence: { groupOrder: 2 },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        // Builds images of a whole Debian, as root, with buildah and mmdebstrap: for .ci/run and `npm run test:container`.
        extends: true,
        test: {
          name: 'container',
          include: ['test/container/**/*.test.ts'],
          sequence: { groupOrder: 3 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
