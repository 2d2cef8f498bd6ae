import { isAbsolute, relative, resolve } from 'node:path'
import type { Rule } from 'eslint'
import { analyzePackage } from '../analysis/analyze-package'
import { mayHoldSite } from '../analysis/receivers/may-hold-site'
import { builtinDialects } from '../dialects/builtin-dialects'
import { dialectWords } from '../dialects/dialect-words'
import type { Dialect } from '../model/dialect'
import type { Site } from '../model/site'
import type { ConnectionsReference } from '../model/target'
import { resolveDialects } from '../project/resolve-dialects'
import { validateConfig } from '../project/validate-config'
import { toReference } from '../project/workspace'

/** What `settings.pgferry` holds: the object that `pgferry.config.ts` exports, or the parts of it that matter here. */
interface Known {
  readonly dialects: readonly Dialect[]
  readonly words: readonly string[]
  readonly packages: readonly { readonly directory: string; readonly connections?: ConnectionsReference }[]
}

const knownBySettings = new WeakMap<object, Known>()
const sitesBySource = new WeakMap<object, readonly Site[]>()

/**
 * The sites of the file that is being linted, analysed once for all rules. Types are followed by imports and annotations, one file
 * around: what only the whole program's types decide is for `pgferry check`.
 *
 * @throws CodemodError `CONFIG_INVALID` for mistakes in `settings.pgferry`.
 */
export function sitesOf(context: Rule.RuleContext): readonly Site[] {
  const { sourceCode } = context
  const known = sitesBySource.get(sourceCode)
  if (known !== undefined) return known
  const sites = analyze(context)
  sitesBySource.set(sourceCode, sites)
  return sites
}

function analyze({ sourceCode, filename, cwd, settings }: Rule.RuleContext): readonly Site[] {
  const path = resolve(cwd, filename)
  const { text } = sourceCode
  const known = knowledgeOf(settings['pgferry'], cwd)
  if (!/\.[cm]?[jt]sx?$/.test(path) || !mayHoldSite(text, known.words)) return []
  const owner = known.packages.find(({ directory }) => isBelow(path, directory))
  const directory = owner?.directory ?? cwd
  const source = { path, relativePath: relative(directory, path), text }
  return analyzePackage({ name: '', path: directory, files: [source] }, known.dialects, {
    ...(owner?.connections === undefined ? {} : { connections: owner.connections }),
  }).files.flatMap((file) => file.sites.map(({ site }) => site))
}

const nothing = {}

function knowledgeOf(settings: unknown, cwd: string): Known {
  const key = typeof settings === 'object' && settings !== null ? settings : nothing
  const known = knownBySettings.get(key)
  if (known !== undefined) return known
  const ids = builtinDialects.map(({ id }) => id)
  const config = validateConfig({ packages: [], ...(settings ?? {}) }, 'settings.pgferry', ids)
  const dialects = resolveDialects(config.dialects, builtinDialects)
  const found: Known = {
    dialects,
    words: dialectWords(dialects),
    packages: config.packages
      .map(({ path, connections }) => ({
        directory: resolve(cwd, path),
        ...(connections === undefined ? {} : { connections: toReference(connections) }),
      }))
      // The innermost package owns a file.
      .sort((a, b) => b.directory.length - a.directory.length),
  }
  knownBySettings.set(key, found)
  return found
}

function isBelow(path: string, directory: string): boolean {
  const inner = relative(directory, path)
  return !inner.startsWith('..') && !isAbsolute(inner)
}
