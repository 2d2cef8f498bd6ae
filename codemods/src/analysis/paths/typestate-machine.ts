import ts from 'typescript'
import type { ConnectionUse } from '../connection/connection-uses'
import { isNullish } from '../connection/connection-uses'
import type { FlowNode } from './flow-node'
import {
  decideExactly,
  exitAt,
  isLeftover,
  isPartOfRelease,
  isSurelyFine,
  learnedFrom,
  marksOf,
  reachedFor,
  waysThrough,
} from './helped-steps'
import type { HelperCall, HelperExit } from './helper'
import { askedOf, differsFromGiven, factOf, isNoPool, literalTruth, withFact } from './path-facts'
import { isLateIn, isPlainAnswer } from '../connection/quiet'
import { relevantFacts } from './relevant-facts'
import { askedForRelease } from '../connection/release-forms'
import { releaseExtent } from '../connection/release-points'
import { containsNode, isAssignmentOperator, unwrapExpression } from '../syntax/syntax'
import { reassigned, wayTo, type Step } from './typestate-step'
import type { ConnectionState } from './connection-state'
import { statusAfter, type Finding, type PathState, type TypestateQuery } from './typestate-model'

const maxSteps = 40_000

/** The machine: states of one connection, sent along every path of a function. */
export class Typestate {
  private readonly findings = new Map<string, Finding>()
  readonly returned = new Set<ConnectionState>()
  readonly whileHeld = new Set<ts.Node>()
  readonly thrown = new Set<ConnectionState>()
  readonly exits = new Map<string, HelperExit>()
  lateUse: ts.Node | undefined
  leftover: ts.Node | undefined
  /** Helpers by the node at which their work is done: the `await`, or the call. */
  private readonly helpers: ReadonlyMap<ts.Node, HelperCall>
  private readonly seen = new Set<string>()
  private readonly symbolIds = new Map<ts.Symbol, number>()
  private readonly releases: ReadonlySet<ts.Node>
  /** Releases with what waits for them. */
  private readonly extents: readonly ts.Node[]
  private readonly useByNode: ReadonlyMap<ts.Node, ConnectionUse>
  private readonly queue: Step[] = []
  /** Variables whose truth connects two places; all others are forgotten, or the paths would multiply. */
  private readonly relevant: ReadonlySet<ts.Symbol>

  constructor(private readonly query: TypestateQuery) {
    this.releases = new Set(
      query.uses.flatMap((use) => (use.kind === 'release' && !use.isNested ? [use.call] : [])),
    )
    // Reaching for a helper (`this.transactions.end`) is part of calling it, as it is of a release.
    const helpers = [...query.effects].flatMap(([call, effect]) =>
      effect !== 'keeps' && ts.isCallExpression(call) ? [call.expression] : [],
    )
    const known = (query.helpers ?? []).flatMap(reachedFor)
    this.extents = [
      ...[...this.releases].map((call) => releaseExtent(call as ts.CallExpression)),
      ...helpers,
      ...known,
    ]
    this.useByNode = new Map(query.uses.map((use) => [use.node, use]))
    this.helpers = new Map((query.helpers ?? []).map((one) => [one.doneAt, one]))
    this.relevant = new Set([
      ...relevantFacts(query.graph, query.checker),
      ...(query.startFacts?.keys() ?? []),
      ...marksOf(query),
    ])
  }

  private withFact(
    facts: ReadonlyMap<ts.Symbol, boolean>,
    symbol: ts.Symbol,
    truth: boolean | undefined,
  ): ReadonlyMap<ts.Symbol, boolean> {
    return this.relevant.has(symbol) ? withFact(facts, symbol, truth) : facts
  }

