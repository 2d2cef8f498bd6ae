import { analyzePackage } from '../analysis/analyze-package'
import { furtherWords } from '../analysis/receivers/further-words'
import { mayHoldSite } from '../analysis/receivers/may-hold-site'
import { builtinDialects } from '../dialects/builtin-dialects'
import { dialectWords } from '../dialects/dialect-words'
import { rewriteFile } from '../rewrite/rewrite-file'
import type { Knowledge } from './knowledge'

/** The dialects, the analysis and the rewriters of this package. */
export const builtinKnowledge: Knowledge = {
  builtinDialects,
  words: dialectWords,
  mayHoldSite,
  furtherWords,
  analyze(sources, dialects, options) {
    const { files, suggestions } = analyzePackage(sources, dialects, options)
    return files.map((file) => ({
      source: file.source,
      sites: file.sites.map(({ site }) => site),
      hiddenDependencies: file.hiddenDependencies,
      suggestions: suggestions.filter((one) => one.file === file.source.relativePath),
      parseErrors: file.parseErrors,
      rewrite: (target, skip) => rewriteFile(file, target, { skip }),
    }))
  },
}
