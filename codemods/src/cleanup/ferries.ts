import ts from 'typescript'
import { outermost, unwrapExpression, walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'

export const legacyModule = 'pgferry/legacy'

/** One `const ferry = createFerry({ … })` and everything that is done with it. */
export interface Ferry {
  readonly name: ts.Identifier
  readonly declaration: ts.VariableDeclaration
  readonly statement: ts.VariableStatement
  readonly options: ts.ObjectLiteralExpression
  /** Where the service that stays is named; absent when it cannot be told. */
  readonly service: ts.Expression | undefined
  readonly uses: readonly FerryUse[]
}

export type FerryUse =
  /** `ferry.component('x')`: the expression, and what is taken from it. */
  | { readonly kind: 'component'; readonly call: ts.CallExpression; readonly component: ts.Expression }
  | {
      readonly kind: 'unit'
      readonly call: ts.CallExpression
      readonly work: ts.Expression
      readonly rest: readonly ts.Expression[]
    }
  /** `await ferry.close()` as a statement of its own. */
  | { readonly kind: 'close'; readonly statement: ts.Statement }
  | {
      readonly kind: 'closed-with-others'
      readonly element: ts.Expression
      readonly list: ts.ArrayLiteralExpression
    }
  | { readonly kind: 'other'; readonly node: ts.Node }

export function findFerries(context: CleanupContext): readonly Ferry[] {
  return context.editable().flatMap((file) => {
    if (!file.text.includes('createFerry')) return []
    const ferries: Ferry[] = []
    walk(file, (node) => {
      const ferry = ts.isVariableDeclaration(node) ? ferryOf(node, context) : undefined
      if (ferry !== undefined) ferries.push(ferry)
      return undefined
    })
    return ferries
  })
}

function ferryOf(declaration: ts.VariableDeclaration, context: CleanupContext): Ferry | undefined {
  const { name, initializer, parent } = declaration
  if (!ts.isIdentifier(name) || initializer === undefined || !ts.isVariableDeclarationList(parent))
    return undefined
  const bare = unwrapExpression(initializer)
  const statement = parent.parent
  if (!ts.isCallExpression(bare) || !ts.isVariableStatement(statement)) return undefined
  if (
    importedFrom(bare.expression, context)?.module !== legacyModule ||
    calledName(bare, context) !== 'createFerry'
  )
    return undefined
  const [options] = bare.arguments
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return undefined
  return { name, declaration, statement, options, service: serviceOf(options), uses: usesOf(name, context) }
}

/** Module and exported name that an expression was imported by, seen from its own file. */
export function importedFrom(
  expression: ts.Expression,
  context: CleanupContext,
): { readonly module: string; readonly name: string } | undefined {
  const bare = unwrapExpression(expression)
  const name = ts.isPropertyAccessExpression(bare) ? unwrapExpression(bare.expression) : bare
  if (!ts.isIdentifier(name)) return undefined
  const declaration = context.checker.getSymbolAtLocation(name)?.declarations?.[0]
  const imported =
    declaration === undefined ? undefined : ts.findAncestor(declaration, ts.isImportDeclaration)
  if (declaration === undefined || imported === undefined || !ts.isStringLiteral(imported.moduleSpecifier))
    return undefined
  const member = ts.isPropertyAccessExpression(bare) ? bare.name.text : undefined
  const specified = ts.isImportSpecifier(declaration)
    ? (declaration.propertyName ?? declaration.name).text
    : name.text
  return { module: imported.moduleSpecifier.text, name: member ?? specified }
}

export function calledName(
  call: ts.CallExpression | ts.NewExpression,
  context: CleanupContext,
): string | undefined {
  return importedFrom(call.expression, context)?.name
}

function serviceOf(options: ts.ObjectLiteralExpression): ts.Expression | undefined {
  for (const property of options.properties) {
    if (property.name?.getText() !== 'service') continue
    if (ts.isShorthandPropertyAssignment(property)) return property.name
    if (ts.isPropertyAssignment(property)) return property.initializer
  }
  return undefined
}

function usesOf(name: ts.Identifier, context: CleanupContext): readonly FerryUse[] {
  return context
    .references(name)
    .filter((mention) => !isPassedOn(mention))
    .map((mention) => useOf(mention))
}

function useOf(mention: ts.Identifier): FerryUse {
  const access = outermost(mention).parent
  const other: FerryUse = { kind: 'other', node: mention }
  if (!ts.isPropertyAccessExpression(access) || access.expression !== outermost(mention)) return other
  const call = access.parent
  if (!ts.isCallExpression(call) || call.expression !== access) return other
  const [first, second, ...rest] = call.arguments
  switch (access.name.text) {
    case 'component':
      return first === undefined ? other : { kind: 'component', call, component: first }
    case 'unitOfWork':
      return second === undefined
        ? other
        : { kind: 'unit', call, work: second, rest: [...(first === undefined ? [] : [first]), ...rest] }
    case 'close': {
      const ended = endedBy(call)
      return ended ?? other
    }
    default:
      return other
  }
}

/** How a call that ends something stands: as a statement, or with others in `Promise.all([…])`. */
export function endedBy(call: ts.Expression):
  | { readonly kind: 'close'; readonly statement: ts.Statement }
  | {
      readonly kind: 'closed-with-others'
      readonly element: ts.Expression
      readonly list: ts.ArrayLiteralExpression
    }
  | undefined {
  let outer: ts.Expression = outermost(call)
  while (ts.isAwaitExpression(outer.parent) || ts.isVoidExpression(outer.parent))
    outer = outermost(outer.parent)
  const { parent } = outer
  if (ts.isExpressionStatement(parent)) return { kind: 'close', statement: parent }
  const isOfMany =
    ts.isArrayLiteralExpression(parent) &&
    ts.isCallExpression(parent.parent) &&
    /^Promise\.(all|allSettled)$/.test(parent.parent.expression.getText())
  return isOfMany ? { kind: 'closed-with-others', element: outer, list: parent } : undefined
}
