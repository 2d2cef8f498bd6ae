import ts from 'typescript'
import { buildFlowGraph } from '../paths/flow-graph'
import type { ConnectionUse } from '../connection/connection-uses'
import type { FunctionLike } from '../syntax/syntax'
import { isFunctionWithBody, methodOf, outermost, unwrapExpression, walk } from '../syntax/syntax'
import { exitsOf } from '../paths/typestate'
import { functionOf, nameOfHelper } from './function-named'
import { isArgument, isAskedFor, isDeclaredName } from './mentions'
import type { Finding } from '../paths/typestate-model'

/** The names under which a callback has its connection and the function that gives it back. */
export interface CallbackNames {
  readonly error?: ts.Symbol
  readonly client?: ts.Symbol
  readonly done?: ts.Symbol
  readonly releaseMethods: ReadonlySet<string>
  /** Whoever gets the connection as an argument is taken to borrow it. */
  readonly lends?: true
}

/**
 * What a function does with a connection that it is given at its beginning: gives it back `once` on every path, itself or by a callback that
 * is called once; gives it back on `none`; loses or returns it twice (`wrong`); or something that cannot be seen through (`unclear`).
 */
export type Duty =
  | { readonly kind: 'once' | 'none' }
  | { readonly kind: 'wrong'; readonly finding: Finding }
  | { readonly kind: 'unclear'; readonly node: ts.Node; readonly note: string }

const maxDepth = 20

/**
 * Follows a connection through nested callbacks. What is known of them: `client.query(…, callback)` calls its callback once, later, and in the
 * order of the queries. An exception in a callback is nobody's to catch and ends the process, so what it would leave behind is not asked.
 */
export class CallbackDuties {
  private readonly known = new Map<FunctionLike, Duty>()

  constructor(
    private readonly names: CallbackNames,
    private readonly checker: ts.TypeChecker,
  ) {}

  of(called: FunctionLike, isOutermost = false, depth = 0): Duty {
    const known = this.known.get(called)
    if (known !== undefined) return known
    if (depth > maxDepth) return unclear(called, 'the callbacks are nested too deep')
    // Whoever calls itself is asked again while being asked.
    this.known.set(called, unclear(called, 'calls itself'))
    const duty = this.examine(called, isOutermost, depth)
    this.known.set(called, duty)
    return duty
  }

  private examine(called: FunctionLike, isOutermost: boolean, depth: number): Duty {
    const { body } = called
    if (body === undefined) return unclear(called, 'its body is not seen')
    if ('asteriskToken' in called && called.asteriskToken !== undefined) return unclear(called, 'a generator')
    const uses: ConnectionUse[] = []
    let obstacle: Duty | undefined
    const note = (duty: Duty | undefined): void => {
      obstacle ??= duty
    }
    const visit = (node: ts.Node): boolean | undefined => {
      if (isFunctionWithBody(node)) {
        note(this.nested(node, uses, depth))
        return false
      }
      if (!ts.isIdentifier(node) || isDeclaredName(node)) return undefined
      const symbol = this.symbolOf(node)
      if (symbol === undefined) return undefined
      if (symbol === this.names.done) note(this.ofDone(node, uses))
      else if (symbol === this.names.client) note(this.ofClient(node, uses))
      else note(this.ofHelper(node, symbol, uses, depth))
      return undefined
    }
    if (isFunctionWithBody(body)) visit(body)
    else {
      if (visit(body) !== false) walk(body, visit)
    }
    if (obstacle !== undefined) return obstacle
    return this.run(body, uses, isOutermost)
  }

  private run(body: ts.ConciseBody, uses: readonly ConnectionUse[], isOutermost: boolean): Duty {
    if (uses.every((use) => use.kind !== 'release')) return { kind: 'none' }
    const { client, error } = this.names
    const { returned, findings } = exitsOf({
      graph: buildFlowGraph(body, new Set(uses.map((use) => use.node.text))),
      ...(client === undefined ? {} : { variable: client }),
      ...(isOutermost && error !== undefined ? { startFacts: new Map([[error, false]]) } : {}),
      uses,
      effects: new Map(),
      checker: this.checker,
    })
    const wrong = findings.find(({ kind }) => kind !== 'held-at-throw' && kind !== 'held-longer')
    if (wrong !== undefined) return { kind: 'wrong', finding: wrong }
    return [...returned].every((state) => state === 'released')
      ? { kind: 'once' }
      : unclear(body, 'some path may give it back, or not')
  }

  /** `done(error?)`, and `client.query(text, done)`. */
  private ofDone(node: ts.Identifier, uses: ConnectionUse[]): Duty | undefined {
    const value = outermost(node)
    const { parent } = value
    if (ts.isCallExpression(parent) && parent.expression === value) {
      uses.push(releaseUse(node, parent))
      return undefined
    }
    if (ts.isCallExpression(parent) && this.isQuery(parent) && parent.arguments.at(-1) === value) {
      uses.push(releaseUse(nameOf(parent), parent))
      return undefined
    }
    return isAskedFor(value)
      ? undefined
      : unclear(node, 'handed on here: who calls it, and how often, cannot be seen')
  }

