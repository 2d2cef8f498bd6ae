import ts from 'typescript'
import { outermost } from '../analysis/syntax/syntax'
import { followComponent, type ComponentUse, type TakenMember } from './component-uses'
import type { CleanupContext } from './context'
import { removeWithEmptied } from './dead-branches'
import { removeReexports } from './exported-names'
import { findFerries, legacyModule, type Ferry, type FerryUse } from './ferries'
import { textOf } from './flag-roots'
import { removeElement, removeLines } from './removal'
import { editOf, refusalAt, type FileEdit, type Refusal, type Step } from './step'
import { isExported, removeDeclaration } from './unused-names'

/** A ferry from which nothing but the service is taken any more: what took it takes the service, and the ferry goes. */
export function removeWiring(context: CleanupContext): readonly Step[] {
  return findFerries(context).flatMap((ferry) => {
    if (obstaclesOf(ferry, context).length > 0) return []
    const edits = editsOf(ferry, context)
    const path = ferry.name.getSourceFile().fileName
    return edits === undefined
      ? []
      : [
          {
            kind: 'ferry-wiring',
            what: `createFerry as ${ferry.name.text}`,
            path,
            start: ferry.statement.getStart(),
            edits,
          },
        ]
  })
}

/** Why a ferry has to stay, place by place. */
export function refuseWiring(context: CleanupContext): void {
  for (const ferry of findFerries(context)) {
    const obstacles = obstaclesOf(ferry, context)
    const unclear = refusalAt(
      ferry.declaration,
      'ferry-used',
      `${ferry.name.text}: its parts are named in a way that cannot be changed`,
    )
    context.refusals.push(...(obstacles.length > 0 ? obstacles : [unclear]))
  }
}

/** Whatever else a file still takes from the ferry. */
export function refuseLeftImports(context: CleanupContext): void {
  const told = new Set(findFerries(context).map(({ name }) => name.getSourceFile().fileName))
  for (const file of context.editable()) {
    if (told.has(file.fileName)) continue
    const left = file.statements.find(
      (statement) =>
        ts.isImportDeclaration(statement) &&
        ts.isStringLiteral(statement.moduleSpecifier) &&
        statement.moduleSpecifier.text === legacyModule,
    )
    if (left !== undefined)
      context.refusals.push(refusalAt(left, 'ferry-used', left.getText().replace(/\s+/g, ' ')))
  }
}

/** Stages whose bounds never let everything be on the service. */
const earlyStages: readonly string[] = ['off', 'shadow', 'canary']

function obstaclesOf(ferry: Ferry, context: CleanupContext): readonly Refusal[] {
  const { service, declaration } = ferry
  const early = stagesOf(ferry, context).map((stage) => refusalAt(stage, 'stage-too-early', stage.getText()))
  const unknown =
    service !== undefined && ts.isIdentifier(service)
      ? []
      : [refusalAt(declaration, 'ferry-used', 'the service of this ferry has no name')]
  const used = ferry.uses.flatMap((use) => obstaclesIn(use, context))
  return [...early, ...unknown, ...used]
}

function stagesOf({ options, uses }: Ferry, context: CleanupContext): readonly ts.Node[] {
  const taken = uses.flatMap((use) => (use.kind === 'component' ? [textOf(use.component, context, 0)] : []))
  const found: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'stage' && isEarly(node, taken, context))
      found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(options)
  return found
}

/** Whether the stage is one of a component that this file takes, or of all. */
function isEarly(
  stage: ts.PropertyAssignment,
  taken: readonly (string | undefined)[],
  context: CleanupContext,
): boolean {
  if (!earlyStages.includes(textOf(stage.initializer, context, 0) ?? '')) return false
  const { parent } = stage
  const named = ts.isObjectLiteralExpression(parent)
    ? parent.properties.find((property) => property.name?.getText() === 'name')
    : undefined
  const name =
    named !== undefined && ts.isPropertyAssignment(named) ? textOf(named.initializer, context, 0) : undefined
  return name === undefined || taken.length === 0 || taken.includes(undefined) || taken.includes(name)
}

function obstaclesIn(use: FerryUse, context: CleanupContext): readonly Refusal[] {
  if (use.kind === 'other') return [refusalAt(use.node, 'ferry-used', use.node.parent.getText().slice(0, 60))]
  if (use.kind === 'unit') return [refusalAt(use.call, 'ferry-used', 'a unit of work')]
  if (use.kind !== 'component') return isTouchable(use.kind === 'close' ? use.statement : use.list, context)
  const { members, lost } = followComponent(use.call, context)
  return [
    ...lost.map((node) => refusalAt(node, 'ferry-used', 'the component is handed on here')),
    ...members.flatMap((taken) => obstaclesAt(taken, context)),
  ]
}

function obstaclesAt({ member, at }: TakenMember, context: CleanupContext): readonly Refusal[] {
  const places = at.kind === 'access' ? [at.access.name] : at.uses
  if (member === 'connections' || member === 'pgPool') {
    return at.kind === 'access' ? isTouchable(at.access, context) : isTouchable(at.element, context)
  }
  return places.map((place) => refusalAt(place, 'facade-used', `${member}: ${statementText(place)}`))
}

