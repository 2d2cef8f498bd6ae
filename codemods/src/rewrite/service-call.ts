import { ts } from 'ts-morph'
import type { ConnectionsReference, RewriteTarget } from '../model/target'

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
