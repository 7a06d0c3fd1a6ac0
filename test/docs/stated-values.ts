/**
 * The values that an example states: `expression // value`, where the value is a literal: a number (with its unit: `-6.02 dB`), a
 * quotient (`1 / 3`), a text, a list (`Float32Array [1, 2]`), an object of such. Any other comment is prose. A number counts at the
 * precision it is written with: `0.71` means within 0.005.
 */
import ts from 'typescript'

/** The code with each stated value turned into a call of `check(actual, literal)`, and how many there are. */
export function withChecks(code: string): { code: string; count: number } {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.Latest, true)
  let result = ''
  let end = 0
  let count = 0
  for (const statement of source.statements) {
    const comment = /^[ \t;]*\/\/[ \t]*(.+)/.exec(code.slice(statement.end))?.[1]
    const subject = ts.isExpressionStatement(statement) ? statement.expression.getText() : declaredName(statement)
    if (comment === undefined || subject === undefined || literal(comment) === undefined) continue
    const text = ts.isExpressionStatement(statement) ? '' : code.slice(statement.pos, statement.end)
    result += `${code.slice(end, statement.pos)}${text}\n;check(${subject}, ${JSON.stringify(comment.trim())});`
    end = statement.end
    count++
  }
  return { code: result + code.slice(end), count }
}

function declaredName(statement: ts.Statement): string | undefined {
  if (!ts.isVariableStatement(statement) || statement.declarationList.declarations.length !== 1) return undefined
  let name = statement.declarationList.declarations[0]?.name
  if (name !== undefined && ts.isArrayBindingPattern(name)) {
    const [first] = name.elements
    name = name.elements.length === 1 && first !== undefined && ts.isBindingElement(first) ? first.name : undefined
  }
  return name !== undefined && ts.isIdentifier(name) ? name.text : undefined
}

/** The expression that `text` is, where it is a literal from end to end. */
function literal(text: string): ts.Expression | undefined {
  const bare = text
    .trim()
    .replace(/^(Float(32|64)|Big)?[UInt0-9]*Array(?= ?[[(])/, '')
    .replace(/(?<=\d) (dB|Hz|kHz|s|ms|samples|frames|steps)$/, '')
  const source = ts.createSourceFile('value.ts', `(${bare})`, ts.ScriptTarget.Latest, true)
  const [statement] = source.statements
  if (source.statements.length !== 1 || statement === undefined || !ts.isExpressionStatement(statement)) return undefined
  const { expression } = statement
  return ts.isParenthesizedExpression(expression) && isLiteral(expression.expression) ? expression.expression : undefined
}

function isLiteral(node: ts.Expression): boolean {
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isLiteral)
  if (ts.isObjectLiteralExpression(node))
    return node.properties.every((item) => ts.isPropertyAssignment(item) && isLiteral(item.initializer))
  if (isQuotient(node)) return ts.isNumericLiteral(node.left) && ts.isNumericLiteral(node.right)
  if (ts.isPrefixUnaryExpression(node)) return ts.isNumericLiteral(node.operand)
  const keywords = [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword, ts.SyntaxKind.NullKeyword]
  return (
    ts.isNumericLiteral(node) ||
    ts.isStringLiteral(node) ||
    keywords.includes(node.kind) ||
    ['undefined', 'NaN', 'Infinity'].includes(node.getText())
  )
}

function isQuotient(node: ts.Expression): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.SlashToken
}

/** Whether `actual` is what the literal `text` states. */
export function agrees(actual: unknown, text: string): boolean {
  const expression = literal(text)
  return expression !== undefined && matches(actual, expression)
}

function matches(actual: unknown, node: ts.Expression): boolean {
  if (ts.isArrayLiteralExpression(node)) {
    if (!Array.isArray(actual) && !ArrayBuffer.isView(actual)) return false
    const items = Array.from(actual as ArrayLike<unknown>, (item) => (typeof item === 'bigint' ? Number(item) : item))
    return items.length === node.elements.length && node.elements.every((element, place) => matches(items[place], element))
  }
  if (ts.isObjectLiteralExpression(node)) {
    if (typeof actual !== 'object' || actual === null) return false
    const properties = node.properties.filter(ts.isPropertyAssignment)
    const values = actual as Record<string, unknown>
    return (
      Object.keys(values).length === properties.length &&
      properties.every(({ name, initializer }) => matches(values[name.getText().replaceAll(/^['"]|['"]$/g, '')], initializer))
    )
  }
  if (isQuotient(node))
    return typeof actual === 'number' && Math.fround(actual) === Math.fround(Number(node.left.getText()) / Number(node.right.getText()))
  const text = node.getText()
  if (ts.isStringLiteral(node)) return actual === node.text
  if (text === 'undefined') return actual === undefined
  if (text === 'null' || text === 'true' || text === 'false') return String(actual) === text && typeof actual !== 'string'
  return typeof actual === 'number' && (Object.is(actual, Number(text)) || Math.abs(actual - Number(text)) <= halfUnitOfLastDigit(text))
}

function halfUnitOfLastDigit(text: string): number {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
  const digits = mantissa.split('.')[1]
  if (digits === undefined && !text.toLowerCase().includes('e')) return 0
  return 0.5 * 10 ** (Number(exponent) - (digits?.length ?? 0)) * (1 + 1e-9)
}
