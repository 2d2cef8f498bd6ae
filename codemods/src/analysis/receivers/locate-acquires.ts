import ts from 'typescript'
import { connectionService } from '../../dialects/connection-service'
import type { Dialect } from '../../model/dialect'
import type { DialectSuggestion } from '../../model/dialect-suggestion'
import type { PackageSources, SourceText } from '../../model/source'
import type { ConnectionsReference } from '../../model/target'
import type { DeclarationCache } from '../../project/declaration-cache'
import { serviceDialectId, type AcquireCall } from '../connection/acquire-call'
import { CheckedReceivers } from './checked-receivers'
import { isConnections } from '../connection/connections-reference'
import { findAcquires, isBareCall, namedCalls, type AcquireDecision, type NamedCall } from './find-acquires'
import { givesHandle } from './handle-types'
import { isOtherServerOnly, isPostgresOnly, knownModules } from '../connection/known-modules'
import { Overrides } from '../modules/overrides'
import type { ParsedPackage } from '../modules/parse-package'
import { madeResource } from './made-resource'
import { serviceOfPoolFace } from '../connection/pool-face'
import { isNamed, ReceiverTypes } from './receiver-types'
import { suggestDialects } from './suggest-dialects'
import { outermost } from '../syntax/syntax'
import { isEvident, sendsStatements } from './use-evidence'
import { Wrappers } from './wrappers'

export interface LocateOptions {
  readonly connections?: ConnectionsReference
  readonly readDisk: boolean
  readonly declarations?: DeclarationCache
}

export interface LocatedAcquires {
  /** In source order, file by file. */
  readonly byFile: ReadonlyMap<SourceText, readonly AcquireCall[]>
  /** The package's own functions that give a connection, by the names under which other files may call them. */
  readonly wrapperNames: readonly string[]
  /** What looks like an API that no dialect knows. */
  readonly suggestions: ReadonlyMap<SourceText, readonly DialectSuggestion[]>
  /** Whether the package knows the driver of PostgreSQL, and no other database's. */
  readonly isPostgresOnly: () => boolean
  /** Whether it knows that of another server, and none of PostgreSQL's. */
  readonly isOtherServerOnly: () => boolean
}

/** How often a function that returns what another one took is followed. */
const maxRounds = 4

/**
 * Every call of the package that takes a connection. The declarations of the package are asked first, then the full type checker where
 * they do not decide, then the way in which the result is used; last come the calls of functions that hand on what they took.
 */
export function locateAcquires(
  parsed: ParsedPackage,
  sources: PackageSources,
  dialects: readonly Dialect[],
  options: LocateOptions,
): LocatedAcquires {
  const all = [connectionService, ...dialects]
  const types = new ReceiverTypes(parsed)
  const decide = declaredDecision(types, parsed, sources.path, options.connections)
  const calls = new Map<SourceText, readonly NamedCall[]>()
  const byFile = new Map<SourceText, readonly AcquireCall[]>()
  const undecided: SourceText[] = []
  for (const source of sources.files) {
    const sourceFile = parsed.sourceFile(source.path)
    if (sourceFile === undefined) continue
    const named = namedCalls(sourceFile)
    const result = withResources(findAcquires(named, all, decide), types)
    calls.set(source, named)
    byFile.set(source, result.found)
    if (result.isUndecided) undecided.push(source)
  }
  let known: ReadonlySet<string> | undefined
  const modules = (): ReadonlySet<string> =>
    (known ??= knownModules(
      sources.files.flatMap(({ path }) => parsed.sourceFile(path) ?? []),
      sources.path,
      options.readDisk,
    ))
  const decideFully = fullDecision(decide, parsed, sources, undecided, options, modules)
  for (const source of undecided)
    byFile.set(source, withResources(findAcquires(calls.get(source) ?? [], all, decideFully), types).found)
  const wrappers = new Wrappers(types, dialects, new Overrides(parsed))
  const direct = new Map(byFile)
  for (let round = 0; round < maxRounds; round++) {
    const hasNew = wrappers.learn([...byFile.values()].flat())
    if (!hasNew && round > 0) break
    for (const [source, named] of calls)
      byFile.set(source, withDerived(direct.get(source) ?? [], named, wrappers))
  }
  return {
    byFile,
    suggestions: new Map(
      [...calls].map(([source, named]) => {
        const taken = new Set((byFile.get(source) ?? []).map(({ call }) => call))
        return [source, suggestDialects(source, named, taken, parsed.checker)] as const
      }),
    ),
    wrapperNames: wrappers.exportedNames(),
    isPostgresOnly: () => isPostgresOnly(modules()),
    isOtherServerOnly: () => isOtherServerOnly(modules()),
  }
}

type Found = ReturnType<typeof findAcquires>

