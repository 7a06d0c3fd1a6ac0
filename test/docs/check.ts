/**
 * Type-checks examples as modules beside the file that shows them, and prepares those with stated values to be run.
 *
 * A docblock's example may use, without importing it, what its own file exports and what any folder's index.ts exports, and as
 * variables the parameters of the function it documents and their properties: `separate(source, { separator })`. A document's example
 * imports and declares everything, as a reader has to.
 */
import { dirname, resolve } from 'node:path'
import ts from 'typescript'
import type { Example } from './extract.ts'

export interface CheckedExample extends Example {
  /** `file:line message` of each type error. */
  readonly errors: readonly string[]
  /** Names the example uses, by the absolute path of the module that has them. */
  readonly imports: ReadonlyMap<string, readonly string[]>
  /** JavaScript without its imports, for the body of an async function. */
  readonly script: string
}

const root = resolve('.')

const options: ts.CompilerOptions = {
  ...ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} })?.options,
  isolatedModules: false,
  verbatimModuleSyntax: false,
  noUnusedLocals: false,
  noUnusedParameters: false,
  paths: { divisi: [`${root}/src/index.ts`], 'divisi/*': [`${root}/src/*/index.ts`] },
}

export function checkExamples(examples: readonly Example[]): CheckedExample[] {
  const sources = new Map<string, ts.SourceFile>()
  const { moduleOf, parametersOf } = readExports(sources)
  const prepared = examples.map((example, index) => {
    const imports = new Map<string, string[]>()
    let header = 'export {};'
    if (!example.file.endsWith('.md')) {
      const parameters = parametersOf(example)
      for (const name of freeNames(example.code)) {
        const module = moduleOf(name, example.file)
        const type = parameters.get(name)
        if (type !== undefined) header += `declare const ${name}: ${type};`
        else if (module !== undefined) imports.set(module, [...(imports.get(module) ?? []), name])
      }
      if (example.documents !== undefined) header += `import type { ${example.documents} as Documented } from '${resolve(example.file)}';`
      for (const [module, names] of imports) header += `import { ${names.join(', ')} } from '${module}';`
    }
    return { example, imports, path: resolve(dirname(example.file), `__example_${index}.ts`), text: header + example.code }
  })
  const texts = new Map(prepared.map(({ path, text }) => [path, text]))
  const program = ts.createProgram([...texts.keys()], options, hostWith(texts, sources))
  return prepared.map(({ example, path, imports }) => {
    const file = program.getSourceFile(path)
    const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    return {
      ...example,
      imports: new Map([...imports, ...statedImports(example.code)]),
      errors: diagnostics.map((diagnostic) => describe(diagnostic, example)),
      script: ts.transpileModule(withoutImports(example.code), { compilerOptions: { target: ts.ScriptTarget.ES2022 } }).outputText,
    }
  })
}

function describe(diagnostic: ts.Diagnostic, example: Example): string {
  const line = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0
  return `${example.file}:${example.line + line} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`
}

function hostWith(texts: ReadonlyMap<string, string>, sources: Map<string, ts.SourceFile>): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  return {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, languageVersion) => {
      const text = texts.get(path)
      if (text !== undefined) return ts.createSourceFile(path, text, languageVersion, true)
      const source = sources.get(path) ?? host.getSourceFile(path, languageVersion)
      if (source !== undefined) sources.set(path, source)
      return source
    },
  }
}

interface Exports {
  /** The module that an example in the file `from` gets a name from. */
  readonly moduleOf: (name: string, from: string) => string | undefined
  /** Types of the parameters of the documented function, and of their properties, in terms of `typeof Documented`. */
  readonly parametersOf: (example: Example) => Map<string, string>
}

function readExports(sources: Map<string, ts.SourceFile>): Exports {
  const files = ts.sys.readDirectory(resolve('src'), ['.ts'])
  const program = ts.createProgram(files, options, hostWith(new Map(), sources))
  const checker = program.getTypeChecker()
  const exportsOf = (path: string): readonly ts.Symbol[] => {
    const file = program.getSourceFile(path)
    const symbol = file && checker.getSymbolAtLocation(file)
    return symbol === undefined ? [] : checker.getExportsOfModule(symbol)
  }
  const has = (path: string, name: string): boolean => exportsOf(path).some((symbol) => symbol.name === name)
  const indexes = files.filter((path) => /src\/[^/]+\/index\.ts$/.test(path))
  return {
    moduleOf: (name, from) => [resolve(from), ...indexes].find((path) => has(path, name)),
    parametersOf: ({ file, documents }) => {
      const types = new Map<string, string>()
      const symbol = exportsOf(resolve(file)).find(({ name }) => name === documents)
      const [signature] = symbol === undefined ? [] : checker.getTypeOfSymbol(symbol).getCallSignatures()
      for (const [place, parameter] of (signature?.getParameters() ?? []).entries()) {
        const type = `NonNullable<Parameters<typeof Documented>[${place}]>`
        for (const property of checker.getNonNullableType(checker.getTypeOfSymbol(parameter)).getProperties()) {
          if (/^\w+$/.test(property.name)) types.set(property.name, `NonNullable<${type}['${property.name}']>`)
        }
        types.set(parameter.name, type)
      }
      return types
    },
  }
}

/** The names that the code uses and does not declare. */
function freeNames(code: string): Set<string> {
  const used = new Set<string>()
  const own = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node
      const variable = (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)) && parent.name === node
      const declaration = ts.isImportSpecifier(parent) || ts.isFunctionDeclaration(parent) || ts.isClassDeclaration(parent)
      const property = (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node
      if (variable || declaration) own.add(node.text)
      else if (!property) used.add(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('example.ts', code, ts.ScriptTarget.Latest, true))
  return new Set([...used].filter((name) => !own.has(name)))
}

const IMPORT = /^import\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'divisi(?:\/(\w+))?';?$/gm

function statedImports(code: string): Map<string, string[]> {
  return new Map(
    [...code.matchAll(IMPORT)].map(([, names = '', folder]) => [
      folder === undefined ? `${root}/src/index.ts` : `${root}/src/${folder}/index.ts`,
      names.split(',').map((name) => name.replace(/^\s*type\s/, '').trim()),
    ]),
  )
}

function withoutImports(code: string): string {
  return code.replace(IMPORT, '')
}
