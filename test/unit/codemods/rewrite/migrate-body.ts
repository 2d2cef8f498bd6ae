import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import type { Site } from '../../../../codemods/src/model/site'
import type { RewriteTarget } from '../../../../codemods/src/model/target'
import { applyTextEdits } from '../../../../codemods/src/model/text-edit'
import { rewriteFile } from '../../../../codemods/src/rewrite/rewrite-file'

export const head = `import { connections } from './database'
import { Pool } from 'pg'
declare const pool: Pool
declare const pools: { getconn(): Promise<any>; putconn(c: any, key?: unknown, close?: boolean): void }
declare function note(...what: unknown[]): void
declare function work(...what: unknown[]): Promise<any>
`

export interface Result {
  readonly body: string
  readonly sites: readonly Site[]
}

/** The body of one function, rewritten. */
export function migrateBody(
  body: string,
  target: Partial<RewriteTarget> = {},
  path = 'src/a.ts',
  before = path.endsWith('.ts')
    ? head
    : `const { connections } = require('./database')\nconst { Pool } = require('pg')\nconst pool = new Pool()\n`,
): Result {
  const open = 'async function f(flag, given) {\n'
  const text = `${before}${open}${body}\n}\n`
  const sources = { name: 'app', path: '/app', files: [{ path: `/app/${path}`, relativePath: path, text }] }
  const connections = { kind: 'import', name: 'connections', from: './src/database' } as const
  const [file] = analyzePackage(sources, builtinDialects, { connections, readDisk: false }).files
  if (file === undefined) throw new Error('nothing was analysed')
  expect(file.parseErrors).toEqual([])
  const { edits, sites } = rewriteFile(file, { style: 'await-using', purpose: 'rag', connections, ...target })
  const result = applyTextEdits(text, edits)
  return { body: result.slice(result.indexOf(open) + open.length, result.lastIndexOf('\n}\n')), sites }
}

export const take = '  const c = await pool.connect()'
export const taken = `  await using c = await connections.connection('rag')`
export const lines = (...list: readonly string[]): string => list.join('\n')
