import ts from 'typescript'
import type { Dialect } from '../../model/dialect'
import type { ReasonCode } from '../../model/site'
import { functionOf, nameOfHelper } from './function-named'
import { releaseTakenOut, type Followed, type Leave } from './leave'
import { goesOnWith, isListedMethod, keepsFunction, listensTo, rootOf } from './given-function'
import { containerMethods, escapeByAssignment } from '../syntax/escapes'
import {
  containsNode,
  isAssignmentOperator,
  isFunctionWithBody,
  methodOf,
  outermost,
  unwrapExpression,
  walk,
  type FunctionLike,
} from '../syntax/syntax'
import { throughChoices } from '../syntax/value-flow'

/**
 * Where a connection that comes by callback, or the function that gives it back, leaves that callback for another owner: given to a
 * function, returned, put into a field, a collection or a variable from outside, kept by a function that outlives it. Callbacks of its
 * queries and functions of its own are parts of it. Says nothing about whether it is given back: see {@link CallbackDuties}.
 */
export function leaveOf(
  callback: FunctionLike,
  dialect: Dialect,
  checker: ts.TypeChecker,
): Leave | undefined {
  return new CallbackLeaves(callback, dialect, checker).first()
}

class CallbackLeaves {
  private readonly followed = new Map<ts.Symbol, Followed>()
  private readonly leaves: Leave[] = []

  constructor(
    private readonly callback: FunctionLike,
    private readonly dialect: Dialect,
    private readonly checker: ts.TypeChecker,
  ) {}

  first(): Leave | undefined {
    this.callback.parameters.forEach(({ name, dotDotDotToken }, index) => {
      if (dotDotDotToken !== undefined) this.add(name, 'holder')
      else if (index === 1) this.add(name, 'connection')
      else if (index === 2) this.add(name, 'release')
    })
    // A name that is found late may be mentioned early: again until there is no new one.
    for (let known = -1; known < this.followed.size;) {
      known = this.followed.size
      this.leaves.length = 0
      walk(this.callback, (node) => {
        if (ts.isIdentifier(node)) this.mention(node)
        return undefined
      })
    }
    // Who only borrows it, for all that can be seen, is told last.
    return this.leaves.find(({ isLent }) => !isLent) ?? this.leaves[0]
  }

  private add(name: ts.Node, what: Followed): void {
    const symbol = this.checker.getSymbolAtLocation(name)
    if (symbol !== undefined && !this.followed.has(symbol)) this.followed.set(symbol, what)
  }

  private mention(node: ts.Identifier): void {
    const what = this.isOwnArguments(node) ? 'holder' : this.whatIs(node)
    if (what === undefined || isDeclared(node)) return
    this.follow(node, what)
    for (let current: ts.Node = node.parent; current !== this.callback; current = current.parent)
      if (isFunctionWithBody(current)) this.inside(current)
  }

  /** A function inside that mentions it: followed by its name, or to where it is written. */
  private inside(inner: FunctionLike): void {
    if (ts.isFunctionDeclaration(inner)) {
      if (inner.name !== undefined) this.add(inner.name, 'function')
    } else if (ts.isArrowFunction(inner) || ts.isFunctionExpression(inner)) this.follow(inner, 'function')
    else if (ts.isObjectLiteralExpression(inner.parent)) this.follow(inner.parent, 'holder')
  }

