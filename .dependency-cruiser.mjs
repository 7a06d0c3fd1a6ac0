/**
 * The architecture as rules: docs/architecture.md, "Layers".
 *
 * A folder of src/ may import from the folders before it in this list, and from itself.
 */
const layers = [
  'tensor',
  'formats',
  'runtime',
  'nn',
  'dsp',
  'losses',
  'models',
  'registry',
  'audio',
  'report',
  'separation',
  'evaluation',
  'data',
  'tasks',
  'distributed',
  'training',
  'lessons',
  'cli',
  'server',
]

/** Folders that use the others as a stranger would: through their index. */
const applications = '^(src/(lessons|cli|server)|apps)/'

/** Files that may know the platform; everything else runs in a browser. */
const platform = ['[.]node[.]ts$', '^src/(cli|server|distributed)/']

export default {
  forbidden: [
    ...layers.map((layer, place) => ({
      name: `layer-${layer}`,
      comment: `src/${layer} knows only what stands before it in the list of layers.`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: '^(src|apps|test|bench|scripts)/', pathNot: `^src/(${layers.slice(0, place + 1).join('|')})/` },
    })),
    {
      name: 'known-folder',
      comment: 'A new folder of src/ gets its place in the list of layers.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: `^src/(index[.]ts$|(${layers.join('|')})/)` },
    },
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one idea: join them, or move what both need up.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'node-builtins-only-in-node-files',
      comment: 'node:* only in *.node.ts, cli, server and distributed: the rest runs in a browser.',
      severity: 'error',
      from: { path: '^src/', pathNot: platform },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'native-runtime-only-in-node-files',
      comment: 'onnxruntime-node only in *.node.ts, cli, server and distributed: the rest runs in a browser.',
      severity: 'error',
      from: { path: '^src/', pathNot: platform },
      to: { path: 'node_modules/onnxruntime-node/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'web-runtime-only-in-web-workers',
      comment: 'onnxruntime-web holds megabytes and the globals of a browser: Web Workers load it, nothing else does.',
      severity: 'error',
      from: { path: '^src/', pathNot: '[.]worker[.]ts$' },
      to: { path: 'node_modules/onnxruntime-web/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'portable-files-stay-portable',
      comment: 'A portable file gets what needs Node handed in, or imports it at run time; only an index.ts re-exports it.',
      severity: 'error',
      from: { path: '^src/', pathNot: [...platform, '(^|/)index[.]ts$'] },
      to: { path: '[.]node[.]ts$', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'applications-use-public-entry-points',
      comment: 'lessons, cli, server and apps import a folder by its index.ts.',
      severity: 'error',
      from: { path: applications },
      to: { path: '^src/', pathNot: ['^src/[^/]+/index[.]ts$', '^src/(lessons|cli|server)/'] },
    },
    {
      name: 'decoders-on-demand',
      comment: 'Decoders hold WebAssembly and LGPL code: they are loaded when a file needs them, THIRD_PARTY_NOTICES.md.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: 'node_modules/(mpg123-decoder|@wasm-audio-decoders|opus-decoder|codec-parser)/',
        dependencyTypesNot: ['type-only', 'dynamic-import'],
      },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing imports and that imports nothing is forgotten, or is an entry point that is not declared here.',
      severity: 'error',
      from: { path: '^src/', orphan: true, pathNot: ['^src/index[.]ts$', '^src/[^/]+/index[.]ts$', '[.]worker([.]node)?[.]ts$'] },
      to: {},
    },
    {
      name: 'no-tests-in-sources',
      comment: 'What is shipped does not lean on what is not.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts|examples)/' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependencies',
      comment: 'What src/ imports is in "dependencies" of package.json.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|runs|cache|stems|demo)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
}
