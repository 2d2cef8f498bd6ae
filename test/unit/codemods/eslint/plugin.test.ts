import { ESLint, Linter } from 'eslint'
import tseslint from 'typescript-eslint'
import plugin, { configs, meta, rules } from '../../../../codemods/src/eslint'

const pool = `import { Pool } from 'pg'\nconst pool = new Pool()\n`
const service = `import { connections } from './database'\n`
const settings = {
  pgferry: {
    packages: [{ name: 'app', path: '.', connections: { import: 'connections', from: './src/database' } }],
  },
}

function lint(
  code: string,
  options: { settings?: Record<string, unknown>; filename?: string } = {},
): string[] {
  const linter = new Linter({ cwd: '/app' })
  return linter
    .verify(
      code,
      [
        { files: ['**/*.{ts,js,mts}'], languageOptions: { parser: tseslint.parser } },
        { ...configs.recommended, settings: options.settings ?? settings },
      ],
      { filename: options.filename ?? '/app/src/a.ts' },
    )
    .map(({ ruleId, line, column, message }) => `${ruleId ?? 'fatal'} ${line}:${column} ${message}`)
}

describe('no-legacy-acquire', () => {
  it('reports a site of an old API, where it stands', () => {
    const found = lint(
      `${pool}export async function f() {\n  const c = await pool.connect()\n  try {\n    await c.query('x')\n  } finally {\n    c.release()\n  }\n}\n`,
    )
    expect(found).toEqual([
      'pgferry/no-legacy-acquire 4:19 connect/release (node-postgres) takes a connection past the connection service. `pgferry migrate` can rewrite it.',
    ])
  })

  it('gives the advice of the reason where a person is needed', () => {
    const [found] = lint(`${pool}export const f = () => pool.connect()\n`)
    expect(found).toContain('The function hands the connection to its caller.')
  })

  it.each([
    [
      'a lock',
      `import { lock } from './lock'\nexport async function f() { const l = await lock.acquire(); l.release() }\n`,
    ],
    ['a query of the pool', `${pool}export const f = () => pool.query('x')\n`],
    [
      'the service',
      `${service}export async function f() { await using c = await connections.connection('a'); await c.query('x') }\n`,
    ],
    ['a file of another kind', 'export const connect = 1\n'],
  ])('says nothing of %s', (_name, code) => {
    expect(lint(code)).toEqual([])
  })

  it('knows the dialects of the settings, and their mistakes', () => {
    const code = `import type { AcmeDb } from '@acme/db'\nexport async function f(acme: AcmeDb) {\n  const c = await acme.lend()\n  try {\n    await c.query('x')\n  } finally {\n    acme.takeBack(c)\n  }\n}\n`
    const acme = {
      id: 'acme',
      receiver: { types: [{ name: 'AcmeDb' }] },
      acquire: [{ method: 'lend' }],
      release: [{ on: 'receiver', method: 'takeBack', connectionArgument: 0 }],
    }
    expect(lint(code)).toEqual([])
    expect(lint(code, { settings: { pgferry: { dialects: [acme] } } })).toEqual([
      expect.stringContaining('lend/takeBack (acme)'),
    ])
    expect(() => lint(code, { settings: { pgferry: { dialects: ['nod-postgres'] } } })).toThrow(
      /settings\.pgferry has 1 mistake/,
    )
  })
})

describe('no-unscoped-connection', () => {
  it.each(['connection', 'acquireConnection'])('reports %s() without a scope', (method) => {
    const found = lint(
      `${service}export async function f() {\n  const c = await connections.${method}('a')\n  try {\n    await c.query('x')\n  } finally {\n    connections.releaseConnection(c)\n  }\n}\n`,
    )
    expect(found).toEqual([expect.stringContaining(`pgferry/no-unscoped-connection 3:19 ${method}()`)])
  })

  it('leaves an object alone that keeps its connection', () => {
    const found = lint(
      `${service}export class Listener {\n  #c: unknown\n  async start() {\n    this.#c = await connections.acquireConnection('a')\n  }\n}\n`,
    )
    expect(found).toEqual([])
  })

  it('leaves a callback alone', () => {
    expect(
      lint(`${service}export const f = () => connections.withConnection('a', async (c) => c.query('x'))\n`),
    ).toEqual([])
  })
})

describe('no-leaked-connection', () => {
  it('shows the path that loses it', () => {
    const found = lint(
      `${pool}export async function f() {\n  const c = await pool.connect()\n  await c.query('x')\n  c.release()\n}\n`,
    )
    expect(found.find((one) => one.startsWith('pgferry/no-leaked-connection'))).toMatch(
      /4:19 This connection is lost on a path: line 4: the connection is taken here; line 5: when this throws/,
    )
  })
})

it('is a plugin that ESLint takes by name, rules and recommended configuration', async () => {
  expect(meta.name).toBe('@pgferry/codemods')
  expect(Object.keys(plugin.rules)).toEqual(Object.keys(rules))
  const eslint = new ESLint({
    overrideConfigFile: true,
    overrideConfig: [plugin.configs.recommended],
  })
  const [result] = await eslint.lintText(`const { Pool } = require('pg')\nnew Pool().connect()\n`, {
    filePath: 'a.js',
  })
  expect(result?.messages.map(({ ruleId }) => ruleId)).toEqual(
    expect.arrayContaining(['pgferry/no-legacy-acquire', 'pgferry/no-leaked-connection']),
  )
})