  private follow(expression: ts.Expression, what: Followed): void {
    const value = throughChoices(outermost(expression))
    const { parent } = value
    if (ts.isPropertyAccessExpression(parent) && parent.expression === value) this.member(parent, what)
    else if (ts.isElementAccessExpression(parent) && parent.expression === value) {
      if (what === 'holder') this.follow(parent, 'connection')
    } else if (ts.isPropertyAssignment(parent) || ts.isShorthandPropertyAssignment(parent))
      this.follow(parent.parent, 'holder')
    else if (ts.isSpreadAssignment(parent)) this.follow(parent.parent, 'holder')
    else if (ts.isArrayLiteralExpression(parent)) this.follow(parent, what === 'function' ? what : 'holder')
    else if (ts.isSpreadElement(parent)) this.follow(parent, what)
    else if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression !== value)
      this.argument(value, parent, what)
    else if (ts.isVariableDeclaration(parent)) this.declared(parent.name, what)
    else if (ts.isBinaryExpression(parent) && parent.right === value) this.assigned(parent, what)
    else if (ts.isPropertyDeclaration(parent))
      this.leave('escapes-to-field', value, what, 'kept by an object here')
    else if (isResult(value)) this.returned(value, what)
  }

  private member(access: ts.PropertyAccessExpression, what: Followed): void {
    const value = outermost(access)
    const call =
      ts.isCallExpression(value.parent) && value.parent.expression === value ? value.parent : undefined
    const { text } = access.name
    if (what === 'connection') {
      if (call === undefined && isListedMethod(this.dialect, 'connection', text))
        this.follow(access, 'release')
    } else if (what !== 'holder' && text === 'bind' && call !== undefined) this.follow(call, what)
  }

  private argument(value: ts.Expression, call: ts.CallExpression | ts.NewExpression, what: Followed): void {
    const named = ts.isCallExpression(call) ? methodOf(call) : undefined
    if (named !== undefined && isListedMethod(this.dialect, 'receiver', named.method)) return
    const root = rootOf(call.expression)
    const known = ts.isIdentifier(root) ? this.whatIs(root) : undefined
    // Its own method, or what its query gave: client.query(text, done), client.query(text).on('end', done)
    if (known !== undefined && known !== 'function') return
    const isFunction = what === 'function' || what === 'release'
    if (isFunction && goesOnWith(call)) return
    if (listensTo(call) && this.isOwn(root)) return
    if (this.intoOwnFunction(value, call, what)) return
    if (named?.method === 'bind') {
      this.follow(call, 'holder')
      return
    }
    if (named !== undefined && containerMethods.has(named.method)) {
      if (this.isOwn(root)) this.add(root, 'holder')
      else
        this.leave(
          what === 'function' ? 'escapes-to-closure' : 'escapes-to-container',
          value,
          what,
          'kept by a collection here',
        )
      return
    }
    if (what !== 'function')
      this.leave(
        'escapes-to-callee',
        value,
        what,
        'given here to a function that may keep it or give it back',
      )
    else if (keepsFunction(call, root, this.callback, this.checker))
      this.leave('escapes-to-closure', value, what, 'handed on here by a function that runs when others want')
  }

  /** `finish(client)`, with a function that is written inside the callback: followed to its parameter. */
  private intoOwnFunction(
    value: ts.Expression,
    call: ts.CallExpression | ts.NewExpression,
    what: Followed,
  ): boolean {
    const declaration = this.symbolOf(call.expression)?.valueDeclaration
    const called =
      declaration && containsNode(this.callback, declaration) ? functionOf(declaration) : undefined
    if (called === undefined) return false
    const parameter = called.parameters[call.arguments?.indexOf(value) ?? -1]
    if (parameter !== undefined && ts.isIdentifier(parameter.name)) this.add(parameter.name, what)
    return true
  }

  private declared(name: ts.BindingName, what: Followed): void {
    if (ts.isIdentifier(name)) this.add(name, what)
    else if (what === 'connection')
      for (const taken of releaseTakenOut(name, this.dialect)) this.add(taken, 'release')
  }

  private assigned({ left, right, operatorToken }: ts.BinaryExpression, what: Followed): void {
    if (!isAssignmentOperator(operatorToken.kind)) return
    const target = unwrapExpression(left)
    const root = rootOf(target)
    if (this.isOwn(root)) {
      this.add(root, target === root ? what : 'holder')
      return
    }
    const reason = what === 'function' ? 'escapes-to-closure' : escapeByAssignment(left, this.checker)
    this.leave(reason, right, what, `kept in ${target.getText()} here, which is there after the callback`)
  }

  private returned(value: ts.Expression, what: Followed): void {
    const home = ts.findAncestor(value.parent, isFunctionWithBody)
    // What a function of the callback's own returns stays inside it.
    if (home === undefined || (home !== this.callback && nameOfHelper(home) !== undefined)) return
    this.leave(what === 'function' ? 'escapes-to-closure' : 'escapes-to-return', value, what, 'returned here')
  }

  private leave(reason: ReasonCode, node: ts.Node, what: Followed, note: string): void {
    const isLent = reason === 'escapes-to-callee' && what !== 'release'
    this.leaves.push({ reason, node, isLent, note: `${what === 'release' ? 'its release is ' : ''}${note}` })
  }

  private isOwn(root: ts.Expression): boolean {
    const declaration = ts.isIdentifier(root) ? this.symbolOf(root)?.declarations?.[0] : undefined
    return declaration !== undefined && containsNode(this.callback, declaration)
  }

  private whatIs(node: ts.Identifier): Followed | undefined {
    const symbol = this.symbolOf(node)
    return symbol && this.followed.get(symbol)
  }

  private symbolOf(node: ts.Node): ts.Symbol | undefined {
    return ts.isIdentifier(node) && ts.isShorthandPropertyAssignment(node.parent)
      ? this.checker.getShorthandAssignmentValueSymbol(node.parent)
      : this.checker.getSymbolAtLocation(node)
  }

  /** `next.apply(null, arguments)` */
  private isOwnArguments(node: ts.Identifier): boolean {
    if (node.text !== 'arguments') return false
    return (
      ts.findAncestor(node, (one) => isFunctionWithBody(one) && !ts.isArrowFunction(one)) === this.callback
    )
  }
}

function isResult(value: ts.Expression): boolean {
  const { parent } = value
  return (
    ts.isReturnStatement(parent) ||
    ts.isYieldExpression(parent) ||
    (ts.isArrowFunction(parent) && parent.body === value)
  )
}

function isDeclared(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  if (ts.isBindingElement(parent)) return parent.name === node || parent.propertyName === node
  const isName =
    ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isFunctionDeclaration(parent)
  return (
    (isName || ts.isPropertyAssignment(parent) || ts.isFunctionExpression(parent)) && parent.name === node
  )
}
