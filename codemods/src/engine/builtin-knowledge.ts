import { analyzePackage } from '../analysis/analyze-package'
import { builtinDialects } from '../dialects/builtin-dialects'
import { dialectWords } from '../dialects/dialect-words'
import { rewriteFile } from '../rewrite/rewrite-file'
import type { Knowledge } from './knowledge'

/** The dialects, the analysis and the rewriters of this package. */
export const builtinKnowledge: Knowledge = {
  builtinDialects,
  words: dialectWords,
  analyze(sources, dialects, options) {
    const { files } = analyzePackage(sources, dialects, options)
    return files.map((file) => ({
      source: file.source,
      sites: file.sites.map(({ site }) => site),
      parseErrors: file.parseErrors,
      rewrite: (target, skip) => rewriteFile(file, target, { skip }),
    }))
  },
}
