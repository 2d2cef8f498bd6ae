import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Linter, Rule } from 'eslint'
import { noLeakedConnection, noLegacyAcquire, noUnscopedConnection } from './eslint/rules'

const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as {
  version: string
}

export const meta = { name: '@pgferry/codemods', version } as const

export const rules: Readonly<Record<string, Rule.RuleModule>> = {
  'no-legacy-acquire': noLegacyAcquire,
  'no-unscoped-connection': noUnscopedConnection,
  'no-leaked-connection': noLeakedConnection,
}

interface PgferryPlugin {
  readonly meta: typeof meta
  readonly rules: Record<string, Rule.RuleModule>
  readonly configs: { readonly recommended: Linter.Config }
}

const plugin: PgferryPlugin = {
  meta,
  rules: { ...rules },
  configs: {
    recommended: {
      name: 'pgferry/recommended',
      plugins: {
        get pgferry() {
          return plugin
        },
      },
      rules: {
        'pgferry/no-legacy-acquire': 'error',
        'pgferry/no-unscoped-connection': 'error',
        'pgferry/no-leaked-connection': 'error',
      },
    },
  },
}

export const { configs } = plugin

// A plugin is imported by its default export everywhere.
export { plugin as default }
