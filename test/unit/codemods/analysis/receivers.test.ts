import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import { scanFiles, scanText } from './scan-text'

const take = (receiver: string): string => `export async function f(): Promise<void> {
  const c = await ${receiver}.connect()
  try { await c.query('select 1') } finally { c.release() }
}`

describe('a receiver is recognised by its type', () => {
  it.each([
    ['a constructor call', `import { Pool } from 'pg'\nconst pool = new Pool()\n${take('pool')}`],
    ['a renamed import', `import { Pool as PgPool } from 'pg'\nconst pool = new PgPool()\n${take('pool')}`],
    ['a default import', `import pg from 'pg'\nconst pool = new pg.Pool()\n${take('pool')}`],
    ['a namespace import', `import * as pg from 'pg'\nconst pool = new pg.Pool()\n${take('pool')}`],
    [
      'a destructured default import',
      `import pg from 'pg'\nconst { Pool } = pg\nconst pool = new Pool()\n${take('pool')}`,
    ],
    [
      'an annotation',
      `import type { Pool } from 'pg'\ndeclare const pool: Pool | undefined\n${take('pool!')}`,
    ],
    ['an import type', `declare const pool: import('pg').Pool\n${take('pool')}`],
    [
      'an alias',
      `import type { Pool } from 'pg'\ntype Db = Readonly<Pool>\ndeclare const pool: Db\n${take('pool')}`,
    ],
    ['a cast', `import type { Pool } from 'pg'\ndeclare const x: unknown\n${take('(x as Pool)')}`],
    [
      'a subclass',
      `import { Pool } from 'pg'\nclass Mine extends Pool {}\nconst pool = new Mine()\n${take('pool')}`,
    ],
    [
      'a property of an object',
      `import { Pool } from 'pg'\nconst db = { pool: new Pool() }\n${take('db.pool')}`,
    ],
    [
      'a shorthand property',
      `import { Pool } from 'pg'\nconst pool = new Pool()\nconst db = { pool }\n${take('db.pool')}`,
    ],
    [
      'a destructured parameter',
      `import type { Pool } from 'pg'\nexport async function f({ pool }: { pool: Pool }): Promise<void> {\n  const c = await pool.connect()\n  try { await c.query('x') } finally { c.release() }\n}`,
    ],
    [
      'an element access',
      `import { Pool } from 'pg'\nconst pool = new Pool()\n${take('pool').replace('.connect()', "['connect']()")}`,
    ],
    [
      'typeof a variable',
      `import { Pool } from 'pg'\nconst real = new Pool()\ndeclare const pool: typeof real\n${take('pool')}`,
    ],
  ])('by %s', (_name, text) => {
    expect(scanText(text)).toMatchObject([{ dialect: 'node-postgres', verdict: 'rewritable' }])
  })

  it.each([
    [
      'a function’s return type',
      `import type { Pool } from 'pg'\ndeclare function db(): Promise<Pool>\n${take('(await db())')}`,
    ],
    ['an arrow function', `import { Pool } from 'pg'\nconst db = () => new Pool()\n${take('db()')}`],
    [
      'a choice',
      `import { Pool } from 'pg'\nlet made: Pool | undefined\n${take('(made ??= new Pool(), made)').replace('(made ??= new Pool(), made)', '(made ?? new Pool())')}`,
    ],
    [
      'a getter',
      `import { Pool } from 'pg'\nclass Db { get pool(): Pool { return new Pool() } }\nconst db = new Db()\n${take('db.pool')}`,
    ],
    ['a constructor call on the spot', `import { Pool } from 'pg'\n${take('new Pool()')}`],
    [
      'a getter that makes it',
      `import { Pool } from 'pg'\nclass Db { p?: Pool; get pool(): Pool { return (this.p ??= new Pool()) } }\nconst db = new Db()\n${take('db.pool')}`,
    ],
    [
      'a method with an argument',
      `import type { Pool } from 'pg'\ndeclare const db: { pool(tenant: string): Pool }\n${take("db.pool('a')")}`,
    ],
  ])('by %s, whose evaluation a rewrite would take away', (_name, text) => {
    expect(scanText(text)).toMatchObject([
      { dialect: 'node-postgres', verdict: 'manual', reason: 'receiver-effect' },
    ])
  })

  it.each([
    [
      'a method that only returns it',
      `import { Pool } from 'pg'\nclass Db { p = new Pool(); pool(): Pool { return this.p } }\nconst db = new Db()\n${take('db.pool()')}`,
    ],
    [
      'a getter that only returns it',
      `import { Pool } from 'pg'\nclass Db { p = new Pool(); get pool(): Pool { return this.p } }\nconst db = new Db()\n${take('db.pool')}`,
    ],
    [
      'an async function that only returns it',
      `import { Pool } from 'pg'\nconst pool = new Pool()\nconst get = async (): Promise<Pool> => pool\n${take('(await get())')}`,
    ],
  ])('by %s: nothing is lost', (_name, text) => {
    expect(scanText(text)).toMatchObject([{ dialect: 'node-postgres', verdict: 'rewritable' }])
  })

  it('by the annotation of a JavaScript parameter', () => {
    const text = `/** @param {import('pg').Pool} pool */\nexport async function f(pool) {\n  const c = await pool.connect()\n  try { await c.query('x') } finally { c.release() }\n}`
    expect(scanFiles({ 'src/a.js': text })).toMatchObject([
      { dialect: 'node-postgres', verdict: 'rewritable' },
    ])
  })

  it('as the service only under the name that the module exports', () => {
    const text = `import { other as connections } from './db'\nexport const f = () => connections.withConnection('a', async (c: any) => c.query('x'))`
    const connections = { kind: 'import', name: 'connections', from: './src/db' } as const
    expect(scanText(text, { connections })).toEqual([])
  })

  it.each([
    [
      'a field with an annotation',
      'private readonly pool: Pool\nconstructor(pool: Pool) { this.pool = pool }',
    ],
    ['a field with a value', 'private readonly pool = new Pool()'],
    ['a parameter property', 'constructor(private readonly pool: Pool) {}'],
    ['an assignment in the constructor', 'private pool\nconstructor(pool: Pool) { this.pool = pool }'],
  ])('by %s of a class', (_name, member) => {
    const text = `import { Pool } from 'pg'
      export class Store {
        ${member}
        async f() {
          const c = await this.pool.connect()
          try { await c.query('x') } finally { c.release() }
        }
      }`
    expect(scanText(text)).toHaveLength(1)
  })

  it('by its members, when a stranger’s own class has them', () => {
    const manager =
      'export class Acme { async getconn() {} putconn(c: unknown) {} }\nexport const acme = new Acme()'
    const user = `import { acme } from './acme'
      export async function f() { const c = await acme.getconn(); try { use(c) } finally { acme.putconn(c) } }`
    expect(scanFiles({ 'src/acme.ts': manager, 'src/b.ts': user })).toMatchObject([
      { dialect: 'psycopg2-pool', file: 'src/b.ts' },
    ])
  })

  it('by inherited members and interfaces', () => {
    const text = `interface Getter { getconn(): Promise<any> }
      interface Both extends Getter { putconn(c: any): void }
      export async function f(both: Both) { const c = await both.getconn(); try { c.query() } finally { both.putconn(c) } }`
    expect(scanText(text)).toMatchObject([{ dialect: 'psycopg2-pool' }])
  })

  it('by the exports of a module that is used as an object', () => {
    const db = 'export async function getconn(): Promise<any> {}\nexport function putconn(c: any): void {}'
    const user = `import * as db from './db'
      export async function f() { const c = await db.getconn(); try { c.query() } finally { db.putconn(c) } }`
    expect(scanFiles({ 'src/db.ts': db, 'src/b.ts': user })).toMatchObject([{ dialect: 'psycopg2-pool' }])
  })

  it('in CommonJS by what it requires', () => {
    const text = `const { Pool } = require('pg')\nconst pool = new Pool()\n${take('pool').replace('export ', '').replace(': Promise<void>', '')}`
    expect(scanFiles({ 'src/a.js': text })).toMatchObject([{ dialect: 'node-postgres' }])
  })

  it('by a dialect that a team declares', () => {
    const acme = {
      id: 'acme-db',
      receiver: { types: [{ name: 'AcmeDb' }] },
      acquire: [{ method: 'openHandle' }],
      release: [{ on: 'receiver' as const, method: 'closeHandle', connectionArgument: 0 }],
      scoped: [{ method: 'using', callbackArgument: 0 }],
    }
    const text = `declare class AcmeDb { openHandle(): Promise<any>; closeHandle(h: any): void; using(f: (h: any) => unknown): Promise<void> }
      export async function f(db: AcmeDb) {
        const h = await db.openHandle()
        try { await h.run() } finally { db.closeHandle(h) }
        await db.using(async (h) => h.run())
      }`
    expect(scanText(text, { dialects: [acme] })).toMatchObject([
      { dialect: 'acme-db', api: 'openHandle/closeHandle', verdict: 'rewritable' },
      { dialect: 'acme-db', api: 'using', shape: 'scoped', verdict: 'rewritable' },
    ])
  })
})

