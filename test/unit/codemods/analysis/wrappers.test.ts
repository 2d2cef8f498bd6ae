import { furtherWords } from '../../../../codemods/src/analysis/receivers/further-words'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import { dialectWords } from '../../../../codemods/src/dialects/dialect-words'
import { scanFiles, scanText } from './scan-text'

const pool = `import { Pool } from 'pg'\nconst pool = new Pool()\n`
const use = (call: string): string =>
  `export async function f() { const c = await ${call}; try { await c.query('x') } finally { c.release() } }`

describe('functions of the package that give a connection', () => {
  it('make each of their calls a site, which is rewritten when they do nothing else', () => {
    expect(
      scanText(`${pool}async function getClient() { return await pool.connect() }\n${use('getClient()')}`),
    ).toMatchObject([
      { api: 'connect/release', reason: 'escapes-to-return' },
      { api: 'getClient/release', verdict: 'rewritable' },
    ])
  })

  it.each([
    [
      'a statement before',
      'async function take() { const c = await pool.connect(); await c.query("set x = 1"); return c }',
      'take()',
    ],
    ['a parameter', 'const take = (name: string) => pool.connect()', 'take()'],
    [
      'a receiver that does something',
      'let p: Pool | undefined\nfunction lazy() { return (p ??= new Pool()) }\nconst take = () => lazy().connect()',
      'take()',
    ],
  ])('leave their calls to people when they do more: %s', (_name, wrapper, call) => {
    const sites = scanText(`${pool}${wrapper}\n${use(call)}`)
    expect(sites.at(-1)).toMatchObject({ api: 'take/release', verdict: 'manual', reason: 'receiver-effect' })
  })

  it.each([
    ['exports.take = async () => { const c = await pool.connect(); note(); return c }', 'receiver-effect'],
    ['module.exports.take = function () { return pool.connect() }', undefined],
    ['exports.take = take\nasync function take() { return pool.connect() }', undefined],
  ])('are found where a CommonJS module exports them: %s', (exported, reason) => {
    const users = ["const db = require('./db')", "const { take } = require('./db')"].map(
      (line, index) =>
        [`src/user${String(index)}.js`, `${line}\n${use(index === 0 ? 'db.take()' : 'take()')}`] as const,
    )
    const db = `const { Pool } = require('pg')\nconst pool = new Pool()\n${exported}`
    const sites = scanFiles({ 'src/db.js': db, ...Object.fromEntries(users) })
    expect(sites.map((site) => [site.file, site.reason])).toEqual([
      ['src/db.js', 'escapes-to-return'],
      ['src/user0.js', reason],
      ['src/user1.js', reason],
    ])
  })

  it('count as a leak where nobody gives back, whatever they do', () => {
    const text = `${pool}async function take() { log(); return pool.connect() }\nexport async function f() { const c = await take(); await c.query('x') }`
    expect(scanText(text).at(-1)).toMatchObject({ api: 'take/release', verdict: 'leak' })
  })

  it.each([
    ['a method', `class Db { async take() { return pool.connect() } }\nconst db = new Db()`, 'db.take()'],
    [
      'an inherited method',
      `class Base { async take() { return pool.connect() } }\nclass Db extends Base {}\nconst db = new Db()`,
      'db.take()',
    ],
    [
      'a field with a function',
      `class Db { take = async () => pool.connect() }\nconst db = new Db()`,
      'db.take()',
    ],
    ['a property', `const db = { take: () => pool.connect() }`, 'db.take()'],
    ['a shorthand', `const take = () => pool.connect()\nconst db = { take }`, 'db.take()'],
    [
      'a function of a function',
      `const inner = () => pool.connect()\nconst take = async () => await inner()`,
      'take()',
    ],
    [
      'a variable that is filled later',
      `async function take() { let c; c = await pool.connect(); return c }`,
      'take()',
    ],
  ])('may be %s', (_name, wrapper, call) => {
    expect(scanText(`${pool}${wrapper}\n${use(call)}`).map(({ api }) => api)).toContain('take/release')
  })

  it('inside the class that has them too', () => {
    const text = `${pool}class Store {
      private take() { return pool.connect() }
      async f() { const c = await this.take(); try { await c.query('x') } finally { c.release() } } }`
    expect(scanText(text).at(-1)).toMatchObject({ api: 'take/release' })
  })

  it.each([
    ['are generators', `async function* take() { return pool.connect() }`],
    ['are callbacks without a name', `const take: any = retry(() => pool.connect())`],
  ])('are not those that %s', (_name, wrapper) => {
    expect(scanText(`${pool}${wrapper}\n${use('take()')}`).map(({ api }) => api)).not.toContain(
      'take/release',
    )
  })

  it('are followed into other files, in compiled code as well', () => {
    const db = `const pg = require('pg')\nconst pool = new pg.Pool()\nasync function take() { return pool.connect() }\nexports.take = take`
    const user = `const db_1 = require('./db')\n${use('(0, db_1.take)()').replace('export ', '')}`
    expect(scanFiles({ 'db.js': db, 'a.js': user }).map(({ file, api }) => `${file} ${api}`)).toContain(
      'a.js take/release',
    )
  })

  it('are known by their name and by the release where the receiver is not', () => {
    const text = `${pool}class Db { async take() { return pool.connect() } }
      export async function f(db: any) { const c = await db.take(); try { await c.query('x') } finally { c.release() } }
      export async function g(cards: any) { const c = await cards.take(); await c.play() }`
    expect(scanText(text).filter(({ api }) => api === 'take/release')).toMatchObject([
      { line: 4, verdict: 'manual' },
    ])
  })

  it('are shown by the declared result alone, when it is given back', () => {
    const text = `import type { PoolClient } from 'pg'
      interface Db { checkout(): Promise<PoolClient>; current(): Promise<PoolClient> }
      export async function f(db: Db) { const c = await db.checkout(); try { await c.query('x') } finally { c.release() } }
      export async function g(db: Db) { const c = await db.current(); await c.query('x') }`
    expect(scanText(text)).toMatchObject([{ line: 3, verdict: 'manual', reason: 'receiver-effect' }])
  })

  it('may come from elsewhere when they are given the pool', () => {
    const text = `${pool}import { getConnection, getName } from '@acme/query-builder'
      export async function f() { const c = await getConnection(pool); await c.query('x'); const n = await getName(pool) }`
    expect(scanText(text)).toMatchObject([{ api: 'getConnection/release' }])
  })
})

