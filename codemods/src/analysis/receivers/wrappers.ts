import ts from 'typescript'
import type { Dialect } from '../../model/dialect'
import type { AcquireCall } from '../connection/acquire-call'
import { returnFact } from './declared-types'
import type { NamedCall } from './find-acquires'
import { isNamed, type ReceiverTypes } from './receiver-types'
import { outermost, unwrapExpression, type FunctionLike } from '../syntax/syntax'
import type { Overrides } from '../modules/overrides'
import type { TypeFacts } from './type-facts'
import { membersAskedOf } from './use-evidence'
import { functionNode, isAsync, isPlain, isVisibleOutside } from './wrapper-functions'
import { wrapperFunctions, type WrapperFunction } from './wrapper-values'

/** The package's own functions that take a connection and return it, by whatever name. */
export class Wrappers {
  private readonly byFunction = new Map<FunctionLike, WrapperFunction>()
  private readonly names = new Map<string, WrapperFunction>()
  private readonly outside = new Map<ts.CallExpression, AcquireCall | undefined>()
  private readonly releasing = new Map<ts.SourceFile, Map<Dialect, boolean>>()

  private readonly facts: TypeFacts

  constructor(
    private readonly types: ReceiverTypes,
    private readonly dialects: readonly Dialect[],
    private readonly overrides: Pick<Overrides, 'of'>,
  ) {
    this.facts = types.facts
  }

  /** Learns the functions around the given calls; true when there was a new one, or more is known of one. */
  learn(acquires: readonly AcquireCall[]): boolean {
    let hasNew = false
    for (const wrapper of wrapperFunctions(acquires, this.facts)) {
      const { declaration, name, otherwise, promised } = wrapper
      const before = this.byFunction.get(declaration)
      if (before !== undefined && before.otherwise === otherwise && before.promised === promised) continue
      hasNew = true
      this.byFunction.set(declaration, wrapper)
      // Of two with one name, the one that always takes a connection says more of a call that nothing resolves.
      const named = this.names.get(name)
      if (named === undefined || named.declaration === declaration || otherwise === undefined)
        this.names.set(name, wrapper)
    }
    return hasNew
  }

  /** Names under which other files may call them. */
  exportedNames(): readonly string[] {
    const visible = [...this.byFunction.values()].filter(({ declaration }) => isVisibleOutside(declaration))
    return [...new Set(visible.map(({ name }) => name))]
  }

  /** The acquire that a call amounts to, when its name is no dialect's. */
  acquireOf(named: NamedCall): AcquireCall | undefined {
    return this.ofWrapper(named) ?? this.ofOutside(named)
  }

  /** What the call alone shows; the same in each round. */
  private ofOutside(named: NamedCall): AcquireCall | undefined {
    const { call } = named
    if (!this.outside.has(call))
      this.outside.set(call, this.ofDeclaredHandle(named) ?? this.ofPoolArgument(named))
    return this.outside.get(call)
  }

  private ofWrapper(named: NamedCall): AcquireCall | undefined {
    const byName = this.names.get(named.method)
    if (byName === undefined) return undefined
    const declaration = this.functionOf(named.call)
    const wrapper = declaration === undefined ? undefined : this.byFunction.get(declaration)
    if (wrapper !== undefined) return this.derivedCall(named, wrapper, declaration)
    // A method of that name on a receiver that nothing shows: how its result is given back does.
    if (declaration !== undefined || this.isResolved(named.call)) return undefined
    const asked = membersAskedOf(named.call, {}, this.facts.checker)
    return givesBack(byName.acquire.dialect, asked) ? this.derivedCall(named, byName, undefined) : undefined
  }

  private derivedCall(
    named: NamedCall,
    { acquire: inner, otherwise, promised }: WrapperFunction,
    declaration: FunctionLike | undefined,
  ): AcquireCall | undefined {
    if (inner.kind !== 'acquire') return undefined
    const isSync = inner.rule.isSync === true && !(declaration !== undefined && isAsync(declaration))
    const isMere = declaration !== undefined && isPlain(declaration, inner, this.facts.checker)
    const [rival] = isMere && !isSuper(named.receiver) ? this.overrides.of(declaration) : []
    return {
      ...named,
      kind: 'acquire',
      dialect: inner.dialect,
      rule: { method: named.method, ...(isSync ? { isSync } : {}) },
      via: {
        ...(declaration === undefined ? {} : { declaration, pool: inner.via?.pool ?? inner.receiver }),
        isPlain: isMere && rival === undefined,
        ...(rival === undefined ? {} : { overriddenBy: rival }),
        ...(this.isApi(named.method) ? { isApi: true } : {}),
        ...(otherwise === undefined ? {} : { otherwise }),
        ...(promised === undefined ? {} : { promised }),
      },
    }
  }

