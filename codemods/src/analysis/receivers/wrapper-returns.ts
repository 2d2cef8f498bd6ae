import ts from 'typescript'
import type { AcquireCall, AcquireWrapper, OtherwiseGiven } from '../connection/acquire-call'
import { enclosingFunction, outermost, unwrapExpression, walk, type FunctionLike } from '../syntax/syntax'
import { isNullish } from '../syntax/value-flow'
import type { TypeFacts } from './type-facts'
import { isAssignment, leavesOf, variableOf } from './wrapper-leaves'

/** An expression whose value is a connection: the call that takes it, or the promise that a callback keeps. */
export interface Taken extends Pick<AcquireWrapper, 'otherwise' | 'promised'> {
  readonly node: ts.Expression
  readonly acquire: AcquireCall
}

/** What the return statements of one function give. */
export class Returns {
  /** Those of the taken connections that are returned. */
  readonly given: readonly Taken[]
  readonly otherwise: OtherwiseGiven | undefined
  private readonly found = new Set<Taken>()
  private readonly others = new Set<OtherwiseGiven>()
  private readonly returned = new Set<ts.Symbol>()
  private readonly variables = new Map<ts.Symbol, ts.Identifier>()

  constructor(
    private readonly declaration: FunctionLike,
    private readonly taken: readonly Taken[],
    private readonly facts: TypeFacts,
  ) {
    for (const { node } of taken) {
      const name = variableOf(node)
      const symbol = name && facts.checker.getSymbolAtLocation(name)
      if (name !== undefined && symbol !== undefined) this.variables.set(symbol, name)
    }
    for (const value of returnedValues(declaration.body))
      if (value === undefined) this.others.add('none')
      else this.follow(value)
    if (isLeftAtItsEnd(declaration)) this.others.add('none')
    if (this.others.has('another') && [...this.returned].some((symbol) => this.isKept(symbol)))
      this.others.add('the-same')
    this.given = [...this.found]
    this.otherwise = (['the-same', 'another', 'none'] as const).find((one) => this.others.has(one))
  }

  private follow(value: ts.Expression): void {
    for (const leaf of leavesOf(value)) {
      const symbol = ts.isIdentifier(leaf) ? this.symbolOf(leaf) : undefined
      if (symbol === undefined) this.note(leaf)
      else this.followVariable(symbol)
    }
  }

  private symbolOf(name: ts.Identifier): ts.Symbol | undefined {
    const isNamed = [...this.variables.values()].some(({ text }) => text === name.text)
    const symbol = isNamed ? this.facts.checker.getSymbolAtLocation(name) : undefined
    return symbol !== undefined && this.variables.has(symbol) ? symbol : undefined
  }

  /** A value that is no variable: taken here, or from elsewhere. */
  private note(leaf: ts.Expression): void {
    const taken = this.taken.find(({ node }) => node === leaf)
    if (taken === undefined) this.others.add(isNone(leaf) ? 'none' : 'another')
    else {
      this.found.add(taken)
      if (taken.otherwise !== undefined) this.others.add(taken.otherwise)
    }
  }

  private followVariable(symbol: ts.Symbol): void {
    this.returned.add(symbol)
    const declared = symbol.valueDeclaration
    const name = this.variables.get(symbol)
    const initializer =
      declared !== undefined && ts.isVariableDeclaration(declared) ? declared.initializer : undefined
    const isGiven = declared !== undefined && ts.isParameter(declared)
    if (isGiven) this.others.add('another')
    const hasFirst = isGiven || (initializer !== undefined && !isNullish(initializer))
    const values = [
      ...(hasFirst && initializer !== undefined ? [initializer] : []),
      ...(name === undefined ? [] : this.facts.assignments.toVariable(name, this.facts.checker)),
    ]
    for (const leaf of values.flatMap(leavesOf)) this.note(leaf)
    if (hasFirst) return
    // A variable around the function has what an earlier call has put there.
    const isOuter = this.isOuter(symbol)
    const isOnSomePaths = values.every((value) => isOnlyIf(value, this.declaration))
    if (isOnSomePaths || (isOuter && values.some(isOnlyWithout)))
      this.others.add(isOuter ? 'another' : 'none')
  }

  private isOuter({ valueDeclaration }: ts.Symbol): boolean {
    return valueDeclaration !== undefined && enclosingFunction(valueDeclaration) !== this.declaration
  }

  /** Others can get it out of a field, a collection or a variable around the function: what is given is not the caller's own. */
  private isKept(symbol: ts.Symbol): boolean {
    if (this.isOuter(symbol)) return true
    let isKept = false
    walk(this.declaration, (node) => {
      if (ts.isIdentifier(node) && node.text === symbol.name && isPutAway(node))
        isKept ||= this.facts.checker.getSymbolAtLocation(node) === symbol
      return undefined
    })
    return isKept
  }
}

/** Without a return. */
function isLeftAtItsEnd({ body, flags }: FunctionLike): boolean {
  return body !== undefined && ts.isBlock(body) && (flags & ts.NodeFlags.HasImplicitReturn) !== 0
}

/** `this.client = c`, `clients.set(key, c)`, `clients.push(c)` */
function isPutAway(name: ts.Identifier): boolean {
  const value = outermost(name)
  const { parent } = value
  if (ts.isBinaryExpression(parent))
    return parent.right === value && isAssignment(parent) && !ts.isIdentifier(unwrapExpression(parent.left))
  return (
    ts.isCallExpression(parent) &&
    ts.isPropertyAccessExpression(parent.expression) &&
    /^(set|add|push)$/.test(parent.expression.name.text)
  )
}

/** `shared ??= await pool.connect()` */
function isOnlyWithout({ parent }: ts.Expression): boolean {
  return ts.isBinaryExpression(parent) && parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken
}

/** Assigned under a condition, with nothing in its place where that is not so. */
function isOnlyIf(value: ts.Expression, within: FunctionLike): boolean {
  for (let node: ts.Node = value; node !== within && !ts.isSourceFile(node); node = node.parent)
    if (ts.isIfStatement(node)) return node.elseStatement === undefined
  return false
}

function isNone(leaf: ts.Expression): boolean {
  return (
    isNullish(leaf) ||
    leaf.kind === ts.SyntaxKind.FalseKeyword ||
    (ts.isBinaryExpression(leaf) && leaf.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken)
  )
}

/** The operands of a function's own return statements; `undefined` for a return without one. */
function returnedValues(body: ts.ConciseBody | undefined): readonly (ts.Expression | undefined)[] {
  if (body === undefined || !ts.isBlock(body)) return body === undefined ? [] : [body]
  const found: (ts.Expression | undefined)[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return
    if (ts.isReturnStatement(node)) found.push(node.expression)
    ts.forEachChild(node, visit)
  }
  visit(body)
  return found
}
