import type { Rule } from 'eslint'
import type { Site } from '../model/site'
import { sitesOf } from './sites-of'

/** A rule that reports the sites it chooses, at the call that takes the connection. */
export function siteRule(
  description: string,
  message: string,
  dataOf: (site: Site) => Readonly<Record<string, string>> | undefined,
): Rule.RuleModule {
  return {
    meta: {
      type: 'problem',
      docs: { description, recommended: true },
      schema: [],
      messages: { found: message },
    },
    create: (context) => ({
      Program() {
        for (const site of sitesOf(context)) {
          const data = dataOf(site)
          if (data === undefined) continue
          context.report({
            loc: { line: site.line, column: site.column - 1 },
            messageId: 'found',
            data,
          })
        }
      },
    }),
  }
}