  run(): readonly Finding[] {
    const isHeld = this.query.heldFromStart === true
    // A parameter has a value before the connection is taken into it: which one is the caller's affair.
    const isGiven = this.query.variable?.declarations?.some((one) => ts.isParameter(one)) === true
    this.push({
      node: this.query.graph.entry,
      state: {
        status: isHeld ? 'held' : 'unheld',
        facts: this.query.startFacts ?? new Map(),
        isNull: !isHeld && !isGiven,
      },
    })
    for (let index = 0; index < this.queue.length && index < maxSteps; index += 1) {
      const step = this.queue[index]
      if (step !== undefined) this.advance(step)
    }
    if (this.queue.length >= maxSteps)
      this.findings.set('too-complex', { kind: 'too-complex', path: [], throws: [] })
    return [...this.findings.values()]
  }

  private advance(step: Step): void {
    const { node, state } = step
    if (
      state.status === 'released' &&
      node.ast !== undefined &&
      !this.isPartOfRelease(node.ast) &&
      isLateIn(this.query.region, node.ast) &&
      this.query.isHarmless?.(node.ast) !== true
    )
      this.report('held-longer', step)
    switch (node.kind) {
      case 'exit-return':
      case 'exit-throw':
        ;(node.kind === 'exit-return' ? this.returned : this.thrown).add(state.status)
        if (this.query.helpers !== undefined) {
          const [key, exit] = exitAt(node.kind === 'exit-throw', state, this.query)
          this.exits.set(key, exit)
        }
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
    if (state.status === 'held' && node.ast !== undefined) this.whileHeld.add(node.ast)
    const helper = node.ast === undefined ? undefined : this.helpers.get(node.ast)
    if (helper !== undefined) {
      const { ways, lateUse, leftover } = waysThrough(helper, node, state, this.query)
      this.lateUse ??= lateUse
      this.leftover ??= leftover
      for (const way of ways) this.push({ ...way, from: step })
      return
    }
    const after = this.transfer(step)
    if (node.next !== undefined) this.push({ node: node.next, state: after, from: step })
    if (
      node.thrown !== undefined &&
      !this.isPartOfRelease(node.ast) &&
      !isSurelyFine(node.ast, state, this.query) &&
      !(state.status === 'released' && isPlainAnswer(node.ast))
    ) {
      // An acquire that throws took nothing; a release that throws counts as tried.
      const thrown = node.ast === this.query.acquiredBy ? state : this.whenThrown(node.ast, state, after)
      this.push({ node: node.thrown, state: thrown, from: step, ...(node.ast ? { thrownAt: node.ast } : {}) })
    }
  }

  /** A function that releases at its end may throw before that. */
  private whenThrown(ast: ts.Node | undefined, before: PathState, after: PathState): PathState {
    const isHelper = ast !== undefined && this.query.effects.get(ast) === 'releases'
    return isHelper && before.status === 'held' ? { ...after, status: 'unsure' } : after
  }

  private isPartOfRelease(ast: ts.Node | undefined): boolean {
    return ast !== undefined && isPartOfRelease(ast, this.extents, this.query)
  }

  private transfer(step: Step): PathState {
    const { ast } = step.node
    const { state } = step
    if (ast === undefined) return state
    if (this.query.acquiredBy !== undefined && ast === this.query.acquiredBy) {
      if (state.status === 'held') this.report('lost', step)
      return { ...state, status: 'held', isNull: false, facts: this.withoutVariable(state) }
    }
    if (this.releases.has(ast)) return this.released(step)
    const effect = this.query.effects.get(ast)
    if (effect !== undefined && (state.status === 'held' || state.status === 'unsure'))
      return { ...state, status: statusAfter[effect] }
    if (ts.isIdentifier(ast)) return this.mention(step, ast)
    if (ts.isBinaryExpression(ast) && isAssignmentOperator(ast.operatorToken.kind))
      return this.assigned(step, ast)
    if (ts.isVariableDeclaration(ast)) return this.declared(state, ast, step.node.truth)
    return state
  }

  private released(step: Step): PathState {
    if (step.state.status === 'released') this.report('double-release', step)
    if (step.state.status === 'unheld' && step.node.ast !== undefined)
      this.query.unheldReleases?.add(step.node.ast)
    const isTaken = step.state.status === 'held' || step.state.status === 'unsure'
    return isTaken ? { ...step.state, status: 'released' } : step.state
  }

  private mention(step: Step, identifier: ts.Identifier): PathState {
    const use = this.useByNode.get(identifier)
    if (use === undefined) return step.state
    const isUse = use.kind === 'borrow' || use.kind === 'argument' || use.kind === 'open'
    if (step.state.status === 'released' && isUse) this.report('use-after-release', step)
    if (step.state.status === 'unsure' && isUse) this.lateUse ??= identifier
    if (isLeftover(identifier, step.state, this.query)) this.leftover ??= identifier
    return use.kind === 'escape' && step.state.status === 'held'
      ? { ...step.state, status: 'escaped' }
      : step.state
  }

  private assigned(step: Step, expression: ts.BinaryExpression): PathState {
    const target = unwrapExpression(expression.left)
    const symbol = factOf(target, this.query.checker)
    if (symbol === undefined) return step.state
    if (symbol !== this.query.variable)
      return { ...step.state, facts: this.withFact(step.state.facts, symbol, literalTruth(expression.right)) }
    // `client = client ?? await acquire()`: what was given stays, and so does what is known of it.
    if (containsNode(expression.right, this.query.acquiredBy)) return { ...step.state, isNull: false }
    return {
      // Given back before: the variable stands for something else from here on.
      status: reassigned(step.state.status),
      isNull: isNullish(expression.right),
      facts: this.withoutVariable(step.state),
    }
  }

  private withoutVariable({ facts }: PathState): ReadonlyMap<ts.Symbol, boolean> {
    const { variable } = this.query
    return variable === undefined || !facts.has(variable) ? facts : withFact(facts, variable, undefined)
  }

  private declared(state: PathState, declaration: ts.VariableDeclaration, tested?: boolean): PathState {
    if (!ts.isIdentifier(declaration.name)) return state
    const symbol = this.query.checker.getSymbolAtLocation(declaration.name)
    if (symbol === undefined) return state
    if (symbol === this.query.variable) {
      const isNull = declaration.initializer === undefined || isNullish(declaration.initializer)
      return tested === undefined || isNull
        ? { ...state, isNull }
        : { ...state, isNull, facts: this.withFact(state.facts, symbol, tested) }
    }
    const truth =
      tested ?? (declaration.initializer === undefined ? false : literalTruth(declaration.initializer))
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
    if (state.status === 'held' && this.query.variable !== undefined) {
      const isOther = differsFromGiven(condition, this.query.variable, this.query.checker)
      if (isOther !== undefined) return isOther
      if (isNoPool(condition, this.query.variable, this.query.checker)) return false
      const asked = askedForRelease(condition as ts.Expression)
      if (asked !== undefined && this.query.checker.getSymbolAtLocation(asked) === this.query.variable)
        return true
    }
    const asked = askedOf(condition, this.query.checker)
    if (asked === undefined) return undefined
    if (asked.isExact === true) return decideExactly(asked, state, this.query)
    if (asked.symbol !== this.query.variable) {
      const known = state.facts.get(asked.symbol)
      return known === undefined ? undefined : known === asked.truth
    }
    if (state.isNull) return !asked.truth
    if (state.status === 'held') return asked.truth
    const given = state.facts.get(asked.symbol)
    return given === undefined ? undefined : given === asked.truth
  }

  private learn(condition: ts.Node, way: boolean, state: PathState): PathState {
    const asked = learnedFrom(condition, way, this.query)
    if (asked === undefined) return state
    // While it is held the variable is the connection; before, a given value may have been asked for.
    if (asked.symbol === this.query.variable && (state.status !== 'unheld' || state.isNull)) return state
    return { ...state, facts: this.withFact(state.facts, asked.symbol, asked.truth) }
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
    const { path, throws } = wayTo(step)
    const thrownAt = throws.at(-1)
    const key = `${kind}|${String(thrownAt?.pos ?? -1)}|${kind === 'double-release' || kind === 'use-after-release' || kind === 'held-longer' ? String(step.node.ast?.pos) : ''}`
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
