import { scanFiles, scanText } from '../analysis/scan-text'

const bracket = (acquire: string, release: string, use = "await c.query('select 1')"): string =>
  `export async function f(): Promise<void> {\n  const c = ${acquire}\n  try { ${use} } finally { ${release} }\n}`

describe('node-postgres and the pools made after it are recognised', () => {
  const site = bracket('await pool.connect()', 'c.release()')
  it.each([
    ['the pool of Neon', `import { Pool } from '@neondatabase/serverless'\nconst pool = new Pool()`],
    ['the pool of Vercel', `import { createPool } from '@vercel/postgres'\nconst pool = createPool()`],
    ['the ready pool of Vercel', `import { db as pool } from '@vercel/postgres'`],
    ['pg-pool by its default export', `import Pg from 'pg-pool'\nconst pool = new Pg()`],
    ['pg-pool by require', `import Pg = require('pg-pool')\nconst pool = new Pg()`],
    ['the native binding', `import pg from 'pg'\nconst pool = new pg.native.Pool()`],
    ['an import of a type', `import type { Pool } from 'pg'\ndeclare const pool: Pool`],
    ['a namespace import of types', `import type * as pg from 'pg'\ndeclare const pool: pg.Pool`],
    ['require at the place', `const pool = new (require('pg').Pool)()`],
    ['a dynamic import', `const { Pool } = await import('pg')\nconst pool = new Pool()`],
    ['compiled code', `const pg_1 = require("pg")\nconst pool = new pg_1.Pool()`],
    [
      'compiled default imports',
      `const pg_1 = __importDefault(require("pg"))\nconst pool = new pg_1.default.Pool()`,
    ],
    ['a proxy around it', `import { Pool } from 'pg'\nconst pool = new Proxy(new Pool(), {})`],
    ['a cast in front', `import type { Pool } from 'pg'\ndeclare const x: any\nconst pool = <Pool>x`],
    [
      'a part of its type',
      `import type { Pool } from 'pg'\ndeclare const pool: Pick<Pool, 'connect' | 'query'>`,
    ],
    [
      'what a function returns',
      `import { Pool } from 'pg'\nconst make = () => new Pool()\ndeclare const pool: ReturnType<typeof make>`,
    ],
    ['an instance type', `import { Pool } from 'pg'\ndeclare const pool: InstanceType<typeof Pool>`],
    ['a later assignment', `import { Pool } from 'pg'\nlet pool: any\npool = new Pool()`],
    ['an assignment of last resort', `import { Pool } from 'pg'\nlet pool: any\npool ??= new Pool()`],
  ])('%s', (_name, head) => {
    expect(scanText(`${head}\n${site}`)).toMatchObject([{ dialect: 'node-postgres', verdict: 'rewritable' }])
  })

  it('by the constraint of a type parameter', () => {
    const text = `import type { Pool } from 'pg'
      export async function f<T extends Pool>(pool: T) { const c = await pool.connect(); try { await c.query('x') } finally { c.release() } }`
    expect(scanText(text)).toHaveLength(1)
  })

  it('by a typedef in a comment', () => {
    const text = `/** @typedef {import('pg').Pool} Db */\n/** @param {Db} db */
      export async function f(db) { const c = await db.connect(); try { await c.query('x') } finally { c.release() } }`
    expect(scanFiles({ 'a.js': text })).toHaveLength(1)
  })

  it('in a field that a method fills', () => {
    const text = `const pg = require('pg')
      class Db { open() { this.pool = new pg.Pool() }
        async f() { const c = await this.pool.connect(); try { await c.query('x') } finally { c.release() } } }`
    expect(scanFiles({ 'a.js': text })).toHaveLength(1)
  })

  it('behind a check of its class, and behind a predicate', () => {
    const text = `import { Pool, Client } from 'pg'
      declare const isPool: unknown
      function asPool(x: unknown): x is Pool { return true }
      export async function f(db: Pool | Client) { if (db instanceof Pool) { const c = await db.connect(); try { await c.query('x') } finally { c.release() } } }
      export async function g(db: Pool | Client) { const c = asPool(db) ? await db.connect() : undefined; return c }
      export async function h(db: Pool | Client) { const c = db.connect && (await db.connect()); return c }`
    expect(scanText(text).map(({ line }) => line)).toEqual([4, 5])
  })

  it('by a port of the package’s own whose connect gives a client', () => {
    const text = `import type { PoolClient } from 'pg'
      interface Db { connect(): Promise<PoolClient> }
      interface Own { connect: () => Promise<{ query(q: string): unknown; release(): void }> }
      export async function f(db: Db, own: Own) {
        const c = await db.connect(); try { await c.query('x') } finally { c.release() }
        const d = await own.connect(); try { await d.query('x') } finally { d.release() }
      }`
    expect(scanText(text)).toHaveLength(2)
  })

  it.each([
    ['an object', 'module.exports = { pool }'],
    ['a property', 'exports.pool = pool'],
  ])('across CommonJS files that export it as %s', (_name, exported) => {
    const db = `const { Pool } = require('pg')\nconst pool = new Pool()\n${exported}`
    const user = `const { pool } = require('./db')
async function f() { const c = await pool.connect(); try { await c.query('x') } finally { c.release() } }`
    expect(scanFiles({ 'db.js': db, 'user.js': user })).toMatchObject([{ file: 'user.js' }])
  })
})

