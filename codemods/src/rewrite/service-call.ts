import ts from 'typescript'
import { outermost } from '../analysis/syntax/syntax'
import type { ConnectionsReference, RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'

/** How the service is written at a call site: `connections`, `this.connections`. */
export function connectionsText(reference: ConnectionsReference): string {
  return reference.kind === 'import' ? reference.name : reference.expression
}

export type Quote = "'" | '"'

/** The quote of the file's imports; without one, the quote that occurs more. */
export function quoteOf(sourceFile: ts.SourceFile): Quote {
  const { text } = sourceFile
  const imported = sourceFile.statements.find(ts.isImportDeclaration)?.moduleSpecifier
  if (imported !== undefined) return text[imported.end - 1] === '"' ? '"' : "'"
  const single = text.split("'").length
  const double = text.split('"').length
  return double > single ? '"' : "'"
}

/** A string literal in the file's own quotes. */
export function quoted(value: string, quote: Quote): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)
  return `${quote}${escaped}${quote}`
}

export function serviceCall(
  method: 'connection' | 'acquireConnection' | 'withConnection',
  target: RewriteTarget,
  sourceFile: ts.SourceFile,
  ...rest: readonly string[]
): string {
  return `${connectionsText(target.connections)}.${method}(${[quoted(target.purpose, quoteOf(sourceFile)), ...rest].join(', ')})`
}

/** The new call in the place of the old; the service is always waited for, also where the old API gave its handle at once. */
export function acquireText(
  method: 'connection' | 'acquireConnection',
  acquire: ts.CallExpression,
  target: RewriteTarget,
): string {
  const call = serviceCall(method, target, acquire.getSourceFile())
  return ts.isAwaitExpression(outermost(acquire).parent) ? call : `await ${call}`
}

/** The service knows better what it gives; a name of the old type would hide that it can be disposed. */
export function withoutType({ name, type }: ts.VariableDeclaration): readonly TextEdit[] {
  return type === undefined ? [] : [{ start: name.end, end: type.end, text: '' }]
}
