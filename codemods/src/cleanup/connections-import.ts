import { dirname, relative, resolve } from 'node:path'
import ts from 'typescript'
import { quoted, quoteOf } from '../rewrite/service-call'
import type { CleanupContext } from './context'
import { stemOf } from './module-graph'
import type { FileEdit } from './step'

/** What a file needs so that the connections of its package are in scope; undefined when it cannot have them. */
export function importConnections(
  file: ts.SourceFile,
  context: CleanupContext,
): readonly FileEdit[] | undefined {
  const entry = context.packageOf(file)
  const connections = entry?.target.connections
  if (entry === undefined || connections === undefined) return undefined
  if (connections.kind === 'expression') return []
  const isRelative = /^\.\.?\//.test(connections.from)
  const module = isRelative ? stemOf(resolve(entry.directory, connections.from)) : connections.from
  if (isRelative && stemOf(file.fileName) === module) return []
  const imports = file.statements.filter(ts.isImportDeclaration)
  const same = imports.filter(
    ({ moduleSpecifier }) =>
      ts.isStringLiteral(moduleSpecifier) && moduleOf(moduleSpecifier.text, file) === module,
  )
  const named = same.flatMap(({ importClause }) => {
    const bindings = importClause?.namedBindings
    const isType = importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return bindings !== undefined && ts.isNamedImports(bindings) && !isType ? [bindings] : []
  })
  if (named.some(({ elements }) => elements.some(({ name }) => name.text === connections.name))) return []
  // Something else of that name is in this file already.
  if (
    context
      .mentions(connections.name)
      .some((mention) => mention.getSourceFile() === file && declares(mention))
  )
    return undefined
  const path = file.fileName
  const last = named.find(({ elements }) => elements.length > 0)?.elements.at(-1)
  if (last !== undefined) return [{ path, start: last.end, end: last.end, text: `, ${connections.name}` }]
  const specifier = isRelative ? specifierFrom(file, module, imports) : module
  const end = file.text.includes(';\n') || file.text.includes(';\r\n') ? ';' : ''
  const line = `import { ${connections.name} } from ${quoted(specifier, quoteOf(file))}${end}`
  const newLine = file.text.includes('\r\n') ? '\r\n' : '\n'
  const after = imports.at(-1)
  if (after !== undefined) return [{ path, start: after.end, end: after.end, text: newLine + line }]
  const start = file.statements[0]?.getFullStart() ?? 0
  return [{ path, start, end: start, text: line + newLine }]
}

function moduleOf(specifier: string, file: ts.SourceFile): string {
  return specifier.startsWith('.') ? stemOf(resolve(dirname(file.fileName), specifier)) : specifier
}

function specifierFrom(
  file: ts.SourceFile,
  module: string,
  imports: readonly ts.ImportDeclaration[],
): string {
  const path = relative(dirname(file.fileName), module)
  const bare = path.startsWith('.') ? path : `./${path}`
  const extensions = imports.flatMap(({ moduleSpecifier }) =>
    ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text.startsWith('.')
      ? [/\.[cm]?[jt]sx?$/.exec(moduleSpecifier.text)?.[0] ?? '']
      : [],
  )
  const [first = ''] = extensions
  return bare + first
}

function declares({ parent }: ts.Identifier): boolean {
  return (
    ts.isVariableDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isImportSpecifier(parent)
  )
}