describe('the further words of a package', () => {
  const words = dialectWords(builtinDialects)
  const wordsOf = (text: string): readonly string[] =>
    furtherWords(
      { name: 'a', path: '/nowhere', files: [{ path: '/nowhere/a.ts', relativePath: 'a.ts', text }] },
      builtinDialects,
      words,
    )

  it.each([
    ['behind a source map, which is one long word', `// connect(\n// ${'a1B2'.repeat(60_000)}\n`],
    ['behind many comparisons', `return ${'a!==b&&'.repeat(80)}x = pool.connect()`],
    ['behind many empty lines', `return ${'\n'.repeat(500)}x = pool.connect()`],
  ])('are found in no time %s', (_name, text) => {
    const start = process.hrtime.bigint()
    expect(wordsOf(text)).toEqual([])
    expect(Number(process.hrtime.bigint() - start) / 1e9).toBeLessThan(3)
  })

  it('are the functions that give a connection', () => {
    expect(wordsOf(`${pool}export const take = () => pool.connect()`)).toEqual(['take'])
    expect(
      wordsOf(`${pool}export async function take() { const c = await pool.connect(); return c }`),
    ).toEqual(['take'])
    expect(
      wordsOf(
        `${pool}export class Db { async take() { return pool.connect() } private own() { return pool.connect() } }`,
      ),
    ).toEqual(['take'])
  })

  it('are none where nothing is returned, or the name is a word already', () => {
    expect(
      wordsOf(`${pool}export async function f() { const c = await pool.connect(); c.release() }`),
    ).toEqual([])
    expect(wordsOf(`${pool}export const getConnection = () => pool.connect()`)).toEqual([])
  })
})
