import { refusedSite } from '../model/refused-site'
import type { PackageReport, Site } from '../model/site'
import type { RewriteTarget } from '../model/target'
import { applyTextEdits } from '../model/text-edit'
import type { TextEdit } from '../model/text-edit'
import { createSpecifiers } from '../project/connections-module'
import type { DeclarationCache } from '../project/declaration-cache'
import type { TypeProblem } from '../project/checked-program'
import { createTypeComparison, findSyntaxErrors } from '../project/type-check'
import type { TypeComparison } from '../project/type-check'
import type { AnalyzedFile } from './knowledge'
import { siteAtOffset } from './site-at-offset'
import { toPackageReport } from './scan-package'
import type { ScannedPackage } from './scan-package'
import type { FileChange } from './write-run'

export interface PackagePlan {
  readonly report: PackageReport
  readonly changes: readonly FileChange[]
  readonly notes: readonly string[]
}

interface FileRewrite {
  readonly file: AnalyzedFile
  readonly edits: readonly TextEdit[]
  readonly sites: readonly Site[]
  readonly text: string
}

/**
 * Computes every edit of one package and checks the result: it must parse, and where the package has a tsconfig it must
 * bring in no type error. A site that fails is left alone, reported as `type-error`, and the rest is planned again.
 */
export function planPackage(
  scanned: ScannedPackage,
  target: RewriteTarget,
  options: { readonly isTypeChecked: boolean; readonly declarations?: DeclarationCache },
): PackagePlan {
  const types = options.isTypeChecked ? typesOf(scanned, options.declarations) : undefined
  const { connections } = target
  const from = connections.kind === 'import' ? connections.from : ''
  const specifierFor = createSpecifiers(from, scanned.loaded.sources)
  /** Site id to the message that speaks against it. */
  const refused = new Map<string, string>()
  for (let round = 0; ; round++) {
    const rewrites = scanned.files.map((file) =>
      rewriteOne(file, targetFor(file.source.path, target, specifierFor), refused),
    )
    const changed = rewrites.filter((rewrite) => rewrite.edits.length > 0)
    const { problems, notes } = check(scanned, changed, types)
    const before = refused.size
    for (const problem of problems) refuse(problem, changed, refused, round)
    if (problems.length === 0) return toPlan(scanned, rewrites, refused, notes)
    if (refused.size === before) {
      // the edits that remain belong to no site: a defect, so nothing of this package is written
      throw new Error(
        `${scanned.target.name}: edits without a site do not type-check: ${problems[0]?.message ?? ''}`,
      )
    }
  }
}

function typesOf(scanned: ScannedPackage, declarations?: DeclarationCache): TypeComparison | undefined {
  const { tsconfigPath, files } = scanned.loaded.sources
  return tsconfigPath === undefined
    ? undefined
    : createTypeComparison(
        tsconfigPath,
        files.map(({ path }) => path),
        declarations,
      )
}

function rewriteOne(
  file: AnalyzedFile,
  target: RewriteTarget,
  refused: ReadonlyMap<string, string>,
): FileRewrite {
  const { edits, sites } = file.rewrite(target, new Set(refused.keys()))
  return { file, edits, sites, text: applyTextEdits(file.source.text, edits) }
}

/** Node 20 cannot parse `await using`, and nobody compiles a plain JavaScript file: it gets the callback form. */
function targetFor(
  path: string,
  target: RewriteTarget,
  specifierFor: (file: string) => string,
): RewriteTarget {
  const style = isJavaScript(path) && target.style === 'await-using' ? 'callback' : target.style
  const { connections } = target
  return connections.kind === 'expression'
    ? { ...target, style }
    : { ...target, style, connections: { ...connections, from: specifierFor(path) } }
}

function isJavaScript(path: string): boolean {
  return /\.[cm]?jsx?$/.test(path)
}

function check(
  scanned: ScannedPackage,
  changed: readonly FileRewrite[],
  types: TypeComparison | undefined,
): { readonly problems: readonly TypeProblem[]; readonly notes: readonly string[] } {
  const broken = changed.flatMap(({ file, text }) =>
    findSyntaxErrors(file.source.path, text).map((message) => ({
      path: file.source.path,
      start: -1,
      code: 0,
      message,
    })),
  )
  if (broken.length > 0 || types === undefined || changed.length === 0) return { problems: broken, notes: [] }
  const { introduced, existingCount } = types.compare(
    new Map(changed.map(({ file, text }) => [file.source.path, text])),
  )
  const errors = existingCount === 1 ? '1 type error was' : `${String(existingCount)} type errors were`
  const note = `${scanned.target.name}: ${errors} there before; none was added`
  return { problems: introduced, notes: existingCount > 0 ? [note] : [] }
}

/** What the compiler says under noUnusedLocals and noUnusedParameters. */
const unusedNames: readonly number[] = [6133, 6138, 6192, 6196, 6198, 6199]

const unusedAdvice =
  '. This is the last use of that name and the package refuses unused ones: rewrite the site by hand and remove the name with it, or switch noUnusedLocals off, migrate and clean up after.'

/**
 * Blames a rewritten site of the same function; where there is none the nearest, and when that did not help every site of the file. An error
 * in a file that was not changed speaks against the whole package.
 */
function refuse(
  problem: TypeProblem,
  changed: readonly FileRewrite[],
  refused: Map<string, string>,
  round: number,
): void {
  const code = problem.code === 0 ? '' : `TS${String(problem.code)}: `
  const message = `${code}${problem.message}${unusedNames.includes(problem.code) ? unusedAdvice : ''}`
  const own = changed.find(({ file }) => file.source.path === problem.path)
  const nearest = own && siteAtOffset(own, problem.start)
  const blamed =
    nearest !== undefined && (round === 0 || nearest.isInside)
      ? [nearest.site]
      : (own === undefined ? changed : [own]).flatMap(({ sites }) => rewrittenOf(sites))
  for (const site of blamed) if (!refused.has(site.id)) refused.set(site.id, message)
}

function rewrittenOf(sites: readonly Site[]): readonly Site[] {
  return sites.filter((site) => site.verdict === 'rewritten')
}

function toPlan(
  scanned: ScannedPackage,
  rewrites: readonly FileRewrite[],
  refused: ReadonlyMap<string, string>,
  notes: readonly string[],
): PackagePlan {
  const sites = rewrites.flatMap((rewrite) =>
    rewrite.sites.map((site) => withRefusal(site, refused.get(site.id))),
  )
  const changes = rewrites
    .filter(({ edits, file, text }) => edits.length > 0 && text !== file.source.text)
    .map(({ file, text }) => ({
      package: scanned.target.name,
      path: file.source.relativePath,
      before: Buffer.from(file.source.text),
      after: Buffer.from(text),
    }))
  return { report: toPackageReport(scanned.target, scanned.report.files, sites), changes, notes }
}

function withRefusal(site: Site, message: string | undefined): Site {
  if (message === undefined) return site
  const advice = `After the rewrite this file would no longer type-check: ${message}`
  return refusedSite(site, 'type-error', advice)
}
