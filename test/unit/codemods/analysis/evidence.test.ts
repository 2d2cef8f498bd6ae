import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  isOtherServerOnly,
  isPostgresOnly,
  knownModules,
} from '../../../../codemods/src/analysis/connection/known-modules'
import { mayHoldSite } from '../../../../codemods/src/analysis/receivers/may-hold-site'
import { scanFiles, scanText } from './scan-text'

const inJs = (text: string): readonly unknown[] => scanFiles({ 'a.js': `require('pg')\n${text}` })

describe('a pool without types is known by what is done with its connection', () => {
  it.each([
    ['bound to a variable', `async function f(pool) { const c = await pool.connect(); c.release() }`],
    ['assigned later', `async function f(pool) { let c; c = await pool.connect(); c.release() }`],
    [
      'kept in a field',
      `class A { async f(pool) { this.client = await pool.connect() } g() { this.client.release() } }`,
    ],
    [
      'taken only when none was given',
      `async function f(pool, given) { const c = given ?? (await pool.connect()); c.release() }`,
    ],
    ['chosen', `async function f(pool, x) { const c = x ? await pool.connect() : null; c.release() }`],
    ['taken apart', `async function f(pool) { const { release } = await pool.connect(); release() }`],
    [
      'yielded to whoever drives the generator',
      `const f = co(function* (pool) { const c = yield pool.connect(); c.release() })`,
    ],
    ['used on the spot', `async function f(pool) { (await pool.connect()).release() }`],
    ['in a chain', `function f(pool) { return pool.connect().then((c) => c.release()) }`],
    ['by a callback with done', `function f(pool) { pool.connect((err, client, done) => { done() }) }`],
    [
      'by a callback with a name',
      `function f(pool) { pool.connect(taken); function taken(err, client, done) { done() } }`,
    ],
    [
      'by a callback in a variable',
      `function f(pool) { const taken = (err, client, done) => done(); pool.connect(taken) }`,
    ],
    [
      'by a callback that releases',
      `function f(pool) { pool.connect((err, client) => { client.release() }) }`,
    ],
  ])('%s', (_name, text) => {
    expect(inJs(text)).toHaveLength(1)
  })

  it.each([
    ['nothing is released', `async function f(pool) { const c = await pool.connect(); c.end() }`],
    ['it is only told to connect', `async function f(pool) { await pool.connect() }`],
    ['it is given where to', `async function f(pool) { const c = await pool.connect('host'); c.release() }`],
    ['a chain looks at nothing', `function f(pool) { return pool.connect().then(next); function next() {} }`],
    ['a chain ends otherwise', `function f(pool) { return pool.connect().catch((c) => c.release()) }`],
    ['the callback hears of an error alone', `function f(pool) { pool.connect((err) => { throw err }) }`],
    ['the callback is not known', `function f(pool, cb) { pool.connect(cb) }`],
    ['the callback takes its client apart', `function f(pool) { pool.connect((err, { id }) => id) }`],
    [
      'another variable of that name is released',
      `async function f(pool) { const c = await pool.connect(); { const c = lock(); c.release() } }`,
    ],
  ])('unless %s', (_name, text) => {
    expect(inJs(text)).toEqual([])
  })
})

describe('what a condition says of a receiver', () => {
  const head = `import { Client, Pool } from 'pg'\ndeclare const db: Pool | Client\n`
  const takes = (condition: string): number =>
    scanText(`${head}export async function f() { const c = ${condition} && (await db.connect()); return c }`)
      .length

  it.each([
    ['db instanceof Pool', 1],
    ['ready && db instanceof Pool', 1],
    ['(db instanceof Pool || isPoolLike())', 1],
    ['(db instanceof Pool || db instanceof Client)', 0],
    ['db instanceof Client', 0],
    ['other instanceof Pool', 0],
    ['db === other', 0],
    ['unknown(db)', 0],
  ])('%s', (condition, expected) => {
    expect(takes(condition)).toBe(expected)
  })

  it('counts by the name of a constant, and not by that of a variable', () => {
    const named = (keyword: string): string =>
      `${head}export async function f() { ${keyword} isPool = db instanceof Pool\n if (isPool) { const c = await db.connect(); return c } }`
    expect(scanText(named('const'))).toHaveLength(1)
    expect(scanText(named('let'))).toEqual([])
  })

  it('counts by a predicate in a constant', () => {
    const text = `${head}const isPool = (x: unknown, y?: number): x is Pool => true
      export async function f() { if (isPool(db)) { const c = await db.connect(); return c } if (isPool(1, 2)) { const d = await db.connect(); return d } }`
    expect(scanText(text)).toHaveLength(1)
  })
})

