import { mayHoldSite } from '../analysis/receivers/may-hold-site'
import { builtinDialects } from '../dialects/builtin-dialects'
import { dialectWords } from '../dialects/dialect-words'
import type { Knowledge } from './knowledge'

/** What needs no compiler: for the thread that hands work out, which must not load one itself. */
export const declaredKnowledge: Knowledge = {
  builtinDialects,
  words: dialectWords,
  mayHoldSite,
  analyze() {
    throw new Error('packages are analysed in threads of their own')
  },
}
