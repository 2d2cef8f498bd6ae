import type { AnalyzedFile, Knowledge } from '../../../../codemods/src/engine/knowledge'
import { nodeFileOperations } from '../../../../codemods/src/engine/file-operations'
import type { Site } from '../../../../codemods/src/model/site'
import type { SourceText } from '../../../../codemods/src/model/source'
import type { RewriteTarget } from '../../../../codemods/src/model/target'
import type { WorkspaceDeps } from '../../../support/temp-workspace'

/**
 * A toy language of call sites, so that the engine is tested without the analysis: `legacyTake(n)` is rewritten to
 * `serviceTake(n)`. 0 is a leak, 1 needs a person; 13 turns into a type error, 14 into a syntax error.
 */
export const stubKnowledge: Knowledge = {
  builtinDialects: [
    { id: 'stub', receiver: {}, acquire: [{ method: 'legacyTake' }], release: [], scoped: [] },
    { id: 'other', receiver: {}, acquire: [{ method: 'otherTake' }], release: [], scoped: [] },
  ],
  words: (dialects) => [
    ...dialects.flatMap((dialect) => dialect.acquire.map(({ method }) => method)),
    'serviceTake',
  ],
  analyze: (sources) => sources.files.map(analyzeFile),
}

export const stubDeps: WorkspaceDeps = {
  knowledge: stubKnowledge,
  files: nodeFileOperations,
  processId: 4242,
  isProcessAlive: () => false,
  now: () => new Date(0),
}

function analyzeFile(source: SourceText): AnalyzedFile {
  const broken = source.text.indexOf('<<<')
  const matches = [...source.text.matchAll(/(legacyTake|serviceTake)\((\d+)\)/g)]
  const sites = matches.map((match, ordinal) => siteOf(source, match, ordinal))
  return {
    source,
    sites,
    parseErrors: broken === -1 ? [] : [{ ...positionAt(source.text, broken), message: 'unexpected "<<<"' }],
    rewrite(target, skip) {
      const provable = matches.flatMap((match, ordinal) => {
        const site = sites[ordinal]
        return site?.verdict === 'rewritable' && !skip.has(site.id) ? [{ match, site }] : []
      })
      return {
        edits: provable.map(({ match }) => ({
          start: match.index,
          end: match.index + match[0].length,
          text: replacementFor(match[2] ?? '', target),
        })),
        sites: sites.map((site) =>
          provable.some((entry) => entry.site === site) ? { ...site, verdict: 'rewritten' as const } : site,
        ),
      }
    },
  }
}

function siteOf(source: SourceText, match: RegExpMatchArray, ordinal: number): Site {
  const base = {
    id: `${source.relativePath}#${String(ordinal)}`,
    file: source.relativePath,
    ...positionAt(source.text, match.index ?? 0),
    dialect: 'stub',
    api: 'legacyTake',
    shape: 'try-finally' as const,
  }
  if (match[1] === 'serviceTake') return { ...base, verdict: 'already' }
  if (match[2] === '0') {
    return {
      ...base,
      verdict: 'leak',
      reason: 'leaks-on-throw',
      witness: [{ line: base.line, column: 1, note: 'acquired here' }],
    }
  }
  if (match[2] === '1')
    return { ...base, verdict: 'manual', reason: 'escapes-to-field', advice: 'keep it elsewhere' }
  return { ...base, verdict: 'rewritable' }
}

function replacementFor(argument: string, target: RewriteTarget): string {
  if (argument === '13') return `serviceTake('13')`
  if (argument === '14') return `serviceTake((14)`
  const style = target.style === 'await-using' ? '' : ` /* ${target.style} */`
  return `serviceTake(${argument})${style}`
}

function positionAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