describe('what a pool of anything makes', () => {
  const sites = (pool: string): readonly unknown[] =>
    scanText(`import pg, { Client } from 'pg'\nimport { createPool, Pool } from 'generic-pool'\n${pool}
      export async function f() { const c = await pool.acquire(); try { await c.query('x') } finally { await pool.release(c) } }`)

  it.each([
    [
      'by its factory',
      `const pool = createPool({ create: async () => { const client = new Client(); await client.connect(); return client }, destroy: async (c) => c.end() })`,
    ],
    [
      'by a factory of its own name',
      `const factory = { async create() { return new pg.Client() } }\nconst pool = createPool(factory)`,
    ],
    ['by its type', `declare const pool: Pool<Client>`],
    ['by the type argument of the call', `const pool = createPool<Client>(factory)`],
    ['by a property', `const db = { pool: createPool<Client>(factory) }\nconst pool = db.pool`],
  ])('is a client of PostgreSQL %s', (_name, pool) => {
    expect(sites(pool)).toMatchObject([{ dialect: 'generic-pool', verdict: 'rewritable' }])
  })

  it('is not known by a factory that nobody sees', () => {
    expect(sites('declare const factory: any\nconst pool = createPool(factory)')).toMatchObject([
      { reason: 'foreign-handle' },
    ])
  })
})

describe('the modules that a package knows', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pgferry-modules-'))
    mkdirSync(join(folder, '.git'))
    mkdirSync(join(folder, 'packages/a'), { recursive: true })
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('are its own dependencies and those of the workspace', () => {
    writeFileSync(join(folder, 'package.json'), '{ "name": "root", "devDependencies": { "pg": "8" } }')
    writeFileSync(
      join(folder, 'packages/a/package.json'),
      '{ "name": "a", "peerDependencies": { "knex": "3" } }',
    )
    expect([...knownModules([], join(folder, 'packages/a'), true)].sort()).toEqual([
      'a',
      'knex',
      'pg',
      'root',
    ])
    expect(knownModules([], join(folder, 'packages/a'), false).size).toBe(0)
  })

  it('are none where a manifest does not parse', () => {
    writeFileSync(join(folder, 'packages/a/package.json'), '{')
    expect(knownModules([], join(folder, 'packages/a'), true).size).toBe(0)
  })

  it('are of PostgreSQL alone where no other database is among them', () => {
    expect(isPostgresOnly(new Set(['pg', 'express']))).toBe(true)
    expect(isPostgresOnly(new Set(['pg', 'mysql2']))).toBe(false)
    expect(isPostgresOnly(new Set(['express']))).toBe(false)
    expect(isOtherServerOnly(new Set(['mysql2', 'redis']))).toBe(true)
    expect(isOtherServerOnly(new Set(['mysql2', 'pg']))).toBe(false)
    expect(isOtherServerOnly(new Set(['redis']))).toBe(false)
  })
})

it('a text may hold a site by a bare name, and by the word of every server only where it says pool', () => {
  expect(mayHoldSite('const c = await getClient()', ['getClient'])).toBe(true)
  expect(mayHoldSite('function getClient() {}', ['getClient'])).toBe(false)
  expect(mayHoldSite('forgetClient()', ['getClient'])).toBe(false)
  expect(mayHoldSite('app.use(middleware)', ['use'])).toBe(false)
  expect(mayHoldSite('this.dbPool.use(work)', ['use'])).toBe(true)
})
