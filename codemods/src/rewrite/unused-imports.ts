import ts from 'typescript'
import type { FileAnalysis } from '../analysis/analyze-package'
import { commentsBetween } from '../analysis/syntax/comments'
import { walk } from '../analysis/syntax/syntax'
import type { TextEdit } from '../model/text-edit'

export interface UnusedImports {
  /** Edits that take single names out of imports that stay. */
  readonly names: readonly TextEdit[]
  /** Imports that lost every name. */
  readonly whole: ReadonlySet<ts.ImportDeclaration>
}

/**
 * Imports whose every use the edits took away. An import that nobody used before is not ours; one that is only imported for its side
 * effects has no names and is never touched, and when all names of a declaration go, the module is still imported elsewhere or was
 * imported for these names alone.
 */
export function unusedImports(analysis: FileAnalysis, edits: readonly TextEdit[]): UnusedImports {
  const { sourceFile, checker } = analysis
  const isRemoved = (node: ts.Node): boolean =>
    edits.some((edit) => edit.start <= node.getStart() && node.end <= edit.end && edit.end > edit.start)
  const mentions = mentionsByName(sourceFile)
  const whole = new Set<ts.ImportDeclaration>()
  const names = sourceFile.statements.filter(ts.isImportDeclaration).flatMap((declaration) => {
    const named = declaration.importClause?.namedBindings
    const specifiers = named !== undefined && ts.isNamedImports(named) ? [...named.elements] : []
    const isGone = (name: ts.Identifier): boolean => {
      const symbol = checker.getSymbolAtLocation(name)
      const uses = (mentions.get(name.text) ?? []).filter(
        (node) =>
          node !== name && !ts.isImportSpecifier(node.parent) && valueSymbol(node, checker) === symbol,
      )
      return uses.length > 0 && uses.every(isRemoved) && !isDocumented(name.text, sourceFile)
    }
    const clause = declaration.importClause
    if (clause === undefined) return []
    const gone = specifiers.filter((specifier) => isGone(specifier.name))
    const namespace = named !== undefined && ts.isNamespaceImport(named) ? named.name : undefined
    const others = [clause.name, namespace].filter((name) => name !== undefined)
    const isAllGone =
      gone.length === specifiers.length && others.every(isGone) && gone.length + others.length > 0
    if (isAllGone) {
      whole.add(declaration)
      return []
    }
    return gone.map((specifier) => withoutSpecifier(specifier, specifiers, gone))
  })
  return { names, whole }
}

/** In JavaScript the types stand in comments: a name there is a use. */
function isDocumented(name: string, sourceFile: ts.SourceFile): boolean {
  if (!/\.[cm]?jsx?$/.test(sourceFile.fileName)) return false
  const word = new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`)
  return commentsBetween(sourceFile, 0, sourceFile.text.length).some(
    (comment) => comment.text.startsWith('/**') && word.test(comment.text),
  )
}

function mentionsByName(sourceFile: ts.SourceFile): ReadonlyMap<string, readonly ts.Identifier[]> {
  const mentions = new Map<string, ts.Identifier[]>()
  walk(sourceFile, (node) => {
    if (ts.isIdentifier(node)) mentions.set(node.text, [...(mentions.get(node.text) ?? []), node])
    return undefined
  })
  return mentions
}

function valueSymbol(node: ts.Identifier, checker: ts.TypeChecker): ts.Symbol | undefined {
  if (ts.isShorthandPropertyAssignment(node.parent))
    return checker.getShorthandAssignmentValueSymbol(node.parent)
  if (ts.isExportSpecifier(node.parent)) return checker.getExportSpecifierLocalTargetSymbol(node.parent)
  return checker.getSymbolAtLocation(node)
}

/** The declaration with its line break; comments above stay. */
export function removeImport(declaration: ts.ImportDeclaration): TextEdit {
  const { text } = declaration.getSourceFile()
  const rest = /^[ \t]*(\r?\n)?/.exec(text.slice(declaration.end))?.[0] ?? ''
  return { start: declaration.getStart(), end: declaration.end + rest.length, text: '' }
}

/** Takes one name with the comma that belongs to it. Neighbours that go too share no comma: each takes the one behind it. */
function withoutSpecifier(
  specifier: ts.ImportSpecifier,
  all: readonly ts.ImportSpecifier[],
  gone: readonly ts.ImportSpecifier[],
): TextEdit {
  const index = all.indexOf(specifier)
  const next = all[index + 1]
  if (next !== undefined) return { start: specifier.getStart(), end: next.getStart(), text: '' }
  const kept = all.slice(0, index).findLast((one) => !gone.includes(one))
  return { start: kept?.end ?? specifier.getStart(), end: specifier.end, text: '' }
}
