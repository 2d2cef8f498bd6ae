import ts from 'typescript'
import type { ReleasingFunction } from '../../model/dialect'
import type { CalledFunctions } from '../modules/called-functions'
import { callSlots, type Slot } from '../connection/call-slots'
import { declaredRelease } from './declared-release'
import { findUses, type ConnectionUse, type UseQuery } from '../connection/connection-uses'
import { buildFlowGraph } from '../paths/flow-graph'
import type { FlowGraph } from '../paths/flow-node'
import type { Flags, HelperCall, HelperExit, HelperRun } from '../paths/helper'
import { markOf } from '../connection/marks'
import { propertyFact } from '../paths/path-facts'
import { settlementOf } from '../connection/settled'
import type { FunctionLike } from '../syntax/syntax'
import { enclosingFunction, isFunctionWithBody, walk } from '../syntax/syntax'
import { runHelped } from '../paths/typestate'

/** What the mentions of a connection in one function come to. */
export interface Reach {
  readonly calls: readonly KnownCall[]
  /** Some of it goes to code that is not seen. */
  readonly hasUnknown: boolean
  readonly isReleasing: boolean
  /** Nothing in it waits. */
  readonly isSync: boolean
  /** Marks that are set on the connection. */
  readonly marks: ReadonlySet<string>
}

interface KnownCall {
  readonly call: ts.CallExpression | ts.NewExpression
  readonly doneAt: ts.Node
  readonly isChained?: true
  /** More than one where a method is overridden. */
  readonly bodies: readonly Body[]
}

type Body = KnownBody | DeclaredBody

/** A function of which a configuration says that it releases. */
interface DeclaredBody {
  readonly callee?: undefined
  readonly reach: Reach
}

/** A function of which every mention of the connection is understood. */
interface KnownBody {
  readonly callee: FunctionLike
  readonly variable: ts.Symbol
  readonly uses: readonly ConnectionUse[]
  readonly graph: FlowGraph
  readonly reach: Reach
  readonly runs: Map<string, HelperRun | 'running'>
}

const maxDepth = 16
const maxContexts = 24

/**
 * Functions that get a connection, followed path by path: what they do depends on the arguments and on marks that the connection
 * carries, and those are known where they are called. Whatever is not understood has no answer, and then nothing is rewritten on the
 * strength of it.
 */
export class Helpers {
  private readonly bodies = new Map<FunctionLike, Map<string, Body | undefined>>()
  private depth = 0

  constructor(private readonly called: CalledFunctions) {}

  /** What becomes of the connection by these mentions; undefined when one of them is not understood. */
  reachOf(
    uses: readonly ConnectionUse[],
    scope: ts.Node,
    query: UseQuery,
    mayReturn: boolean,
  ): Reach | undefined {
    const calls: KnownCall[] = []
    const marks = new Set<string>()
    let hasUnknown = false
    let isReleasing = false
    let isSync = true
    for (const use of uses) {
      const isNested = enclosingFunction(use.node) !== scope
      if (use.kind === 'escape' || use.kind === 'open') return undefined
      if (use.kind === 'test' || use.kind === 'write') continue
      if (use.kind === 'release') {
        if (use.isNested || use.rule.on !== 'connection' || use.rule.method !== 'release') return undefined
        isReleasing = true
        continue
      }
      const mark = markOf(use.node)
      if (mark !== undefined && isNested) return undefined
      if (mark !== undefined) marks.add(mark)
      const known = use.kind === 'borrow' && use.isLent !== true ? [] : this.slotsOf(use, query)
      if (known === undefined) return undefined
      const bodies = known.flatMap((one) => one.bodies ?? [])
      const isUnknown = known.some((one) => one.bodies === undefined)
      const isPlain = bodies.every(({ reach }) => !reach.isReleasing && reach.marks.size === 0)
      if (isNested && !isPlain) return undefined
      hasUnknown ||= isUnknown || bodies.some(({ reach }) => reach.hasUnknown)
      isReleasing ||= bodies.some(({ reach }) => reach.isReleasing)
      for (const { reach } of bodies) for (const name of reach.marks) marks.add(name)
      const isSyncCall = !isUnknown && bodies.length > 0 && bodies.every(({ reach }) => reach.isSync)
      const settled = settlementOf(use, { isSyncCall, mayReturn: mayReturn || isNested })
      if (settled === undefined) return undefined
      if (settled.waits) isSync = false
      for (const { call, bodies: some } of known)
        if (some !== undefined && !isNested)
          calls.push({
            call,
            doneAt: settled.awaited ?? call,
            bodies: some,
            ...(settled.isChained === true ? { isChained: true } : {}),
          })
    }
    return { calls, hasUnknown, isReleasing, isSync, marks }
  }

