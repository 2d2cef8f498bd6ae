import ts from 'typescript'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'
import { isPublicEntry } from './entry-files'
import { moduleGraphOf } from './module-graph'
import { removeElements, removeLines } from './removal'
import type { FileEdit } from './step'
import { isExported, isPlainDeclaration } from './unused-names'

/** A name that a file declares at its top and exports. */
export interface ExportedName {
  readonly name: ts.Identifier
  /** What would be removed. */
  readonly declaration: ts.Node
}

/** Everything that a file exports where it declares it, variables and parts of patterns one by one. */
export function exportedNames(file: ts.SourceFile): readonly ExportedName[] {
  return file.statements.flatMap((statement): ExportedName[] => {
    if (!isExported(statement)) return []
    if (isPlainDeclaration(statement)) {
      return statement.name === undefined || isDefault(statement)
        ? []
        : [{ name: statement.name, declaration: statement }]
    }
    if (!ts.isVariableStatement(statement)) return []
    return statement.declarationList.declarations.flatMap((declaration) =>
      namesOf(declaration.name).map(({ name, element }) => ({ name, declaration: element ?? declaration })),
    )
  })
}

function isDefault(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some((one) => one.kind === ts.SyntaxKind.DefaultKeyword) === true
  )
}

function namesOf(name: ts.BindingName): { name: ts.Identifier; element?: ts.BindingElement }[] {
  if (ts.isIdentifier(name)) return [{ name }]
  return name.elements.flatMap((element) =>
    ts.isBindingElement(element) && ts.isIdentifier(element.name) ? [{ name: element.name, element }] : [],
  )
}

/** Uses of a name in any file, without those inside its own declaration and without imports and re-exports. */
export function realUses(
  { name, declaration }: ExportedName,
  context: CleanupContext,
): readonly ts.Identifier[] {
  return context
    .references(name)
    .filter(
      (mention) =>
        !isPassedOn(mention) &&
        !(
          isPlainDeclaration(declaration) &&
          mention.getSourceFile() === name.getSourceFile() &&
          declaration.pos <= mention.pos &&
          mention.end <= declaration.end
        ),
    )
}

/** Edits that take a name out of every re-export; undefined when one of them may not be changed, or an import still names it. */
export function removeReexports(
  name: ts.Identifier,
  context: CleanupContext,
): readonly FileEdit[] | undefined {
  const passing = context.references(name).filter(isPassedOn)
  const specifiers = passing.flatMap(({ parent }) => (ts.isExportSpecifier(parent) ? [parent] : []))
  if (
    specifiers.length < passing.length ||
    specifiers.some((one) => !context.isEditable(one.getSourceFile()))
  )
    return undefined
  return removeSpecifiers(specifiers)
}

export function removeSpecifiers(specifiers: readonly ts.ExportSpecifier[]): readonly FileEdit[] {
  const lists = new Set(specifiers.map((one) => one.parent))
  return [...lists].flatMap((list) => {
    const gone = list.elements.filter((element) => specifiers.includes(element))
    if (gone.length === list.elements.length) return [removeLines(list.parent, { keepComment: true })]
    return removeElements(gone, list.elements)
  })
}

/** Whether a published package offers the name to strangers. */
export function isPublic({ name }: ExportedName, context: CleanupContext): boolean {
  const passing = context.references(name).filter(({ parent }) => ts.isExportSpecifier(parent))
  const files = [name.getSourceFile().fileName, ...passing.map((one) => one.getSourceFile().fileName)]
  const seen = new Set(files)
  // `export * from` passes names on without naming them.
  for (const path of seen) {
    for (const importer of moduleGraphOf(context).importersOf(path)) {
      const text = context.texts.text(importer) ?? ''
      if (/export\s+\*/.test(text)) seen.add(importer)
    }
  }
  return [...seen].some((path) => isPublicEntry(path, context))
}

/** The same name in the workspace as it was before the first step. */
export function nameBefore(name: ts.Identifier, context: CleanupContext): ExportedName | undefined {
  const file = context.before().program.getSourceFile(name.getSourceFile().fileName)
  return file === undefined ? undefined : exportedNames(file).find((one) => one.name.text === name.text)
}
