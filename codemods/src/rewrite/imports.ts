import ts from 'typescript'
import type { FileAnalysis } from '../analysis/analyze-package'
import {
  connectionsSpecifier,
  isConnectionsModule,
  isConnectionsSpecifier,
} from '../analysis/connection/connections-reference'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { layoutOf } from './layout'
import { quoted, quoteOf } from './service-call'
import { removeImport, type UnusedImports } from './unused-imports'

/** The edits that make the service's name known in the file: none, a name in an existing import, or a line of its own. */
export function importEdits(
  analysis: FileAnalysis,
  target: RewriteTarget,
  { names, whole }: UnusedImports,
): readonly TextEdit[] {
  const added = addedImport(analysis, target, whole)
  const removed = [...whole].map(removeImport)
  if (added === undefined) return [...names, ...removed]
  // The new import takes the place of one that goes.
  const place = removed.find((edit) => edit.start < added.start && added.start <= edit.end)
  if (place === undefined) return [...names, ...removed, added]
  const { newLine } = layoutOf(analysis.sourceFile)
  return [
    ...names,
    ...removed.filter((edit) => edit !== place),
    { ...place, text: added.text.slice(newLine.length) + newLine },
  ]
}

function addedImport(
  analysis: FileAnalysis,
  target: RewriteTarget,
  whole: UnusedImports['whole'],
): TextEdit | undefined {
  const { connections } = target
  const { sourceFile, packagePath, source } = analysis
  if (connections.kind === 'expression' || isConnectionsModule(connections, packagePath, source.path))
    return undefined
  const imports = sourceFile.statements.filter(ts.isImportDeclaration)
  const specifier = inStyleOf(imports, connectionsSpecifier(connections, packagePath, source.path))
  const same = imports.filter(
    (one) =>
      ts.isStringLiteral(one.moduleSpecifier) &&
      isConnectionsSpecifier(one.moduleSpecifier.text, connections, packagePath, source.path),
  )
  if (same.some((one) => namesOf(one).some((name) => name.name.text === connections.name))) return undefined
  if (hasRequired(sourceFile, connections.name, specifier)) return undefined
  const open = same.find(
    (one) => !whole.has(one) && one.importClause?.phaseModifier === undefined && namesOf(one).length > 0,
  )
  const last = open && namesOf(open).at(-1)
  if (last !== undefined) return { start: last.end, end: last.end, text: `, ${connections.name}` }
  // A constant is there from its line on: behind the first site, code that the module runs at once would come too early.
  const first = Math.min(...analysis.sites.map(({ facts }) => facts.acquire.call.pos))
  return newImport(sourceFile, imports, connections.name, specifier, first)
}

/** A relative specifier without extension gets the one that the file's other relative imports have: ES modules need it. */
function inStyleOf(imports: readonly ts.ImportDeclaration[], specifier: string): string {
  if (!specifier.startsWith('.') || /\.[cm]?[jt]sx?$/.test(specifier)) return specifier
  const extensions = imports.flatMap(({ moduleSpecifier }) =>
    ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text.startsWith('.')
      ? [/\.[cm]?[jt]sx?$/.exec(moduleSpecifier.text)?.[0] ?? '']
      : [],
  )
  const [first = ''] = extensions
  return extensions.every((extension) => extension === first) ? specifier + first : specifier
}

function newImport(
  sourceFile: ts.SourceFile,
  imports: readonly ts.ImportDeclaration[],
  name: string,
  specifier: string,
  before: number,
): TextEdit {
  const { newLine } = layoutOf(sourceFile)
  const from = quoted(specifier, quoteOf(sourceFile))
  const isCommonJs = imports.length === 0 && /\.c?jsx?$/.test(sourceFile.fileName) && !hasExports(sourceFile)
  const requires = isCommonJs
    ? sourceFile.statements.filter(isRequire).filter((one) => one.end <= before)
    : []
  const end = usesSemicolons(sourceFile) ? ';' : ''
  const line = isCommonJs
    ? `const { ${name} } = require(${from})${end}`
    : `import { ${name} } from ${from}${end}`
  const after = imports.at(-1) ?? requires.at(-1)
  if (after !== undefined) {
    // In a file of mixed endings each line keeps the one that it has.
    const ending = /^\r?\n/.exec(sourceFile.text.slice(after.end, after.end + 2))?.[0] ?? newLine
    return { start: after.end, end: after.end, text: `${ending}${line}` }
  }
  const start = firstPlace(sourceFile)
  return { start, end: start, text: `${line}${newLine}${newLine}` }
}

/** Behind a BOM, a `#!` line, the file's own comment and directives such as 'use strict'. */
function firstPlace(sourceFile: ts.SourceFile): number {
  const next = sourceFile.statements.find(
    (one) => !ts.isExpressionStatement(one) || !ts.isStringLiteral(one.expression),
  )
  return next === undefined ? sourceFile.getStart() : (ownCommentOf(next, sourceFile) ?? next.getStart())
}

/** Where the documentation of a statement begins: nothing may come between the two. What speaks of the whole file is not its own. */
function ownCommentOf(statement: ts.Statement, { text }: ts.SourceFile): number | undefined {
  const comment = ts.getLeadingCommentRanges(text, statement.pos)?.at(-1)
  if (comment === undefined) return undefined
  const words = text.slice(comment.pos, comment.end)
  const between = text.slice(comment.end, statement.getStart())
  const isOfFile = /@(file|license|module|jest|ts-|flow|jsx|copyright|preserve)/.test(words)
  return words.startsWith('/**') && !isOfFile && between.split('\n').length <= 2 ? comment.pos : undefined
}

function namesOf(declaration: ts.ImportDeclaration): readonly ts.ImportSpecifier[] {
  const bindings = declaration.importClause?.namedBindings
  return bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : []
}

function isRequire(statement: ts.Statement): statement is ts.VariableStatement {
  if (!ts.isVariableStatement(statement)) return false
  return statement.declarationList.declarations.some(
    ({ initializer }) =>
      initializer !== undefined &&
      ts.isCallExpression(initializer) &&
      initializer.expression.getText() === 'require',
  )
}

function hasRequired(sourceFile: ts.SourceFile, name: string, specifier: string): boolean {
  return sourceFile.statements
    .filter(isRequire)
    .some(
      (one) =>
        one.getText().includes(specifier) &&
        one.declarationList.declarations.some(({ name: bound }) =>
          new RegExp(`\\b${name}\\b`).test(bound.getText()),
        ),
    )
}

function hasExports(sourceFile: ts.SourceFile): boolean {
  return sourceFile.statements.some(
    (one) =>
      ts.isExportDeclaration(one) ||
      ts.isExportAssignment(one) ||
      (ts.canHaveModifiers(one) &&
        ts.getModifiers(one)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword) === true),
  )
}

function usesSemicolons(sourceFile: ts.SourceFile): boolean {
  const { text } = sourceFile
  const closed = sourceFile.statements.filter(
    (one) => ts.isImportDeclaration(one) || ts.isVariableStatement(one) || ts.isExpressionStatement(one),
  )
  if (closed.length === 0) return text.includes(';')
  return closed.filter((one) => text[one.end - 1] === ';').length * 2 >= closed.length
}