  private isApi(method: string): boolean {
    return this.dialects.some(({ acquire }) => acquire.some((rule) => rule.method === method))
  }

  /** `db.checkout()` whose declared result is a handle of a dialect, and is given back here. */
  private ofDeclaredHandle(named: NamedCall): AcquireCall | undefined {
    const { call } = named
    if (!ts.isAwaitExpression(outermost(call).parent)) return undefined
    const file = call.getSourceFile()
    const given = this.dialects.filter(
      (dialect) => dialect.handle?.types !== undefined && this.mentionsRelease(file, dialect),
    )
    if (given.length === 0) return undefined
    // Before its type, which costs more to find: what most awaited calls give is no more than looked into.
    const asked = membersAskedOf(call, {}, this.facts.checker)
    for (const dialect of given) {
      if (!givesBack(dialect, asked)) continue
      const [declaration] = this.facts.calleeOf(unwrapExpression(call.expression))
      if (declaration === undefined) return undefined
      const fact = returnFact(declaration, this.facts, 0)
      if (fact.kind !== 'external' || !isNamed(fact, dialect.handle?.types ?? [])) continue
      return {
        ...named,
        kind: 'acquire',
        dialect,
        rule: { method: named.method },
        via: { isPlain: false },
      }
    }
    return undefined
  }

  /** Asked for each call of a file, and read out of its text once. */
  private mentionsRelease(file: ts.SourceFile, dialect: Dialect): boolean {
    const known = this.releasing.get(file) ?? new Map<Dialect, boolean>()
    this.releasing.set(file, known)
    const isKnown = known.get(dialect)
    if (isKnown !== undefined) return isKnown
    const isMentioned = dialect.release.some(
      (rule) => rule.on === 'connection' && file.text.includes(`.${rule.method}(`),
    )
    known.set(dialect, isMentioned)
    return isMentioned
  }

  /** `await getConnection(pool)` of a function from outside the package: the pool that it gets shows whose connection it gives. */
  private ofPoolArgument(named: NamedCall): AcquireCall | undefined {
    const { call, method } = named
    const [pool] = call.arguments
    if (pool === undefined || call.arguments.length > 1 || !/(conn|connection|client)$/i.test(method))
      return undefined
    if (!ts.isAwaitExpression(outermost(call).parent)) return undefined
    const [, fact] = this.facts.calleeOf(unwrapExpression(call.expression))
    if (fact.kind !== 'external') return undefined
    const dialect = this.dialects.find(
      (one) => one.handle?.kind === 'node-postgres' && this.types.match(pool, one.receiver) === 'yes',
    )
    if (dialect === undefined) return undefined
    return { ...named, kind: 'acquire', dialect, rule: { method }, via: { isPlain: false } }
  }

  private functionOf(call: ts.CallExpression): FunctionLike | undefined {
    const [declaration] = this.facts.calleeOf(unwrapExpression(call.expression))
    return declaration === undefined ? undefined : functionNode(declaration, this.facts)
  }

  private isResolved(call: ts.CallExpression): boolean {
    const [declaration, fact] = this.facts.calleeOf(unwrapExpression(call.expression))
    return declaration !== undefined || fact.kind !== 'unknown' || !calledByMethod(call)
  }
}

function isSuper(receiver: ts.Expression): boolean {
  return unwrapExpression(receiver).kind === ts.SyntaxKind.SuperKeyword
}

function calledByMethod(call: ts.CallExpression): boolean {
  return ts.isPropertyAccessExpression(unwrapExpression(call.expression))
}

function givesBack(dialect: Dialect, asked: ReadonlySet<string>): boolean {
  return dialect.release.some((rule) => rule.on === 'connection' && asked.has(rule.method))
}