  private ofClient(node: ts.Identifier, uses: ConnectionUse[]): Duty | undefined {
    const value = outermost(node)
    const { parent } = value
    if (isAskedFor(value)) return undefined
    if (!ts.isPropertyAccessExpression(parent) || parent.expression !== value) {
      if (this.names.lends !== true || !isArgument(value))
        return unclear(node, 'handed on here: who gets it may keep it or give it back')
      uses.push({ kind: 'borrow', node })
      return undefined
    }
    const access = outermost(parent)
    const isCalled = ts.isCallExpression(access.parent) && access.parent.expression === access
    if (!this.names.releaseMethods.has(parent.name.text)) {
      if (!isCalled) return unclear(node, 'a part of it is taken here')
      uses.push({ kind: 'borrow', node })
      return undefined
    }
    if (!isCalled) return unclear(node, 'its release is handed on here')
    uses.push(releaseUse(node, access.parent))
    return undefined
  }

  /** A function inside: the callback of a query, a function by name (asked where it is called), or one that does not touch the connection. */
  private nested(inner: FunctionLike, uses: ConnectionUse[], depth: number): Duty | undefined {
    if (!this.touches(inner)) return undefined
    const value = ts.isExpression(inner) ? outermost(inner) : inner
    const { parent } = value
    const isQueryCallback =
      ts.isCallExpression(parent) && this.isQuery(parent) && parent.arguments.at(-1) === value
    if (isQueryCallback) {
      const duty = this.of(inner, false, depth + 1)
      if (duty.kind === 'none') return unclear(inner, 'uses the connection later, and does not give it back')
      if (duty.kind !== 'once') return duty
      uses.push(releaseUse(nameOf(parent), parent))
      return undefined
    }
    return nameOfHelper(inner) === undefined
      ? unclear(inner, 'whether this function is called, and how often, cannot be seen')
      : undefined
  }

  /** `finish(error)`, `client.query(text, finish)` with a function of the callback's own. */
  private ofHelper(
    node: ts.Identifier,
    symbol: ts.Symbol,
    uses: ConnectionUse[],
    depth: number,
  ): Duty | undefined {
    const helper = symbol.valueDeclaration === undefined ? undefined : functionOf(symbol.valueDeclaration)
    if (helper === undefined || !this.touches(helper)) return undefined
    const value = outermost(node)
    const { parent } = value
    const call = ts.isCallExpression(parent) ? parent : undefined
    const isCalled = call?.expression === value
    const isCallback = call !== undefined && this.isQuery(call) && call.arguments.at(-1) === value
    if (call === undefined || (!isCalled && !isCallback))
      return unclear(node, 'handed on here: who calls it, and how often, cannot be seen')
    const duty = this.of(helper, false, depth + 1)
    if (duty.kind === 'once') uses.push(releaseUse(nameOf(call), call))
    if (duty.kind === 'once' || duty.kind === 'none') return undefined
    // Whoever calls it goes on, and may well know which of the two it was.
    return isCalled && duty.kind === 'wrong' && duty.finding.kind === 'held-at-return'
      ? unclear(node, 'gives it back on some paths only, and what follows may depend on it')
      : duty
  }

  private isQuery(call: ts.CallExpression): boolean {
    const named = methodOf(call)
    if (named?.method !== 'query' || call.arguments.length > 3) return false
    const receiver = unwrapExpression(named.receiver)
    return ts.isIdentifier(receiver) && this.symbolOf(receiver) === this.names.client
  }

  /** Whether a function mentions the connection or its release, by itself or through a function of the callback's own. */
  private touches(inner: FunctionLike, seen: ReadonlySet<FunctionLike> = new Set()): boolean {
    let isTouching = false
    walk(inner, (node) => {
      if (isTouching || !ts.isIdentifier(node)) return undefined
      const symbol = this.symbolOf(node)
      if (symbol === undefined) return undefined
      if (symbol === this.names.done || symbol === this.names.client) isTouching = true
      const helper = symbol.valueDeclaration === undefined ? undefined : functionOf(symbol.valueDeclaration)
      if (helper !== undefined && helper !== inner && !seen.has(helper))
        isTouching ||= this.touches(helper, new Set([...seen, inner]))
      return undefined
    })
    return isTouching
  }

  private symbolOf(node: ts.Identifier): ts.Symbol | undefined {
    return ts.isShorthandPropertyAssignment(node.parent)
      ? this.checker.getShorthandAssignmentValueSymbol(node.parent)
      : this.checker.getSymbolAtLocation(node)
  }
}

/** A name that stands for a call; no name of a connection. */
function nameOf(call: ts.CallExpression): ts.Identifier {
  const callee = call.expression
  if (ts.isPropertyAccessExpression(callee) && ts.isIdentifier(callee.name)) return callee.name
  return callee as ts.Identifier
}

function releaseUse(node: ts.Identifier, call: ts.CallExpression): ConnectionUse {
  const rule = { on: 'connection', method: 'release' } as const
  return { kind: 'release', node, call, rule, discards: call.arguments.length > 0, isNested: false }
}

function unclear(node: ts.Node, note: string): Duty {
  return { kind: 'unclear', node, note }
}
