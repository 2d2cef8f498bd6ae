import ts from 'typescript'
import { outermost, unwrapExpression, walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'
import { removeWithEmptied } from './dead-branches'
import { isPrivate } from './flag-values'
import { calledName, endedBy, importedFrom, legacyModule } from './ferries'
import { removeReexports } from './exported-names'
import { isPure, removeElement, removeLines } from './removal'
import type { CleanupKind } from '../model/cleanup'
import { type FileEdit, type Step } from './step'
import { removeDeclaration } from './unused-names'
import { usesOf } from './unused-members'

/** Methods that only look after a resource. */
const managing: readonly string[] = [
  ...['on', 'once', 'off', 'addListener', 'removeListener', 'removeAllListeners', 'setMaxListeners'],
  ...['close', 'end', 'destroy', 'closeall', 'stop', 'start', 'health', 'useComponents', 'onChange', 'set'],
]

/** Modules whose objects the crossing needed, and which of their exports make one. */
const makers: Readonly<Record<string, RegExp>> = {
  [legacyModule]: /./,
  'unleash-client': /^(initialize|startUnleash|Unleash)$/,
  pg: /^Pool$/,
  'pg-pool': /./,
  'pgferry/pg': /^Pool$/,
}

/** Old pools and flag clients that somebody made and closed, and that nobody uses in between any more. */
export function removeManaged(context: CleanupContext): readonly Step[] {
  return context.editable().flatMap((file) => {
    const steps: Step[] = []
    walk(file, (node) => {
      const step = ts.isVariableDeclaration(node)
        ? managedVariable(node, context)
        : ts.isPropertyDeclaration(node)
          ? managedField(node, context)
          : undefined
      if (step !== undefined) steps.push(step)
      return undefined
    })
    return steps
  })
}

function managedVariable(declaration: ts.VariableDeclaration, context: CleanupContext): Step | undefined {
  const { name, initializer, parent } = declaration
  if (!ts.isIdentifier(name) || initializer === undefined || !ts.isVariableDeclarationList(parent))
    return undefined
  const kind = resourceKind(initializer, context)
  const statement = parent.parent
  // One that nobody used before either is none of ours, unless the ferry's own.
  if (kind === undefined || !ts.isVariableStatement(statement) || !context.suspects.has(name.text))
    return undefined
  const uses = context.references(name)
  const edits = managementEdits(
    uses.filter((use) => !isPassedOn(use)),
    context,
  )
  const reexports = removeReexports(name, context)
  if (edits === undefined || reexports === undefined) return undefined
  return {
    kind,
    what: name.text,
    path: declaration.getSourceFile().fileName,
    start: declaration.getStart(),
    edits: [removeDeclaration(declaration, statement), ...edits, ...reexports],
  }
}

/** `private readonly pool = new Pool(…)`, or assigned once in the constructor. */
function managedField(field: ts.PropertyDeclaration, context: CleanupContext): Step | undefined {
  const { name } = field
  if (!isPrivate(field) || !(ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) return undefined
  if (!context.suspects.has(name.text.replace(/^#/, ''))) return undefined
  const uses = usesOf(name.text, field, field.parent).map(({ parent }) => parent)
  const made = uses.filter((use) => assignmentOf(use) !== undefined)
  const values = [field.initializer, ...made.map((use) => assignmentOf(use)?.right)].filter(
    (one) => one !== undefined,
  )
  const [value] = values
  const kind = value === undefined || values.length > 1 ? undefined : resourceKind(value, context)
  if (kind === undefined) return undefined
  const edits = managementEdits(
    uses.filter((use) => !made.includes(use)),
    context,
  )
  if (edits === undefined) return undefined
  const assigned = made.flatMap((use) => {
    const statement = assignmentOf(use)?.parent
    return statement !== undefined && ts.isExpressionStatement(statement) ? [removeLines(statement)] : []
  })
  return {
    kind,
    what: name.text,
    path: field.getSourceFile().fileName,
    start: field.getStart(),
    edits: [removeLines(field), ...assigned, ...edits],
  }
}

function assignmentOf(use: ts.Node): ts.BinaryExpression | undefined {
  const { parent } = use
  const isAssignment =
    ts.isBinaryExpression(parent) &&
    parent.left === use &&
    parent.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    ts.isExpressionStatement(parent.parent)
  return isAssignment ? parent : undefined
}

function resourceKind(initializer: ts.Expression, context: CleanupContext): CleanupKind | undefined {
  const bare = unwrapExpression(initializer)
  const made = ts.isAwaitExpression(bare) ? unwrapExpression(bare.expression) : bare
  if (!ts.isCallExpression(made) && !ts.isNewExpression(made)) return undefined
  const module = importedFrom(made.expression, context)?.module
  const name = calledName(made, context)
  if (module === undefined || name === undefined || makers[module]?.test(name) !== true) return undefined
  return module === legacyModule ? 'ferry-wiring' : module === 'unleash-client' ? 'flag' : 'pool'
}

/** Edits that take the management of a resource away; undefined when a use is more than that. */
function managementEdits(uses: readonly ts.Node[], context: CleanupContext): readonly FileEdit[] | undefined {
  const edits: FileEdit[] = []
  const statements = new Set<ts.Statement>()
  const inConditions: ts.Node[] = []
  for (const use of uses) {
    if (!context.isEditable(use.getSourceFile())) return undefined
    const access = use.parent
    const call = ts.isPropertyAccessExpression(access) ? access.parent : undefined
    const isManaged =
      ts.isPropertyAccessExpression(access) &&
      call !== undefined &&
      ts.isCallExpression(call) &&
      call.expression === access &&
      managing.includes(access.name.text)
    if (!isManaged) {
      inConditions.push(use)
      continue
    }
    const ended = endedBy(callChain(call))
    if (ended === undefined) return undefined
    if (ended.kind === 'close') statements.add(ended.statement)
    else edits.push(removeElement(ended.element, ended.list.elements))
  }
  edits.push(...[...statements].map((statement) => removeWithEmptied(statement)))
  // A condition such as `if (!pool.ended)` goes with the only thing that it guards.
  const isGone = (node: ts.Node): boolean =>
    edits.some(
      (edit) =>
        edit.path === node.getSourceFile().fileName && edit.start <= node.getStart() && node.end <= edit.end,
    )
  return inConditions.every(isGone) ? edits : undefined
}

/** Edits for those uses that only look after a resource; the others are left. */
export function managementOnly(uses: readonly ts.Node[], context: CleanupContext): readonly FileEdit[] {
  return uses.flatMap((use) => managementEdits([use], context) ?? [])
}

/** `pool.end().catch(report)` and the like, up to the whole. */
function callChain(call: ts.CallExpression): ts.Expression {
  const outer = outermost(call)
  const access = outer.parent
  const next =
    ts.isPropertyAccessExpression(access) && /^(then|catch|finally)$/.test(access.name.text)
      ? access.parent
      : undefined
  return next !== undefined && ts.isCallExpression(next) && next.arguments.every(isPure)
    ? callChain(next)
    : outer
}
