import ts from 'typescript'
import type { Dialect } from '../model/dialect'
import { reasonAdvice, type Site } from '../model/site'
import type { PackageSources, SourceText } from '../model/source'
import type { ConnectionsReference } from '../model/target'
import type { DeclarationCache } from '../project/declaration-cache'
import type { AcquireCall } from './connection/acquire-call'
import type { CalleeSummaries } from './calls/callee-summary'
import { describeSites } from './judge/describe-sites'
import { findHidden, withHidden } from './hidden/find-hidden'
import { followHelpers } from './calls/follow-helpers'
import { withinReach, type KnownDrivers } from './judge/foreign-handle'
import { withOneDatabase } from './judge/one-database'
import { sitesByFunction, withOnePool } from './judge/one-pool'
import { judgeSite } from './judge/judge-site'
import type { Judgement } from './judge/judgement'
import { locateAcquires } from './receivers/locate-acquires'
import type { AnalyzedSite, FileAnalysis, PackageAnalysis } from './judge/package-analysis'
import { parsePackage, type ParsedPackage } from './modules/parse-package'
import { throughPoolTaker } from './calls/pool-taker'
import { gatherFacts, type GraphCache, type SiteFacts } from './calls/site-facts'
import { enclosingName, siteId } from './connection/site-id'
import { positionOf } from './syntax/syntax'

export type { AnalyzedSite, FileAnalysis, PackageAnalysis } from './judge/package-analysis'

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
  const { byFile, wrapperNames, suggestions, ...drivers } = locateAcquires(parsed, sources, dialects, {
    readDisk: options.readDisk ?? true,
    ...(options.connections === undefined ? {} : { connections: options.connections }),
    ...(options.declarations === undefined ? {} : { declarations: options.declarations }),
  })
  const summaries = followHelpers([...byFile.values()].flat(), parsed)
  const files = [...byFile].flatMap(([source, acquires]) => {
    const sourceFile = parsed.sourceFile(source.path)
    return sourceFile === undefined
      ? []
      : [
          analyzeFile(
            source,
            sourceFile,
            acquires.map((one) => throughPoolTaker(one, summaries.called, parsed.checker)),
            parsed,
            sources.path,
            summaries,
            drivers,
          ),
        ]
  })
  const described = describeSites(withOneDatabase(files, parsed.checker), parsed.checker)
  return {
    wrapperNames,
    suggestions: [...suggestions.values()].flat(),
    files: withHidden(described, findHidden(described, summaries.called, parsed)),
  }
}

function analyzeFile(
  source: SourceText,
  sourceFile: ts.SourceFile,
  acquires: readonly AcquireCall[],
  parsed: ParsedPackage,
  packagePath: string,
  summaries: CalleeSummaries,
  drivers: KnownDrivers,
): FileAnalysis {
  const graphs: GraphCache = new Map()
  const tracked = new Set<string>()
  const track = (node: ts.Node): void => {
    // Names of variables are few beside all identifiers: tracking them all keeps one graph a function.
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) tracked.add(node.name.text)
    ts.forEachChild(node, track)
  }
  if (acquires.length > 0) track(sourceFile)
  const facts = acquires.map((acquire) => gatherFacts(acquire, parsed.checker, graphs, tracked, summaries))
  const besideOf = sitesByFunction(facts)
  const ordinals = new Map<string, number>()
  const sites = facts.map((one): AnalyzedSite => {
    const key = `${enclosingName(one.acquire.call)}|${one.acquire.dialect.id}|${one.acquire.method}`
    const ordinal = ordinals.get(key) ?? 0
    ordinals.set(key, ordinal + 1)
    const judged = withinReach(judgeSite(one, parsed.checker, facts), one, drivers)
    const judgement = withOnePool(judged, one, besideOf(one), parsed.checker)
    return {
      site: siteOf(source, one.acquire, judgement, ordinal, one),
      facts: one,
      ...(judgement.plan === undefined ? {} : { plan: judgement.plan }),
      ...(judgement.unmended === undefined ? {} : { unmended: judgement.unmended }),
    }
  })
  return {
    source,
    sourceFile,
    checker: parsed.checker,
    packagePath,
    sites,
    hiddenDependencies: [],
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
    ...(reason === undefined ? {} : { reason, advice: judgement.advice ?? reasonAdvice[reason] }),
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
