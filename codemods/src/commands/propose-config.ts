import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PackageFindings } from '../engine/run-package'
import { mergeSuggestions, suggestedDialect } from '../model/dialect-suggestion'
import type { WorkspacePackage } from '../project/workspace'

interface ProposedPackage {
  readonly name: string
  readonly path: string
  readonly sites: number
  /** Ids of the dialects found, most frequent first. */
  readonly dialects: readonly string[]
}

export interface ConfigProposal {
  readonly text: string
  /** Those with at least one site, by path. */
  readonly packages: readonly ProposedPackage[]
}

/**
 * The text of a `pgferry.config.ts` for what a scan found. When nothing was found every package is in it, and all of `knownDialects`: what
 * is declared there is looked for in them.
 */
export function proposeConfig(
  scanned: readonly Pick<PackageFindings, 'target' | 'report' | 'suggestions'>[],
  knownDialects: readonly string[],
): ConfigProposal {
  const withSites = scanned.filter((entry) => entry.report.sites.length > 0)
  const listed = withSites.length > 0 ? withSites : scanned
  const names = shortNames(listed.map(({ target }) => target))
  const proposed = listed.map(({ target, report }, position) => ({
    name: names[position] ?? target.name,
    path: target.path,
    sites: report.sites.length,
    dialects: dialectsByFrequency(
      report.sites.map((site) => site.dialect),
      knownDialects,
    ),
  }))
  const used = knownDialects.filter((id) => proposed.some(({ dialects }) => dialects.includes(id)))
  const text = [
    "import { defineConfig } from '@pgferry/codemods'",
    '',
    'export default defineConfig({',
    '  packages: [',
    ...listed.flatMap(({ target }, position) => entryLines(target, proposed[position])),
    '  ],',
    '  // Built-in dialects by name; describe an API of your own as an object beside them.',
    ...mergeSuggestions(scanned.flatMap(({ suggestions }) => suggestions ?? [])).map(
      (one) => `  // ${one.file}:${String(one.line)} looks like one: ${suggestedDialect(one)}`,
    ),
    `  dialects: [${(used.length > 0 ? used : knownDialects).map(quote).join(', ')}],`,
    '})',
    '',
  ].join('\n')
  return { text, packages: proposed.filter(({ sites }) => sites > 0) }
}

function entryLines(target: WorkspacePackage, entry: ProposedPackage | undefined): string[] {
  if (entry === undefined) return []
  const module = connectionsModule(target)
  return [
    entry.sites === 0
      ? '    // no site of a known API'
      : `    // ${String(entry.sites)} ${entry.sites === 1 ? 'site' : 'sites'}: ${entry.dialects.join(', ')}`,
    '    {',
    `      name: ${quote(entry.name)},`,
    `      path: ${quote(entry.path)},`,
    `      component: ${quote(entry.name)}, // its flag`,
    "      purpose: 'general', // first argument of the new calls; any other must be among the service's purposes",
    "      stage: 'legacy', // 'migrated' makes `pgferry check` refuse legacy call sites",
    module.exists
      ? `      // ${module.from} exists: let it export the connection service under this name, or change both`
      : `      // placeholder: write this module, it exports the connection service; or { expression: 'this.connections' }`,
    `      connections: { import: 'connections', from: ${quote(module.from)} },`,
    '    },',
  ]
}

/** The module that most probably knows the database, or the place where one would be expected. */
function connectionsModule(target: WorkspacePackage): { readonly from: string; readonly exists: boolean } {
  const folders = existsSync(join(target.directory, 'src')) ? ['./src', '.'] : ['.']
  const stems = ['connections', 'database', 'db', 'database/index', 'db/index', 'lib/database', 'lib/db']
  for (const folder of folders) {
    for (const stem of stems) {
      const isThere = ['ts', 'mts', 'js', 'mjs', 'cjs'].some((extension) =>
        existsSync(join(target.directory, folder, `${stem}.${extension}`)),
      )
      if (isThere) return { from: `${folder}/${stem.replace(/\/index$/, '')}`, exists: true }
    }
  }
  return { from: `${folders[0] ?? '.'}/database`, exists: false }
}

/** Names without their scope, where that is still unique. */
function shortNames(targets: readonly WorkspacePackage[]): string[] {
  const short = targets.map(({ name }) => name.replace(/^@[^/]+\//, ''))
  return targets.map(({ name }, position) => {
    const candidate = short[position] ?? name
    return short.filter((other) => other === candidate).length === 1 ? candidate : name
  })
}

function dialectsByFrequency(ids: readonly string[], known: readonly string[]): string[] {
  const count = (id: string): number => ids.filter((other) => other === id).length
  return known.filter((id) => ids.includes(id)).sort((a, b) => count(b) - count(a))
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`
}