  /** For the machine: the calls, each with what it does. */
  callsOf({ calls }: Reach, marks: ReadonlySet<string>, query: UseQuery): readonly HelperCall[] {
    return calls.map(({ bodies, ...one }) => ({
      ...one,
      run: (flags, truthOf) =>
        joined(bodies.map((body) => this.run(body, one.call, flags, truthOf, marks, query))),
    }))
  }

  /** The functions behind a mention; `bodies` is absent where there is none to be seen, undefined where one is not understood. */
  private slotsOf(
    use: ConnectionUse,
    query: UseQuery,
  ):
    | readonly { readonly call: ts.CallExpression | ts.NewExpression; readonly bodies?: readonly Body[] }[]
    | undefined {
    const slots = callSlots(use)
    if (slots.length === 0) return undefined
    const known = slots.map((slot) => {
      const declared = declaredRelease(slot, query.dialect, query.checker)
      if (declared !== undefined) return { call: slot.call, bodies: [declaredBody(declared)] }
      const callees = this.called.allOf(slot.call)
      if (callees.length === 0) return { call: slot.call }
      const bodies = callees.map((callee) => this.bodyOf(callee, slot, query))
      if (bodies.some((body) => body === 'unseen')) return { call: slot.call }
      const seen = bodies.filter((body) => body !== undefined && body !== 'unseen')
      return seen.length === bodies.length ? { call: slot.call, bodies: seen } : undefined
    })
    return known.some((one) => one === undefined) ? undefined : known.filter((one) => one !== undefined)
  }

  /** `unseen`: it takes its argument apart, or calls itself; undefined: it does something that is not understood. */
  private bodyOf(callee: FunctionLike, slot: Slot, query: UseQuery): Body | 'unseen' | undefined {
    if (slot.property !== undefined || this.depth > maxDepth) return 'unseen'
    const ofCallee = this.bodies.get(callee) ?? new Map<string, Body | undefined>()
    this.bodies.set(callee, ofCallee)
    const key = `${query.dialect.id}|${String(slot.index)}`
    if (ofCallee.has(key)) return ofCallee.get(key)
    ofCallee.set(key, undefined)
    this.depth += 1
    const body = this.understand(callee, slot.index, query)
    this.depth -= 1
    if (body === 'unseen') ofCallee.delete(key)
    else ofCallee.set(key, body)
    return body
  }

  private understand(callee: FunctionLike, index: number, query: UseQuery): Body | 'unseen' | undefined {
    const parameter = callee.parameters[index]
    const isGenerator = 'asteriskToken' in callee && callee.asteriskToken !== undefined
    if (callee.body === undefined || isGenerator || ts.isConstructorDeclaration(callee)) return undefined
    if (parameter === undefined || parameter.dotDotDotToken !== undefined) return 'unseen'
    const { name } = parameter
    const variable = ts.isIdentifier(name) ? query.checker.getSymbolAtLocation(name) : undefined
    if (variable === undefined || !ts.isIdentifier(name)) return 'unseen'
    const { receiver: _ignored, openMethod: _neither, ...bare } = query
    const uses = findUses(name, callee, { ...bare, allowsMarks: true, followsChoices: true })
    const reach = this.reachOf(uses, callee, query, true)
    if (reach === undefined) return undefined
    const names = new Set([name.text, ...uses.map(({ node }) => node.text)])
    // A mark by another name would not be recognised.
    if (names.size > 1 && reach.marks.size > 0) return undefined
    const isAsync = (ts.getCombinedModifierFlags(callee) & ts.ModifierFlags.Async) !== 0
    return {
      callee,
      variable,
      uses,
      graph: buildFlowGraph(callee.body, names),
      // What an async function does before it first waits is done when it is called.
      reach: { ...reach, isSync: reach.isSync && !(isAsync && waits(callee.body)) },
      runs: new Map(),
    }
  }

