import ts from 'typescript'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'
import { managementOnly } from './managed-resources'
import { calledName, importedFrom } from './ferries'
import { unwrapExpression } from '../analysis/syntax/syntax'
import { editOf, type FileEdit, type Step } from './step'
import { isExported, removeDeclaration } from './unused-names'

/** `new Pool({ … })` several times with the same settings in one file: one pool serves them all. */
export function mergePools(context: CleanupContext): readonly Step[] {
  return context.editable().flatMap((file): readonly Step[] => {
    const pools = file.statements.filter(ts.isVariableStatement).flatMap((statement) =>
      statement.declarationList.declarations.flatMap((declaration) => {
        const settings = settingsOf(declaration, context)
        return settings === undefined ? [] : [{ declaration, statement, settings }]
      }),
    )
    for (const [index, pool] of pools.entries()) {
      const first = pools.slice(0, index).find(({ settings }) => settings === pool.settings)
      const edits =
        first === undefined ? undefined : merge(first.declaration, pool.declaration, pool.statement, context)
      if (edits === undefined) continue
      return [
        {
          kind: 'duplicate-pool',
          what: pool.declaration.name.getText(),
          path: file.fileName,
          start: pool.declaration.getStart(),
          edits,
        },
      ]
    }
    return []
  })
}

/** The settings of a pool made here, as comparable text; undefined for anything else. */
function settingsOf(
  { name, initializer, parent }: ts.VariableDeclaration,
  context: CleanupContext,
): string | undefined {
  if (!ts.isIdentifier(name) || initializer === undefined || (parent.flags & ts.NodeFlags.Const) === 0)
    return undefined
  const made = unwrapExpression(initializer)
  if (!ts.isNewExpression(made) || calledName(made, context) !== 'Pool') return undefined
  const module = importedFrom(made.expression, context)?.module ?? ''
  if (!['pg', 'pgferry/pg', 'pg-pool'].includes(module)) return undefined
  const [options, ...rest] = made.arguments ?? []
  if (rest.length > 0) return undefined
  if (options === undefined) return `${module} {}`
  const bare = unwrapExpression(options)
  if (!ts.isObjectLiteralExpression(bare)) return ts.isIdentifier(bare) ? `${module} ${bare.text}` : undefined
  const entries = bare.properties.map((property) => property.getText().replace(/\s+/g, ' '))
  // After a spread the order of what follows matters.
  return `${module} ${(bare.properties.some(ts.isSpreadAssignment) ? entries : entries.sort()).join(', ')}`
}

/** The second pool's uses name the first; what looked after the second goes. */
function merge(
  first: ts.VariableDeclaration,
  second: ts.VariableDeclaration,
  statement: ts.VariableStatement,
  context: CleanupContext,
): readonly FileEdit[] | undefined {
  const { name } = second
  if (!ts.isIdentifier(name) || !ts.isIdentifier(first.name) || isExported(statement)) return undefined
  const kept = first.name.text
  const uses = context.references(name)
  if (
    uses.some(
      (use) =>
        isPassedOn(use) ||
        use.getSourceFile() !== name.getSourceFile() ||
        isShadowed(use, kept, first, context),
    )
  )
    return undefined
  const managed = managementOnly(uses, context)
  const renamed = uses
    .filter((use) => !managed.some((edit) => edit.start <= use.getStart() && use.end <= edit.end))
    .map((use) =>
      ts.isShorthandPropertyAssignment(use.parent)
        ? editOf(use.parent, `${use.text}: ${kept}`)
        : editOf(use, kept),
    )
  return [removeDeclaration(second, statement), ...managed, ...renamed]
}

/** Whether the name of the first pool means something else where the second is used. */
function isShadowed(
  use: ts.Identifier,
  kept: string,
  first: ts.VariableDeclaration,
  context: CleanupContext,
): boolean {
  const found = context.checker.resolveName(kept, use, ts.SymbolFlags.Value, false)
  return found?.valueDeclaration !== first
}
