import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
import ts from 'typescript'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import type { Dialect } from '../../../../codemods/src/model/dialect'
import type { PgferryConfig } from '../../../../codemods/src/project/define-config'
import { resolveDialects } from '../../../../codemods/src/project/resolve-dialects'
import { validateConfig } from '../../../../codemods/src/project/validate-config'
import { scanFiles, scanText } from '../analysis/scan-text'

const known = builtinDialects.map(({ id }) => id)

/** The configuration that the documentation shows, as the loader would get it. */
function documentedConfig(): unknown {
  const [, block = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync('docs/dialects.md', 'utf8')) ?? []
  const { outputText } = ts.transpileModule(block, { compilerOptions: { module: ts.ModuleKind.CommonJS } })
  const module: { exports: { default?: unknown } } = { exports: {} }
  const load = runInThisContext(`(function (module, exports, require) {${outputText}})`) as (
    module: unknown,
    exports: unknown,
    require: unknown,
  ) => void
  load(module, module.exports, () => ({ defineConfig: (config: unknown) => config }))
  return module.exports.default
}

const filled = (config: PgferryConfig): readonly Dialect[] =>
  resolveDialects(
    config.dialects?.filter((one) => typeof one !== 'string'),
    builtinDialects,
  )

const problemsOf = (dialect: unknown): readonly string[] => {
  try {
    validateConfig({ packages: [], dialects: [dialect] }, 'pgferry.config.ts', known)
  } catch (error) {
    return (error as { details?: readonly string[] }).details ?? [String(error)]
  }
  return []
}

describe('the example of the documentation', () => {
  it('is valid, and finds the calls it describes', () => {
    const config = validateConfig(documentedConfig(), 'pgferry.config.ts', known)
    const text = `import { AcmeDb } from '@acme/db'
      export async function f(db: AcmeDb) {
        const c = await db.checkout()
        try { await c.query('x') } finally { db.checkin(c) }
        await db.using(async (d) => d.query('y'))
      }`
    expect(scanText(text, { dialects: filled(config) })).toMatchObject([
      { dialect: 'acme-db', api: 'checkout/checkin', verdict: 'rewritable' },
      { dialect: 'acme-db', api: 'using', verdict: 'rewritable' },
    ])
  })
})

describe('functions by their bare names', () => {
  const acme: Dialect = {
    id: 'acme-functions',
    receiver: { types: [{ name: '*', module: '@acme/db' }], members: ['takeConnection', 'giveBack'] },
    acquire: [{ method: 'takeConnection' }],
    release: [{ on: 'receiver', method: 'giveBack', connectionArgument: 0 }],
    scoped: [{ method: 'withClient', callbackArgument: 0 }],
  }
  const use = `export async function f() {
    const c = await takeConnection()
    try { await c.query('x') } finally { await giveBack(c) }
    await withClient(async (d) => d.query('y'))
  }`

  it('belong to the module that exports them', () => {
    const text = `import { takeConnection, giveBack, withClient } from '@acme/db'\n${use}`
    expect(scanText(text, { dialects: [acme] })).toMatchObject([
      { api: 'takeConnection/giveBack', verdict: 'rewritable' },
      { api: 'withClient' },
    ])
  })

  it('or to the file of the package that exports all of them', () => {
    const db =
      'export async function takeConnection(): Promise<any> {}\nexport function giveBack(c: any) {}\nexport function withClient(f: any) {}'
    const user = `import { takeConnection, giveBack, withClient } from './db'\n${use}`
    expect(scanFiles({ 'src/db.ts': db, 'src/a.ts': user }, { dialects: [acme] })).toHaveLength(2)
  })

  it('and to nobody when another module exports them', () => {
    const text = `import { takeConnection, giveBack, withClient } from 'elsewhere'\n${use}`
    expect(scanText(text, { dialects: [acme] })).toEqual([])
  })
})

describe('a dialect that cannot work is refused', () => {
  const valid = {
    id: 'x',
    receiver: { members: ['take'] },
    acquire: [{ method: 'take' }],
    release: [{ on: 'connection', method: 'close' }],
  }

  it('and a full one is not', () => {
    expect(
      problemsOf({
        ...valid,
        handle: { kind: 'own', types: [{ name: 'C' }] },
        evidence: [{ uses: ['close'] }],
      }),
    ).toEqual([])
  })

  it.each([
    [
      'without a receiver',
      { ...valid, receiver: {} },
      'dialects[0].receiver: received {}, expected "types" or "members": a method name alone recognises nothing',
    ],
    [
      'without a call that takes',
      { id: 'x', receiver: { members: ['a'] } },
      'dialects[0]: received neither "acquire" nor "scoped", expected at least one call that takes a connection',
    ],
    [
      'without a release',
      { ...valid, release: [] },
      'dialects[0].release: received nothing, expected how a connection is given back',
    ],
    [
      'with a mistyped option',
      { ...valid, evidense: [] },
      'dialects[0].evidense: unknown option. Did you mean "evidence"?',
    ],
    [
      'with a handle of no kind',
      { ...valid, handle: { kind: 'ownn' } },
      'dialects[0].handle.kind: received "ownn", expected "node-postgres" or "driver" or "made" or "own". Did you mean "own"?',
    ],
  ])('%s', (_name, dialect, expected) => {
    expect(problemsOf(dialect)).toContain(expected)
  })
})