/** A pool of anything is a site only where it keeps connections, as its factory shows, or statements that are sent through one. */
function withResources({ found, isUndecided }: Found, types: ReceiverTypes): Found {
  const kept = found.flatMap((acquire) => {
    const { handle } = acquire.dialect
    if (handle?.kind !== 'made') return [acquire]
    const resource = madeResource(acquire.receiver, types.facts)
    if (resource.kind === 'external' && isNamed(resource, handle.types ?? []))
      return [{ ...acquire, isPostgres: true }]
    if (resource.kind !== 'unknown' && resource.kind !== 'either') return []
    if (givesHandle(acquire, types.facts)) return [acquire]
    return sendsStatements(acquire, types.facts.checker) ? [acquire] : []
  })
  return { found: kept, isUndecided }
}

function withDerived(
  found: readonly AcquireCall[],
  named: readonly NamedCall[],
  wrappers: Wrappers,
): readonly AcquireCall[] {
  const taken = new Set(found.map(({ call }) => call))
  const derived = named.flatMap((one) => (taken.has(one.call) ? [] : (wrappers.acquireOf(one) ?? [])))
  if (derived.length === 0) return found
  return [...found, ...derived].sort((a, b) => a.call.getStart() - b.call.getStart())
}

function declaredDecision(
  types: ReceiverTypes,
  parsed: ParsedPackage,
  packagePath: string,
  connections?: ConnectionsReference,
): AcquireDecision {
  const matchOf: AcquireDecision = (candidate) => {
    const { dialect } = candidate
    const face = dialect.id === serviceDialectId ? serviceOfPoolFace(candidate.receiver) : undefined
    if (dialect.id === serviceDialectId && (candidate.method === 'connect') !== (face !== undefined))
      return 'no'
    const receiver = face ?? candidate.receiver
    if (isBareCall(candidate)) return types.matchModule(receiver as ts.Identifier, dialect.receiver)
    const isService =
      dialect.id === serviceDialectId &&
      connections !== undefined &&
      isConnections(receiver, connections, packagePath, parsed.checker)
    if (isService) return 'yes'
    const match = types.match(receiver, dialect.receiver)
    return match === 'yes' || !givesHandle(candidate, types.facts) ? match : 'yes'
  }
  return (candidate) => {
    const match = matchOf(candidate)
    // Last, because it takes the type of a call.
    return match !== 'no' && isCurried(candidate, parsed.checker) ? 'no' : match
  }
}

/** `withConnection(log, work)(client)`: what the call gives is a function that somebody calls later; a scope has run its work. */
function isCurried({ kind, call }: AcquireCall, checker: ts.TypeChecker): boolean {
  if (kind !== 'scoped' || isForItsWork(call)) return false
  const declared = checker.getTypeAtLocation(call.expression).getCallSignatures()
  if (declared.every((signature) => !mayBeFunction(signature.getReturnType()))) return false
  return checker.getTypeAtLocation(call).getCallSignatures().length > 0
}

/** By what is declared alone: which of the signatures is meant, and what it returns to these arguments, costs far more to find. */
function mayBeFunction(type: ts.Type): boolean {
  const { Instantiable, UnionOrIntersection } = ts.TypeFlags
  return (type.flags & (Instantiable | UnionOrIntersection)) !== 0 || type.getCallSignatures().length > 0
}

/** Awaited, followed by `.then()` or dropped: it is called for what it does. Seen without its type, which costs far more to find. */
function isForItsWork(call: ts.CallExpression): boolean {
  const value = outermost(call)
  const { parent } = value
  return (
    ts.isAwaitExpression(parent) ||
    ts.isExpressionStatement(parent) ||
    ts.isVoidExpression(parent) ||
    (ts.isPropertyAccessExpression(parent) && ['then', 'catch', 'finally'].includes(parent.name.text))
  )
}

function fullDecision(
  decide: AcquireDecision,
  parsed: ParsedPackage,
  sources: PackageSources,
  undecided: readonly SourceText[],
  options: LocateOptions,
  modules: () => ReadonlySet<string>,
): AcquireDecision {
  const checked =
    sources.tsconfigPath === undefined || !options.readDisk
      ? undefined
      : new CheckedReceivers(
          sources.tsconfigPath,
          sources.files,
          undecided.map(({ path }) => path),
          options.declarations,
        )
  return (candidate) => {
    const { dialect, receiver } = candidate
    const declared = decide(candidate)
    if (declared === 'yes' || declared === 'no') return declared
    const match =
      checked !== undefined && isWorthAsking(candidate) ? checked.match(receiver, dialect.receiver) : declared
    if (match !== 'unknown' || dialect.evidence === undefined) return match
    // What may be something else by its declaration is not made certain by its use.
    if (declared === 'doubtful') return 'doubtful'
    return isEvident(candidate, dialect.evidence, modules(), parsed.checker) ? 'yes' : 'no'
  }
}

/**
 * A connection that is taken and dropped is rare, a client that is told to connect is not: where nobody looks at the result, only a
 * receiver with the name of a database is worth a type checker.
 */
function isWorthAsking({ call, receiver }: AcquireCall): boolean {
  const value = ts.isAwaitExpression(call.parent) ? call.parent : call
  return !ts.isExpressionStatement(value.parent) || /pool|pg|postgres|database|db/i.test(receiver.getText())
}
