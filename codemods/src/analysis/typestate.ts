import { ts } from 'ts-morph'
import type { ConnectionUse } from './connection-uses'
import { isNullish } from './connection-uses'
import type { FlowGraph, FlowNode } from './flow-node'
import { askedOf, literalTruth, withFact } from './path-facts'
import { unwrapExpression } from './syntax'

/**
 * Where a connection is on a path. `lost`: held, but the variable was given another value. A path through an escape ends its
 * duty here: somebody else has the connection.
 */
export type ConnectionState = 'unheld' | 'held' | 'released' | 'escaped' | 'lost'

/** One thing that goes wrong on some path, with the nodes of the shortest such path. */
export interface Finding {
  readonly kind:
    'held-at-return' | 'held-at-throw' | 'double-release' | 'use-after-release' | 'lost' | 'too-complex'
  readonly path: readonly ts.Node[]
  /** The operation whose exception left the function; absent when none was needed. */
  readonly thrownAt?: ts.Node
  /** Every operation whose exception the path went through while the connection was held. */
  readonly throws: readonly ts.Node[]
  /** Where it shows: the second release, the late use. */
  readonly at?: ts.Node
}

export interface TypestateQuery {
  readonly graph: FlowGraph
  /** The node whose completion takes the connection: the `await`, or the call itself. */
  readonly acquiredBy?: ts.Node
  /** Set for a parameter: the connection is held from the beginning. */
  readonly heldFromStart?: true
  readonly variable?: ts.Symbol
  readonly uses: readonly ConnectionUse[]
  /** Calls that release or keep what they are given. */
  readonly effects: ReadonlyMap<ts.Node, 'releases' | 'keeps'>
  /** `await using` declaration that disposes the connection. */
  readonly usingDeclaration?: ts.Node
  readonly checker: ts.TypeChecker
}

interface PathState {
  readonly status: ConnectionState
  /** What is known of the truth of plain variables that conditions ask for. */
  readonly facts: ReadonlyMap<ts.Symbol, boolean>
  /** Whether the variable is known to be null or undefined. */
  readonly isNull: boolean
}

interface Step {
  readonly node: FlowNode
  readonly state: PathState
  readonly from?: Step
  /** Set when the previous node threw to get here. */
  readonly thrownAt?: ts.Node
}

const maxSteps = 40_000

/** Runs the machine over every path and returns what goes wrong, each with a shortest path. Ends: states are finite. */
export function runTypestate(query: TypestateQuery): readonly Finding[] {
  return new Typestate(query).run().findings
}

/** The states in which a function may be left that gets a held connection as a parameter. */
export function exitStates(query: TypestateQuery): ReadonlySet<ConnectionState> {
  return new Typestate({ ...query, heldFromStart: true }).run().exits
}

class Typestate {
  private readonly findings = new Map<string, Finding>()
  private readonly exits = new Set<ConnectionState>()
  private readonly seen = new Set<string>()
  private readonly symbolIds = new Map<ts.Symbol, number>()
  private readonly releases: ReadonlySet<ts.Node>
  private readonly useByNode: ReadonlyMap<ts.Node, ConnectionUse>
  private readonly queue: Step[] = []
  /** Variables whose truth connects two places; all others are forgotten, or the paths would multiply. */
  private readonly relevant: ReadonlySet<ts.Symbol>

  constructor(private readonly query: TypestateQuery) {
    this.releases = new Set(
      query.uses.flatMap((use) => (use.kind === 'release' && !use.isNested ? [use.call] : [])),
    )
    this.useByNode = new Map(query.uses.map((use) => [use.node, use]))
    this.relevant = this.findRelevant()
  }