function isTouchable(node: ts.Node, context: CleanupContext): readonly Refusal[] {
  return context.isEditable(node.getSourceFile())
    ? []
    : [refusalAt(node, 'other-package', 'this takes the ferry')]
}

function statementText(place: ts.Node): string {
  let node = place
  while (!ts.isStatement(node.parent) && !ts.isSourceFile(node.parent) && node.parent.getText().length < 70)
    node = node.parent
  return node.getText().replace(/\s+/g, ' ').slice(0, 70)
}

function editsOf(ferry: Ferry, context: CleanupContext): readonly FileEdit[] | undefined {
  const { service, declaration, statement } = ferry
  if (service === undefined || !ts.isIdentifier(service)) return undefined
  const edits: FileEdit[] = [removeDeclaration(declaration, statement)]
  const reexports = removeReexports(ferry.name, context)
  if (reexports === undefined) return undefined
  edits.push(...reexports)
  for (const use of ferry.uses) {
    if (use.kind === 'close') edits.push(removeWithEmptied(use.statement))
    if (use.kind === 'closed-with-others') edits.push(removeElement(use.element, use.list.elements))
    if (use.kind !== 'component') continue
    const purpose = purposeOf(ferry, use.component, context)
    const replaced = replaceMembers(followComponent(use.call, context), {
      service,
      purpose,
      declaration,
      context,
    })
    if (replaced === undefined) return undefined
    edits.push(...replaced)
  }
  return edits
}

/** The text of the purpose that the ferry's `pgPool` works for; undefined: the service's own default is the same. */
function purposeOf(
  { options }: Ferry,
  component: ts.Expression,
  context: CleanupContext,
): string | undefined {
  const wanted = textOf(component, context, 0)
  let found: string | undefined
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const valueOf = (key: string): ts.Expression | undefined => {
        const property = node.properties.find((one) => one.name?.getText() === key)
        if (property === undefined) return undefined
        if (ts.isShorthandPropertyAssignment(property)) return property.name
        return ts.isPropertyAssignment(property) ? property.initializer : undefined
      }
      const purpose = valueOf('purpose')
      const name = valueOf('name')
      const isSame =
        name === undefined || textOf(name, context, 0) === undefined || textOf(name, context, 0) === wanted
      if (purpose !== undefined && isSame) found = purpose.getText()
    }
    ts.forEachChild(node, visit)
  }
  visit(options)
  return found
}

interface Replacement {
  readonly service: ts.Identifier
  readonly purpose: string | undefined
  readonly declaration: ts.VariableDeclaration
  readonly context: CleanupContext
}

function replaceMembers(
  { members, holders }: ComponentUse,
  replacement: Replacement,
): readonly FileEdit[] | undefined {
  const { service, declaration, context } = replacement
  const edits: FileEdit[] = []
  for (const { member, at } of members) {
    if (at.kind !== 'access') continue
    const isHere = at.access.getSourceFile() === declaration.getSourceFile()
    // Another file would need the service under a name of its own: that is for a person to choose.
    if (!isHere) return undefined
    edits.push(editOf(outermost(at.access), valueOf(member, replacement)))
  }
  for (const holder of holders) {
    const statement = holder.parent.parent
    if (!ts.isVariableStatement(statement) || statement.declarationList.declarations.length > 1)
      return undefined
    const kept = members.flatMap(({ member, at }) =>
      at.kind === 'element' && at.element.parent === holder.name ? [{ member, ...at }] : [],
    )
    const needed = kept.filter(
      ({ uses, member, name }) =>
        uses.length > 0 || (member === 'connections' && isConfigured(name, context)),
    )
    const prefix = isExported(statement) ? 'export ' : ''
    const end = /;$/.test(statement.getText()) ? ';' : ''
    const newLine = statement.getSourceFile().text.includes('\r\n') ? '\r\n' : '\n'
    const lines = needed
      .filter(({ member, name }) => !(member === 'connections' && name.text === service.text))
      .map(({ member, name }) => `${prefix}const ${name.text} = ${valueOf(member, replacement)}${end}`)
    for (const { name } of kept.filter((one) => !needed.includes(one))) {
      const reexports = removeReexports(name, context)
      if (reexports === undefined) return undefined
      edits.push(...reexports)
    }
    edits.push(lines.length === 0 ? removeLines(statement) : editOf(statement, lines.join(newLine)))
  }
  return edits
}

/** What rewritten call sites import stays, used yet or not. */
function isConfigured(name: ts.Identifier, context: CleanupContext): boolean {
  const { target } = context.packageOf(name.getSourceFile()) ?? {}
  return target?.connections?.kind === 'import' && target.connections.name === name.text
}

function valueOf(member: string, { service, purpose }: Replacement): string {
  return member === 'connections' ? service.text : `${service.text}.pgPool(${purpose ?? ''})`
}
