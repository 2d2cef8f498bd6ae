import ts from 'typescript'
import type { CleanupContext } from './context'
import {
  exportedNames,
  isPublic,
  nameBefore,
  realUses,
  removeReexports,
  type ExportedName,
} from './exported-names'
import { isEntryFile } from './entry-files'
import { moduleGraphOf } from './module-graph'
import { isPure, removeElement, removeLines } from './removal'
import type { FileEdit, Step } from './step'
import { hasEffect, isPlainDeclaration, removeDeclaration } from './unused-names'

/** Exports that somebody used and that nobody uses any more: removed, or no longer exported when their own file needs them. */
export function removeUnusedExports(context: CleanupContext): readonly Step[] {
  return context.editable().flatMap((file) =>
    exportedNames(file).flatMap((exported) => {
      const step = context.suspects.has(exported.name.text)
        ? unusedExport(exported, file, context)
        : undefined
      return step === undefined ? [] : [step]
    }),
  )
}

function unusedExport(
  exported: ExportedName,
  file: ts.SourceFile,
  context: CleanupContext,
): Step | undefined {
  const { name } = exported
  const isElsewhere = (mention: ts.Identifier): boolean => mention.getSourceFile().fileName !== file.fileName
  const uses = realUses(exported, context)
  if (uses.some(isElsewhere)) return undefined
  const before = nameBefore(name, context)
  const usesBefore = before === undefined ? [] : realUses(before, context.before())
  if (usesBefore.length === 0 || isPublic(exported, context)) return undefined
  const reexports = removeReexports(name, context)
  if (reexports === undefined) return undefined
  const step = { kind: 'declaration', what: name.text, path: file.fileName, start: name.getStart() } as const
  if (uses.length > 0) {
    // Only when others used it: what never left its file was exported for a reason of its own.
    const unexported = usesBefore.some(isElsewhere) ? removeExportKeyword(exported) : undefined
    return unexported === undefined
      ? undefined
      : { ...step, what: `export of ${name.text}`, edits: [unexported, ...reexports] }
  }
  const removal = removeExported(exported)
  return removal === undefined ? undefined : { ...step, edits: [removal, ...reexports] }
}

export function removeExported({ declaration }: ExportedName): FileEdit | undefined {
  if (isPlainDeclaration(declaration)) return hasEffect(declaration) ? undefined : removeLines(declaration)
  if (ts.isVariableDeclaration(declaration)) {
    const statement = declaration.parent.parent
    const isQuiet = declaration.initializer === undefined || isPure(declaration.initializer)
    return isQuiet && ts.isVariableStatement(statement)
      ? removeDeclaration(declaration, statement)
      : undefined
  }
  if (!ts.isBindingElement(declaration) || !ts.isObjectBindingPattern(declaration.parent)) return undefined
  const { elements } = declaration.parent
  const hasRest = elements.some(({ dotDotDotToken }) => dotDotDotToken !== undefined)
  return hasRest || elements.length === 1 ? undefined : removeElement(declaration, elements)
}

function removeExportKeyword({ declaration }: ExportedName): FileEdit | undefined {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  if (ts.isVariableStatement(statement) && statement.declarationList.declarations.length > 1) return undefined
  if (!ts.canHaveModifiers(statement)) return undefined
  const keyword = ts.getModifiers(statement)?.find((one) => one.kind === ts.SyntaxKind.ExportKeyword)
  if (keyword === undefined) return undefined
  const { text, fileName } = statement.getSourceFile()
  const space = /^\s*/.exec(text.slice(keyword.end))?.[0].length ?? 0
  return { path: fileName, start: keyword.getStart(), end: keyword.end + space, text: '' }
}

/** Files that steps left without content, and files that others imported and that nobody imports any more. */
export function removeUnusedFiles(context: CleanupContext): readonly Step[] {
  const now = moduleGraphOf(context)
  const then = moduleGraphOf(context.before())
  return context.editable().flatMap((file): Step[] => {
    const path = file.fileName
    const step = { kind: 'file', what: 'the file', path, start: 0 } as const
    if (context.texts.isChanged(path) && isEmptied(file, context)) {
      const edits = namingStatements(path, context)
      return edits === undefined ? [] : [{ ...step, edits, deletes: [path] }]
    }
    const isAbandoned = then.importersOf(path).size > 0 && now.importersOf(path).size === 0
    return isAbandoned && !isEntryFile(path, context) ? [{ ...step, edits: [], deletes: [path] }] : []
  })
}

function isEmptied(file: ts.SourceFile, context: CleanupContext): boolean {
  const isContent = (statement: ts.Statement): boolean =>
    !ts.isImportDeclaration(statement) &&
    !ts.isEmptyStatement(statement) &&
    !(
      ts.isExportDeclaration(statement) &&
      statement.moduleSpecifier === undefined &&
      statement.exportClause !== undefined &&
      ts.isNamedExports(statement.exportClause) &&
      statement.exportClause.elements.length === 0
    )
  const before = context.before().program.getSourceFile(file.fileName)
  const isSideEffect = (statement: ts.Statement): boolean =>
    ts.isImportDeclaration(statement) && statement.importClause === undefined
  return (
    !file.statements.some(isContent) &&
    !file.statements.some(isSideEffect) &&
    before?.statements.some(isContent) === true
  )
}

/** Imports and `export *` of a file that has nothing to give any more; undefined when one of them may not be changed. */
function namingStatements(path: string, context: CleanupContext): readonly FileEdit[] | undefined {
  const importers = [...moduleGraphOf(context).importersOf(path)]
  const edits: FileEdit[] = []
  for (const importer of importers) {
    const file = context.program.getSourceFile(importer)
    if (file === undefined || !context.isEditable(file)) return undefined
    const naming = file.statements.filter(
      (statement) =>
        (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
        statement.moduleSpecifier !== undefined &&
        context.checker.getSymbolAtLocation(statement.moduleSpecifier)?.valueDeclaration?.getSourceFile()
          .fileName === path,
    )
    if (naming.length === 0) {
      // A file that is no module any more has no symbol: found by its path alone.
      const named = file.statements.filter(
        (statement) =>
          (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
          statement.moduleSpecifier !== undefined &&
          ts.isStringLiteral(statement.moduleSpecifier) &&
          isPathOf(statement.moduleSpecifier.text, importer, path),
      )
      if (named.length === 0) return undefined
      naming.push(...named)
    }
    edits.push(...naming.map((statement) => removeLines(statement, { keepComment: true })))
  }
  return edits
}

function isPathOf(specifier: string, importer: string, path: string): boolean {
  const folder = importer.slice(0, importer.lastIndexOf('/'))
  const parts = folder.split('/')
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  const stem = parts.join('/').replace(/\.[cm]?[jt]sx?$/, '')
  return [stem, `${stem}/index`].includes(path.replace(/\.[cm]?[jt]sx?$/, ''))
}
