/**
 * Small mistakes put into a source file, each behind a switch: signs and comparisons turned round, functions of tensors confused with their
 * opposites, numbers off by one, truth values inverted. A test suite that means what it says fails for each of them.
 */
import ts from 'typescript'

/** What is confused with what. */
const opposites: Readonly<Record<string, string>> = {
  add: 'sub',
  sub: 'add',
  mul: 'div',
  div: 'mul',
  sin: 'cos',
  cos: 'sin',
  max: 'min',
  min: 'max',
  maximum: 'minimum',
  minimum: 'maximum',
  sum: 'mean',
  mean: 'sum',
  greater: 'less',
  less: 'greater',
  greaterEqual: 'greater',
  lessEqual: 'less',
  exp: 'neg',
  log: 'neg',
  sqrt: 'square',
  square: 'abs',
  abs: 'square',
  tanh: 'sigmoid',
  sigmoid: 'tanh',
  logicalAnd: 'logicalOr',
  logicalOr: 'logicalAnd',
  argmax: 'argmin',
  argmin: 'argmax',
}

const operators: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.PlusToken]: '-',
  [ts.SyntaxKind.MinusToken]: '+',
  [ts.SyntaxKind.AsteriskToken]: '/',
  [ts.SyntaxKind.SlashToken]: '*',
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
}

export interface Mutant {
  /** `src/nn/activations.ts:30:14`, and a letter where several start there. */
  readonly id: string
  readonly change: string
}

/** The file with all its mistakes built in and none of them on, and the list of them. */
export function instrument(path: string, code: string): { readonly code: string; readonly mutants: readonly Mutant[] } {
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true)
  const { factory } = ts
  const mutants: Mutant[] = []
  const switched = (node: ts.Node, kind: string, change: string, ...rest: readonly ts.Expression[]): ts.Expression => {
    const { line, character } = source.getLineAndCharacterOfPosition(node.getStart(source))
    const place = `${path}:${line + 1}:${character + 1}`
    const id = `${place}${'abcdefgh'[mutants.filter((other) => other.id.startsWith(`${place}`) && other.id.length === place.length + 1).length]}`
    mutants.push({ id, change })
    const callee = factory.createPropertyAccessExpression(factory.createIdentifier('__mutation'), kind)
    return factory.createCallExpression(callee, undefined, [factory.createStringLiteral(id), ...rest])
  }
  /** Messages of errors are not computed with. */
  const inMessage = (node: ts.Node): boolean => {
    for (let at = node.parent; at && !ts.isStatement(at); at = at.parent) if (ts.isTemplateSpan(at)) return true
    return false
  }
  const transformer: ts.TransformerFactory<ts.SourceFile> = (context) => {
    const visit = (node: ts.Node): ts.Node => {
      if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isThrowStatement(node) || ts.isInterfaceDeclaration(node)) return node
      const done = ts.visitEachChild(node, visit, context)
      if (inMessage(node)) return done
      if (ts.isBinaryExpression(node) && ts.isBinaryExpression(done)) {
        const other = operators[node.operatorToken.kind]
        if (!other) return done
        const sign = node.operatorToken.getText(source)
        return switched(
          node,
          'operate',
          `${sign} → ${other}`,
          factory.createStringLiteral(sign),
          factory.createStringLiteral(other),
          done.left,
          done.right,
        )
      }
      if (ts.isCallExpression(node) && ts.isCallExpression(done) && ts.isIdentifier(node.expression)) {
        const other = opposites[node.expression.text]
        if (!other) return done
        const chosen = switched(node, 'choose', `${node.expression.text} → ${other}`, done.expression, factory.createStringLiteral(other))
        return factory.updateCallExpression(done, chosen, undefined, done.arguments)
      }
      if (ts.isNumericLiteral(node)) {
        const named = ts.isPropertyAssignment(node.parent) && node.parent.name === node
        return named || ts.isLiteralTypeNode(node.parent) ? done : switched(node, 'number', `${node.text} + 1`, done as ts.NumericLiteral)
      }
      if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
        return ts.isLiteralTypeNode(node.parent) ? done : switched(node, 'invert', `not ${node.getText(source)}`, done as ts.Expression)
      }
      return done
    }
    return (file) => ts.visitNode(file, visit) as ts.SourceFile
  }
  const { transformed } = ts.transform(source, [transformer])
  return { code: ts.createPrinter().printFile(transformed[0]!), mutants }
}