  private findRelevant(): ReadonlySet<ts.Symbol> {
    const places = new Map<ts.Symbol, Set<ts.Node>>()
    const note = (symbol: ts.Symbol | undefined, ast: ts.Node): void => {
      if (symbol !== undefined) places.set(symbol, (places.get(symbol) ?? new Set()).add(ast))
    }
    const visited = new Set<FlowNode>()
    const pending: FlowNode[] = [this.query.graph.entry]
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (visited.has(node)) continue
      visited.add(node)
      for (const next of [node.next, node.otherwise, node.thrown]) if (next !== undefined) pending.push(next)
      const { ast } = node
      if (ast === undefined) continue
      if (node.kind === 'branch') note(askedOf(ast, this.query.checker)?.symbol, ast)
      const target = ts.isBinaryExpression(ast)
        ? ast.left
        : ts.isVariableDeclaration(ast)
          ? ast.name
          : undefined
      if (target !== undefined && ts.isIdentifier(target))
        note(this.query.checker.getSymbolAtLocation(target), ast)
    }
    return new Set([...places].filter(([, asts]) => asts.size > 1).map(([symbol]) => symbol))
  }

  private withFact(
    facts: ReadonlyMap<ts.Symbol, boolean>,
    symbol: ts.Symbol,
    truth: boolean | undefined,
  ): ReadonlyMap<ts.Symbol, boolean> {
    return this.relevant.has(symbol) ? withFact(facts, symbol, truth) : facts
  }

  run(): { readonly findings: readonly Finding[]; readonly exits: ReadonlySet<ConnectionState> } {
    const isHeld = this.query.heldFromStart === true
    this.push({
      node: this.query.graph.entry,
      state: { status: isHeld ? 'held' : 'unheld', facts: new Map(), isNull: !isHeld },
    })
    for (let index = 0; index < this.queue.length && index < maxSteps; index += 1) {
      const step = this.queue[index]
      if (step !== undefined) this.advance(step)
    }
    if (this.queue.length >= maxSteps)
      this.findings.set('too-complex', { kind: 'too-complex', path: [], throws: [] })
    return { findings: [...this.findings.values()], exits: this.exits }
  }

  private advance(step: Step): void {
    const { node, state } = step
    switch (node.kind) {
      case 'exit-return':
      case 'exit-throw':
        this.exits.add(state.status)
        if (state.status === 'held')
          this.report(node.kind === 'exit-return' ? 'held-at-return' : 'held-at-throw', step)
        if (state.status === 'lost') this.report('lost', step)
        return
      case 'join':
        if (node.next !== undefined) this.push({ node: node.next, state, from: step })
        return
      case 'dispose':
        if (node.next !== undefined)
          this.push({ node: node.next, state: this.disposed(node, state), from: step })
        return
      case 'branch':
        this.branch(step)
        return
      case 'eval':
        this.evaluate(step)
        return
    }
  }

  private evaluate(step: Step): void {
    const { node, state } = step
    const after = this.transfer(step)
    if (node.next !== undefined) this.push({ node: node.next, state: after, from: step })
    if (node.thrown !== undefined && !this.isOperandOfRelease(node.ast)) {
      // An acquire that throws took nothing; a release that throws counts as tried.
      const thrown = node.ast === this.query.acquiredBy ? state : after
      this.push({ node: node.thrown, state: thrown, from: step, ...(node.ast ? { thrownAt: node.ast } : {}) })
    }
  }

  /** Reaching for the release (`this.pools.putconn`) is part of it: whoever cannot reach it cannot be helped by another shape. */
  private isOperandOfRelease(ast: ts.Node | undefined): boolean {
    if (ast === undefined || this.releases.has(ast)) return false
    for (const call of this.releases) if (call.pos <= ast.pos && ast.end <= call.end) return true
    return false
  }

  private transfer(step: Step): PathState {
    const { ast } = step.node
    const { state } = step
    if (ast === undefined) return state
    if (this.query.acquiredBy !== undefined && ast === this.query.acquiredBy) {
      if (state.status === 'held') this.report('lost', step)
      return { ...state, status: 'held', isNull: false }
    }
    if (this.releases.has(ast)) return this.released(step)
    const effect = this.query.effects.get(ast)
    if (effect === 'releases' && state.status === 'held') return { ...state, status: 'released' }
    if (effect === 'keeps' && state.status === 'held') return { ...state, status: 'escaped' }
    if (ts.isIdentifier(ast)) return this.mention(step, ast)
    if (ts.isBinaryExpression(ast)) return this.assigned(step, ast)
    if (ts.isVariableDeclaration(ast)) return this.declared(state, ast)
    return state
  }

  private released(step: Step): PathState {
    if (step.state.status === 'released') this.report('double-release', step)
    return step.state.status === 'held' ? { ...step.state, status: 'released' } : step.state
  }

  private mention(step: Step, identifier: ts.Identifier): PathState {
    const use = this.useByNode.get(identifier)
    if (use === undefined) return step.state
    const isUse = use.kind === 'borrow' || use.kind === 'argument' || use.kind === 'open'
    if (step.state.status === 'released' && isUse) this.report('use-after-release', step)
    return use.kind === 'escape' && step.state.status === 'held'
      ? { ...step.state, status: 'escaped' }
      : step.state
  }

  private assigned(step: Step, expression: ts.BinaryExpression): PathState {
    const target = unwrapExpression(expression.left)
    if (!ts.isIdentifier(target)) return step.state
    const symbol = this.query.checker.getSymbolAtLocation(target)
    if (symbol === undefined) return step.state
    if (symbol !== this.query.variable)
      return { ...step.state, facts: this.withFact(step.state.facts, symbol, literalTruth(expression.right)) }
    if (isAcquiredHere(expression.right, this.query.acquiredBy)) return step.state
    return {
      ...step.state,
      status: step.state.status === 'held' ? 'lost' : step.state.status,
      isNull: isNullish(expression.right),
    }
  }

  private declared(state: PathState, declaration: ts.VariableDeclaration): PathState {
    if (!ts.isIdentifier(declaration.name)) return state
    const symbol = this.query.checker.getSymbolAtLocation(declaration.name)
    if (symbol === undefined) return state
    if (symbol === this.query.variable) {
      return { ...state, isNull: declaration.initializer === undefined || isNullish(declaration.initializer) }
    }
    const truth = declaration.initializer === undefined ? false : literalTruth(declaration.initializer)
    return truth === undefined ? state : { ...state, facts: this.withFact(state.facts, symbol, truth) }
  }

  private branch(step: Step): void {
    const { node, state } = step
    if (node.thrown !== undefined)
      this.push({ node: node.thrown, state, from: step, ...(node.ast ? { thrownAt: node.ast } : {}) })
    const decided = node.ast === undefined ? undefined : this.decide(node.ast, state)
    for (const way of [true, false]) {
      const next = way ? node.next : node.otherwise
      if (next === undefined || (decided !== undefined && decided !== way)) continue
      this.push({
        node: next,
        state: node.ast === undefined ? state : this.learn(node.ast, way, state),
        from: step,
      })
    }
  }

  /** The way a condition must go, when the path already knows. */
  private decide(condition: ts.Node, state: PathState): boolean | undefined {
    const asked = askedOf(condition, this.query.checker)
    if (asked === undefined) return undefined
    if (asked.symbol !== this.query.variable) {
      const known = state.facts.get(asked.symbol)
      return known === undefined ? undefined : known === asked.truth
    }
    if (state.isNull) return !asked.truth
    return state.status === 'held' ? asked.truth : undefined
  }

  private learn(condition: ts.Node, way: boolean, state: PathState): PathState {
    const asked = askedOf(condition, this.query.checker)
    if (asked === undefined || asked.symbol === this.query.variable) return state
    return { ...state, facts: this.withFact(state.facts, asked.symbol, way === asked.truth) }
  }

  private disposed(node: FlowNode, state: PathState): PathState {
    const isOurs = node.ast !== undefined && node.ast === this.query.usingDeclaration
    return isOurs && state.status === 'held' ? { ...state, status: 'released' } : state
  }

  private push(step: Step): void {
    const facts = [...step.state.facts]
      .map(([symbol, truth]) => `${this.idOf(symbol)}${truth ? '+' : '-'}`)
      .sort()
    const key = `${step.node.id}|${step.state.status}|${step.state.isNull ? 'null' : ''}|${facts.join()}`
    if (this.seen.has(key)) return
    this.seen.add(key)
    this.queue.push(step)
  }

  private idOf(symbol: ts.Symbol): number {
    const known = this.symbolIds.get(symbol)
    if (known !== undefined) return known
    this.symbolIds.set(symbol, this.symbolIds.size)
    return this.symbolIds.size - 1
  }

  private report(kind: Finding['kind'], step: Step): void {
    const path: ts.Node[] = []
    const throws: ts.Node[] = []
    for (let current: Step | undefined = step; current !== undefined; current = current.from) {
      if (current.node.ast !== undefined) path.unshift(current.node.ast)
      // The last exception is the one that left the function.
      if (current.state.status === 'held' && current.thrownAt !== undefined) throws.unshift(current.thrownAt)
    }
    const thrownAt = throws.at(-1)
    const key = `${kind}|${String(thrownAt?.pos ?? -1)}|${kind === 'double-release' || kind === 'use-after-release' ? String(step.node.ast?.pos) : ''}`
    if (this.findings.has(key)) return
    this.findings.set(key, {
      kind,
      path,
      throws,
      ...(thrownAt ? { thrownAt } : {}),
      ...(step.node.ast ? { at: step.node.ast } : {}),
    })
  }
}

function isAcquiredHere(value: ts.Node, acquiredBy: ts.Node | undefined): boolean {
  return acquiredBy !== undefined && value.pos <= acquiredBy.pos && acquiredBy.end <= value.end
}
