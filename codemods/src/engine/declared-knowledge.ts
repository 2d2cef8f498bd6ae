import { builtinDialects } from '../dialects/builtin-dialects'
import { dialectWords } from '../dialects/dialect-words'
import type { Knowledge } from './knowledge'

/** The built-in dialects alone: for the thread that hands work out and must not load the compiler itself. */
export const declaredKnowledge: Knowledge = {
  builtinDialects,
  words: dialectWords,
  analyze() {
    throw new Error('packages are analysed in threads of their own')
  },
}
