import ts from 'typescript'
import { unwrapExpression } from '../syntax/syntax'

/** The text of a statement, or of its beginning. */
export function textOf(expression: ts.Expression): string | undefined {
  const bare = unwrapExpression(expression)
  if (ts.isStringLiteralLike(bare)) return bare.text
  if (ts.isTemplateExpression(bare)) return bare.head.text
  if (ts.isBinaryExpression(bare)) return textOf(bare.left)
  if (!ts.isObjectLiteralExpression(bare)) return undefined
  const text = bare.properties.find((property) => property.name?.getText() === 'text')
  return text !== undefined && ts.isPropertyAssignment(text) ? textOf(text.initializer) : undefined
}

/** Whether a mention is that of a client that is told to LISTEN. */
export function isListening(mention: ts.Identifier): boolean {
  const access = mention.parent
  const call = access.parent as ts.Node | undefined
  if (!ts.isPropertyAccessExpression(access) || call === undefined || !ts.isCallExpression(call)) return false
  const [first] = call.arguments
  return access.name.text === 'query' && call.expression === access && first !== undefined && isListen(first)
}

export function isListen(expression: ts.Expression): boolean {
  return /^\s*LISTEN\s/i.test(textOf(expression) ?? '')
}
