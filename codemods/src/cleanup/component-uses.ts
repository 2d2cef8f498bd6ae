import ts from 'typescript'
import { outermost } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'

/** One member of a component that is taken: `connections`, `infra` and so on. */
export interface TakenMember {
  readonly member: string
  /** `ferry.component('x').infra` or an element of a pattern. */
  readonly at:
    | { readonly kind: 'access'; readonly access: ts.PropertyAccessExpression }
    | {
        readonly kind: 'element'
        readonly element: ts.BindingElement
        readonly name: ts.Identifier
        readonly uses: readonly ts.Identifier[]
      }
}

/** Everything that is taken from a component; undefined when it goes somewhere that cannot be followed. */
export interface ComponentUse {
  readonly members: readonly TakenMember[]
  /** Declarations that hold the component and go when nothing of it is used. */
  readonly holders: readonly ts.VariableDeclaration[]
  /** Uses that cannot be followed. */
  readonly lost: readonly ts.Node[]
}

export function followComponent(call: ts.CallExpression, context: CleanupContext): ComponentUse {
  return followValue(outermost(call), context, 0)
}

function followValue(expression: ts.Expression, context: CleanupContext, depth: number): ComponentUse {
  const { parent } = expression
  const lost: ComponentUse = { members: [], holders: [], lost: [expression] }
  if (ts.isPropertyAccessExpression(parent) && parent.expression === expression)
    return {
      members: [{ member: parent.name.text, at: { kind: 'access', access: parent } }],
      holders: [],
      lost: [],
    }
  if (!ts.isVariableDeclaration(parent) || parent.initializer !== expression || depth > 3) return lost
  const { name } = parent
  if (ts.isArrayBindingPattern(name)) return lost
  if (ts.isObjectBindingPattern(name)) return followPattern(name, parent, context)
  const followed = context
    .references(name)
    .filter((mention) => !isPassedOn(mention))
    .map((mention) => followValue(outermost(mention), context, depth + 1))
  return {
    members: followed.flatMap((one) => one.members),
    holders: [parent, ...followed.flatMap((one) => one.holders)],
    lost: followed.flatMap((one) => one.lost),
  }
}

function followPattern(
  pattern: ts.ObjectBindingPattern,
  declaration: ts.VariableDeclaration,
  context: CleanupContext,
): ComponentUse {
  const members: TakenMember[] = []
  const lost: ts.Node[] = []
  for (const element of pattern.elements) {
    const { name, propertyName, dotDotDotToken } = element
    if (!ts.isIdentifier(name) || dotDotDotToken !== undefined || element.initializer !== undefined)
      lost.push(element)
    else {
      const uses = context.references(name).filter((mention) => !isPassedOn(mention))
      members.push({ member: (propertyName ?? name).getText(), at: { kind: 'element', element, name, uses } })
    }
  }
  return { members, holders: [declaration], lost }
}