describe('a connection of another kind is found and left to people', () => {
  it.each([
    [
      'typeorm-query-runner',
      `import { DataSource } from 'typeorm'\ndeclare const ds: DataSource`,
      'ds.createQueryRunner()',
      'await c.release()',
    ],
    [
      'typeorm-query-runner',
      `import { EntityManager } from 'typeorm'\ndeclare const em: EntityManager`,
      'em.connection.createQueryRunner()',
      'await c.release()',
    ],
    [
      'get-connection',
      `import mysql from 'mysql2/promise'\nconst pool = mysql.createPool({})`,
      'await pool.getConnection()',
      'c.release()',
    ],
    [
      'get-connection',
      `import type { Pool } from 'mariadb'\ndeclare const pool: Pool`,
      'await pool.getConnection()',
      'c.release()',
    ],
    [
      'pg-promise',
      `import pgPromise from 'pg-promise'\nconst pgp = pgPromise()\nconst db = pgp('x')`,
      'await db.connect()',
      'c.done()',
    ],
    [
      'pg-promise',
      `import type { IDatabase } from 'pg-promise'\ndeclare const db: IDatabase<object>`,
      'await db.connect()',
      'c.done()',
    ],
  ])('%s: %s', (dialect, head, acquire, release) => {
    expect(scanText(`${head}\n${bracket(acquire, release)}`)).toMatchObject([
      { dialect, verdict: 'manual', reason: 'foreign-handle' },
    ])
  })

  it('slonik, whose scope takes tagged statements', () => {
    const text = `import { createPool, sql } from 'slonik'
      export async function f() { const pool = await createPool('x'); await pool.connect(async (c) => { await c.query(sql.unsafe\`select 1\`) }) }`
    expect(scanText(text)).toMatchObject([{ dialect: 'slonik', shape: 'scoped', verdict: 'manual' }])
  })

  it('mysql2 with callbacks', () => {
    const text = `import mysql from 'mysql2'\nconst pool = mysql.createPool({})
      export const f = () => pool.getConnection((error, c) => { c.query('x', () => c.release()) })`
    expect(scanText(text)).toMatchObject([{ dialect: 'get-connection', shape: 'callback' }])
  })

  it('a query runner that is opened first', () => {
    const text = `import { DataSource } from 'typeorm'\ndeclare const ds: DataSource
      export async function f() { const r = ds.createQueryRunner(); await r.connect(); try { await r.manager.save({}) } finally { await r.release() } }`
    const [site] = scanText(text)
    expect(site).toMatchObject({ dialect: 'typeorm-query-runner', verdict: 'manual' })
  })

  it('the witness shows the member that has no equal', () => {
    const text = `import { DataSource } from 'typeorm'\ndeclare const ds: DataSource
      export async function f() { const r = ds.createQueryRunner(); try { return await r.manager.find(Object) } finally { await r.release() } }`
    const [site] = scanText(text)
    expect(site?.reason).toBe('foreign-handle')
    expect(site?.witness?.map(({ note }) => note).join()).toContain('.manager')
  })
})

describe('a handle of whatever driver there is', () => {
  const knex = `import knex from 'knex'\nconst db = knex({ client: 'pg' })`
  const site = bracket('await db.client.acquireConnection()', 'db.client.releaseConnection(c)')

  it('is a client of PostgreSQL where the package knows no other', () => {
    expect(scanText(`import 'pg'\n${knex}\n${site}`)).toMatchObject([
      { dialect: 'knex-raw', verdict: 'rewritable' },
    ])
  })

  it('is nobody’s where the package knows none, or several', () => {
    for (const head of ['', `import 'pg'\nimport 'mysql2'\n`])
      expect(scanText(`${head}${knex}\n${site}`)).toMatchObject([
        { dialect: 'knex-raw', verdict: 'manual', reason: 'foreign-handle' },
      ])
  })

  it('knows its pool by the type, by the factory and by a required module', () => {
    const use = bracket('await pool.acquire()', 'pool.release(c)')
    for (const head of [
      `import { createPool } from 'generic-pool'\nconst pool = createPool({})`,
      `import genericPool from 'generic-pool'\nconst pool = genericPool.createPool({})`,
      `import type { Pool } from 'generic-pool'\ndeclare const pool: Pool<any>`,
    ])
      expect(scanText(`${head}\n${use}`)).toMatchObject([{ dialect: 'generic-pool' }])
    expect(
      scanText(
        `import { createPool } from 'generic-pool'\nconst pool = createPool({})\nexport const g = () => pool.use(async (c: any) => c.query('x'))`,
      ),
    ).toMatchObject([{ dialect: 'generic-pool', shape: 'scoped' }])
  })
})