  private run(
    body: Body,
    call: ts.CallExpression | ts.NewExpression,
    flags: Flags,
    truthOf: (argument: ts.Expression) => boolean | undefined,
    marks: ReadonlySet<string>,
    query: UseQuery,
  ): HelperRun {
    if (body.callee === undefined) return releasedAtEnd(flags)
    const given = givenTo(body.callee, call, truthOf, query.checker)
    const known = [...flags].map(([name, truth]) => `${name}${truth ? '+' : '-'}`).sort()
    const values = [...given].map(([symbol, truth]) => `${symbol.name}${truth ? '+' : '-'}`)
    const key = `${[...marks].sort().join()}|${known.join()}|${values.join()}`
    const done = body.runs.get(key)
    if (done !== undefined && done !== 'running') return done
    if (done === 'running' || body.runs.size > maxContexts) return { exits: [], lateUse: call }
    body.runs.set(key, 'running')
    const startFacts = new Map(given)
    for (const [name, truth] of flags) startFacts.set(propertyFact(body.variable, name), truth)
    const run = runHelped({
      graph: body.graph,
      heldFromStart: true,
      startFacts,
      variable: body.variable,
      uses: body.uses,
      effects: new Map(),
      helpers: this.callsOf(body.reach, marks, query),
      flags: marks,
      checker: query.checker,
    })
    const wrong = run.findings.find(({ kind }) => !kind.startsWith('held-at'))
    const answer: HelperRun = wrong === undefined ? run : { ...run, lateUse: wrong.at ?? call }
    body.runs.set(key, answer)
    return answer
  }
}

function declaredBody({ isSync = false }: ReleasingFunction): DeclaredBody {
  return { reach: { calls: [], hasUnknown: false, isReleasing: true, isSync, marks: new Set() } }
}

function releasedAtEnd(flags: Flags): HelperRun {
  return {
    exits: [
      { isThrown: false, status: 'released', flags },
      { isThrown: true, status: 'held', flags },
    ],
  }
}

function waits(body: ts.ConciseBody): boolean {
  let isFound = ts.isAwaitExpression(body)
  walk(body, (node) => {
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined))
      isFound = true
    return !isFunctionWithBody(node)
  })
  return isFound
}

/** What the parameters of a call are known to be: literals, and variables of which the caller knows. */
function givenTo(
  callee: FunctionLike,
  call: ts.CallExpression | ts.NewExpression,
  truthOf: (argument: ts.Expression) => boolean | undefined,
  checker: ts.TypeChecker,
): ReadonlyMap<ts.Symbol, boolean> {
  const given = new Map<ts.Symbol, boolean>()
  const list = call.arguments ?? []
  if (list.some((argument) => ts.isSpreadElement(argument))) return given
  callee.parameters.forEach((parameter, index) => {
    if (!ts.isIdentifier(parameter.name) || parameter.dotDotDotToken !== undefined) return
    const argument = list[index]
    const symbol = checker.getSymbolAtLocation(parameter.name)
    const { initializer } = parameter
    const isLeftOut = argument === undefined || isUndefined(argument)
    const truth = isLeftOut ? (initializer === undefined ? false : literalOf(initializer)) : truthOf(argument)
    if (symbol !== undefined && truth !== undefined) given.set(symbol, truth)
  })
  return given
}

function isUndefined(expression: ts.Expression): boolean {
  return ts.isIdentifier(expression) && expression.text === 'undefined'
}

function literalOf({ kind }: ts.Expression): boolean | undefined {
  if (kind === ts.SyntaxKind.TrueKeyword) return true
  return kind === ts.SyntaxKind.FalseKeyword ? false : undefined
}

function joined(runs: readonly HelperRun[]): HelperRun {
  const [first, ...others] = runs
  if (first === undefined || others.length === 0) return first ?? { exits: [] }
  const exits = new Map<string, HelperExit>()
  for (const exit of runs.flatMap((run) => run.exits))
    exits.set(JSON.stringify([exit, [...exit.flags]]), exit)
  const lateUse = runs.find((run) => run.lateUse !== undefined)?.lateUse
  const leftover = runs.find((run) => run.leftover !== undefined)?.leftover
  return {
    exits: [...exits.values()],
    ...(lateUse === undefined ? {} : { lateUse }),
    ...(leftover === undefined ? {} : { leftover }),
  }
}
