import ts from 'typescript'
import { findMemberUses, findUses, type ConnectionUse, type UseQuery } from './connection-uses'
import type { FunctionLike } from '../syntax/syntax'
import { outermost, walk } from '../syntax/syntax'

/** Where a call gets the connection: an argument, or a property of an object that is one. */
export interface Slot {
  readonly call: ts.CallExpression | ts.NewExpression
  readonly index: number
  readonly property?: string
}

/** What a function does with what it gets in a slot. */
export interface SlotUses {
  readonly uses: readonly ConnectionUse[]
  /** The variable that stands for the connection in the function; absent when it stays a property of a parameter. */
  readonly variable?: ts.Identifier
  /** Calls to which the object around the connection is passed on. */
  readonly passed: readonly Slot[]
}

/** The calls that get the connection by one mention of it. */
export function callSlots(use: ConnectionUse): readonly Slot[] {
  if (use.kind === 'argument') return use.index < 0 ? [] : [{ call: use.call, index: use.index }]
  if (use.kind !== 'borrow' || use.isLent !== true) return []
  const value = outermost(use.node)
  const { parent } = value
  const property =
    ts.isShorthandPropertyAssignment(parent) && parent.name === value
      ? parent.name.text
      : ts.isPropertyAssignment(parent) && parent.initializer === value && ts.isIdentifier(parent.name)
        ? parent.name.text
        : undefined
  if (property === undefined || !ts.isObjectLiteralExpression(parent.parent)) return []
  const literal = outermost(parent.parent)
  const call = literal.parent
  if (!ts.isCallExpression(call) && !ts.isNewExpression(call)) return []
  const index = call.arguments?.indexOf(literal) ?? -1
  return index < 0 ? [] : [{ call, index, property }]
}

/** `unseen`: the function takes it apart in a way that is not followed. */
export function usesOfSlot(callee: FunctionLike, slot: Slot, query: UseQuery): SlotUses | 'unseen' {
  const parameter = callee.parameters[slot.index]
  if (parameter === undefined) {
    const isRest = callee.parameters.at(-1)?.dotDotDotToken !== undefined
    return isRest || mentionsArguments(callee) ? 'unseen' : { uses: [], passed: [] }
  }
  if (parameter.dotDotDotToken !== undefined) return 'unseen'
  const { name } = parameter
  if (slot.property === undefined)
    return ts.isIdentifier(name)
      ? { uses: findUses(name, callee, query), variable: name, passed: [] }
      : 'unseen'
  if (ts.isIdentifier(name)) return usesOfProperty(name, slot.property, callee, query)
  if (!ts.isObjectBindingPattern(name)) return 'unseen'
  if (name.elements.some((element) => element.dotDotDotToken !== undefined)) return 'unseen'
  const element = name.elements.find((one) => (one.propertyName ?? one.name).getText() === slot.property)
  if (element === undefined) return { uses: [], passed: [] }
  return ts.isIdentifier(element.name)
    ? { uses: findUses(element.name, callee, query), variable: element.name, passed: [] }
    : 'unseen'
}

function usesOfProperty(
  owner: ts.Identifier,
  property: string,
  callee: FunctionLike,
  query: UseQuery,
): SlotUses | 'unseen' {
  const symbol = query.checker.getSymbolAtLocation(owner)
  const uses: ConnectionUse[] = []
  const passed: Slot[] = []
  let isUnseen = symbol === undefined
  walk(callee, (node) => {
    if (!ts.isIdentifier(node) || node === owner || node.text !== owner.text) return undefined
    if (query.checker.getSymbolAtLocation(node) !== symbol) return undefined
    const value = outermost(node)
    const { parent } = value
    if (ts.isPropertyAccessExpression(parent) && parent.expression === value) {
      if (parent.name.text === property) uses.push(...findMemberUses(parent, callee, query))
    } else if (ts.isCallExpression(parent) && parent.expression !== value)
      passed.push({ call: parent, index: parent.arguments.indexOf(value), property })
    else if (ts.isVariableDeclaration(parent) && ts.isObjectBindingPattern(parent.name)) {
      const element = parent.name.elements.find(
        (one) => (one.propertyName ?? one.name).getText() === property,
      )
      if (element !== undefined && ts.isIdentifier(element.name))
        uses.push(...findUses(element.name, callee, query))
      else if (element !== undefined) isUnseen = true
    } else isUnseen = true
    return undefined
  })
  return isUnseen ? 'unseen' : { uses, passed }
}

function mentionsArguments(callee: FunctionLike): boolean {
  let isMentioned = false
  walk(callee, (node) => {
    if (ts.isIdentifier(node) && node.text === 'arguments') isMentioned = true
    return undefined
  })
  return isMentioned
}
