import { ts } from 'ts-morph'
import { connectionService } from '../dialects/connection-service'
import type { Dialect } from '../model/dialect'
import { reasonAdvice, type Site } from '../model/site'
import type { PackageSources, SourceText } from '../model/source'
import type { ConnectionsReference } from '../model/target'
import type { DeclarationCache } from '../project/declaration-cache'
import { serviceDialectId, type AcquireCall } from './acquire-call'
import { CheckedReceivers } from './checked-receivers'
import { isConnections } from './connections-reference'
import { findAcquires, type ReceiverDecision } from './find-acquires'
import { concurrencyLabels } from './concurrency'
import { judgeSite } from './judge-site'
import type { Judgement, RewritePlan } from './judgement'
import { parsePackage, type ParsedPackage, type ParseError } from './parse-package'
import { ReceiverTypes } from './receiver-types'
import { gatherFacts, type GraphCache, type SiteFacts } from './site-facts'
import { enclosingName, siteId } from './site-id'
import { positionOf } from './syntax'

export interface PackageAnalysis {
  readonly files: readonly FileAnalysis[]
}

export interface FileAnalysis {
  readonly source: SourceText
  readonly sites: readonly AnalyzedSite[]
  readonly parseErrors: readonly ParseError[]
  /** For rewriters. */
  readonly sourceFile: ts.SourceFile
  readonly checker: ts.TypeChecker
  readonly packagePath: string
}

export interface AnalyzedSite {
  readonly site: Site
  readonly facts: SiteFacts
  /** There when the verdict is `rewritable`, and when a `leak` can be mended by rewriting it. */
  readonly plan?: RewritePlan
}

export interface AnalyzeOptions {
  /** How the package reaches the service: sites on it are recognised by this too, not by its type alone. */
  readonly connections?: ConnectionsReference
  /** Whether imports may be followed into files on disk (default true). */
  readonly readDisk?: boolean
  /** Declaration files that other packages of the same run have parsed. */
  readonly declarations?: DeclarationCache
}

/** Every site of the package, each with one verdict. Reads the files only; asks the full type checker only where it must. */
export function analyzePackage(
  sources: PackageSources,
  dialects: readonly Dialect[],
  options: AnalyzeOptions = {},
): PackageAnalysis {
  const parsed = parsePackage(sources, options.readDisk ?? true)
  const all = [connectionService, ...dialects]
  const decide = declaredDecision(parsed, sources.path, options.connections)
  const undecided: SourceText[] = []
  const found = new Map<SourceText, AcquireCall[]>()
  for (const source of sources.files) {
    const sourceFile = parsed.sourceFile(source.path)
    if (sourceFile === undefined) continue
    const result = findAcquires(sourceFile, all, decide)
    found.set(source, result.found)
    if (result.undecided) undecided.push(source)
  }
  if (undecided.length > 0 && sources.tsconfigPath !== undefined && options.readDisk !== false) {
    const checked = new CheckedReceivers(
      sources.tsconfigPath,
      sources.files,
      undecided.map((source) => source.path),
      options.declarations,
    )
    for (const source of undecided) {
      const sourceFile = parsed.sourceFile(source.path)
      if (sourceFile === undefined) continue
      const decideFully: ReceiverDecision = (receiver, dialect) => {
        const decision = decide(receiver, dialect)
        return decision === 'unknown' ? checked.match(receiver, dialect.receiver) : decision
      }
      found.set(source, findAcquires(sourceFile, all, decideFully).found)
    }
  }
  return {
    files: [...found].flatMap(([source, acquires]) => {
      const sourceFile = parsed.sourceFile(source.path)
      return sourceFile === undefined ? [] : [analyzeFile(source, sourceFile, acquires, parsed, sources.path)]
    }),
  }
}

function declaredDecision(
  parsed: ParsedPackage,
  packagePath: string,
  connections?: ConnectionsReference,
): ReceiverDecision {
  const types = new ReceiverTypes(parsed)
  return (receiver, dialect) => {
    if (
      dialect.id === serviceDialectId &&
      connections !== undefined &&
      isConnections(receiver, connections, packagePath, parsed.checker)
    )
      return 'yes'
    return types.match(receiver, dialect.receiver)
  }
}

function analyzeFile(
  source: SourceText,
  sourceFile: ts.SourceFile,
  acquires: readonly AcquireCall[],
  parsed: ParsedPackage,
  packagePath: string,
): FileAnalysis {
  const graphs: GraphCache = new Map()
  const tracked = new Set<string>()
  ts.forEachChild(sourceFile, function visit(node): void {
    // Names of variables are few beside all identifiers: tracking them all keeps one graph a function.
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) tracked.add(node.name.text)
    ts.forEachChild(node, visit)
  })
  const facts = acquires.map((acquire) => gatherFacts(acquire, parsed.checker, graphs, tracked))
  const ordinals = new Map<string, number>()
  const sites = facts.map((one): AnalyzedSite => {
    const key = `${enclosingName(one.acquire.call)}|${one.acquire.dialect.id}|${one.acquire.method}`
    const ordinal = ordinals.get(key) ?? 0
    ordinals.set(key, ordinal + 1)
    const judgement = judgeSite(one, parsed.checker)
    const labels = [...(judgement.labels ?? []), ...concurrencyLabels(one, facts, parsed.checker)]
    return {
      site: siteOf(
        source,
        one.acquire,
        { ...judgement, ...(labels.length > 0 ? { labels } : {}) },
        ordinal,
        one,
      ),
      facts: one,
      ...(judgement.plan === undefined ? {} : { plan: judgement.plan }),
    }
  })
  return {
    source,
    sourceFile,
    checker: parsed.checker,
    packagePath,
    sites,
    parseErrors: parsed.parseErrors(sourceFile),
  }
}

function siteOf(
  source: SourceText,
  acquire: AcquireCall,
  judgement: Judgement,
  ordinal: number,
  facts: SiteFacts,
): Site {
  const { verdict, shape, reason, witness, labels } = judgement
  return {
    id: siteId(source.relativePath, acquire, ordinal),
    file: source.relativePath,
    ...positionOf(acquire.call),
    dialect: acquire.dialect.id,
    api: apiOf(acquire, facts),
    shape,
    verdict,
    ...(reason === undefined ? {} : { reason, advice: reasonAdvice[reason] }),
    ...(witness === undefined ? {} : { witness }),
    ...(labels === undefined ? {} : { labels }),
  }
}

/** `getconn/putconn`; the release that the site uses, or the first that its dialect knows. */
function apiOf(acquire: AcquireCall, facts: SiteFacts): string {
  if (acquire.kind === 'scoped' || facts.usingDeclaration !== undefined) return acquire.method
  const release = facts.releases[0]?.rule.method ?? acquire.dialect.release[0]?.method
  return release === undefined ? acquire.method : `${acquire.method}/${release}`
}