describe('a receiver is not recognised', () => {
  it.each([
    ['by its method name alone', `declare const pool: any\n${take('pool')}`],
    [
      'when it is another class of the driver',
      `import { Client } from 'pg'\nconst client = new Client()\n${take('client')}`,
    ],
    [
      'when a class of the same name comes from elsewhere',
      `import { Pool } from 'generic-pool'\nconst pool = new Pool()\n${take('pool')}`,
    ],
    [
      'when it may also be another class of the driver',
      `import type { Client, Pool } from 'pg'\ndeclare const db: Pool | Client\n${take('db')}`,
    ],
    [
      'when it may also be a class of the package with that method',
      `import type { Pool } from 'pg'\nclass Socket { connect(): any {} }\ndeclare const db: Pool | Socket\n${take('db')}`,
    ],
    [
      'when a class of the package has the method only',
      `class Socket { connect(): any {} }\nconst s = new Socket()\n${take('s')}`,
    ],
  ])('%s', (_name, text) => {
    expect(scanText(text)).toEqual([])
  })
})

describe('where no declaration of the package decides', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pgferry-receivers-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  const analyze = (text: string, factory: string, hasConfig = true): unknown[] => {
    writeFileSync(
      join(folder, 'tsconfig.json'),
      '{ "compilerOptions": { "strict": true, "noLib": true, "types": [] } }',
    )
    writeFileSync(join(folder, 'factory.ts'), factory)
    writeFileSync(join(folder, 'a.ts'), text)
    const files = [{ path: join(folder, 'a.ts'), relativePath: 'a.ts', text }]
    const sources = {
      name: 'app',
      path: folder,
      files,
      ...(hasConfig ? { tsconfigPath: join(folder, 'tsconfig.json') } : {}),
    }
    return analyzePackage(sources, builtinDialects).files.flatMap((file) => file.sites.map((one) => one.site))
  }
  const user = `import { make } from './factory'
const pools = make()
export async function f() { const c = await pools.getconn(); try { c.query() } finally { pools.putconn(c) } }
`

  it('the type checker is asked, and infers', () => {
    const factory =
      'class Acme { getconn(): any { return 1 } putconn(c: any): void {} }\nexport function make() { const acme = new Acme(); return acme }'
    expect(analyze(user, factory)).toMatchObject([{ dialect: 'psycopg2-pool' }])
  })

  it('the type checker looks through unions, intersections and base classes', () => {
    const factory = `class Base { getconn(): any { return 1 } putconn(c: any): void {} }
class Left extends Base {}
export function make() { const acme: Left & { x: 1 } | undefined = null as any; return acme! }`
    expect(analyze(user, factory)).toHaveLength(1)
  })

  it('the type checker refuses what has other members, and what is any', () => {
    expect(analyze(user, 'export function make() { return { getconn() {} } }')).toEqual([])
    expect(analyze(user, 'export function make(): any { return 1 }')).toEqual([])
  })

  it('code without annotations, whose types are any, is known by its use, with a tsconfig as without', () => {
    const untyped = `import 'pg'
export class Store { pool: any; constructor(pool: any) { this.pool = pool }
async f() { const c = await this.pool.connect(); try { await c.query('x') } finally { c.release() } } }
`
    for (const hasConfig of [true, false])
      expect(analyze(untyped, '', hasConfig)).toMatchObject([{ dialect: 'node-postgres' }])
    expect(analyze(untyped.replace("import 'pg'\n", ''), '')).toEqual([])
  })

  it('what a function returns is followed without a tsconfig too', () => {
    const factory =
      'class Acme { getconn(): any { return 1 } putconn(c: any): void {} }\nexport function make() { const acme = new Acme(); return acme }'
    expect(analyze(user, factory, false)).toMatchObject([{ dialect: 'psycopg2-pool' }])
  })

  it('nothing is claimed of what nobody knows', () => {
    expect(analyze(user, 'export declare const make: () => any', false)).toEqual([])
  })
})
