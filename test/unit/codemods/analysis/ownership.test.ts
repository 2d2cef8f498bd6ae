import { scanFiles, scanText } from './scan-text'

const head = `import { Pool, type PoolClient } from 'pg'\nimport { external } from 'ext'\ndeclare const pool: Pool\ndeclare function work(...args: unknown[]): Promise<any>\n`

/** Verdict and reason of each site, in the order of the text. */
function verdicts(program: string): readonly string[] {
  return scanText(head + program).map(({ verdict, reason }) =>
    reason === undefined ? verdict : `${verdict} ${reason}`,
  )
}

const commit = `async function commit(c: PoolClient) { await c.query('COMMIT'); c.release() }`
const rollback = `async function rollback(c: PoolClient) { await c.query('ROLLBACK'); c.release() }`
const done = `function done(c: PoolClient) { c.release() }`
const bracket = (end: string): string =>
  `async function f() { const c = await pool.connect(); try { await c.query('x') } finally { ${end} } }`

/** Functions of which every path is known: a scope around them changes nothing. */
const followed: ReadonlySet<string> = new Set([
  'a function',
  'a function that calls another',
  'a method of this',
  'a private method',
  'an inherited method',
  'a function in a field',
  'a name taken out of an object',
  'a function that may release',
  'a static method',
  'a method of an object literal',
])

describe('a release in another function', () => {
  it.each([
    ['a function', `${done}\n${bracket('done(c)')}`],
    [
      'one for each way out',
      `${commit}\n${rollback}\nasync function f() { const c = await pool.connect(); try { await c.query('BEGIN'); await commit(c) } catch (e) { await rollback(c); throw e } }`,
    ],
    [
      'a function that calls another',
      `${done}\nconst end = (c: PoolClient) => done(c)\n${bracket('end(c)')}`,
    ],
    [
      'an object that is taken apart',
      `function done({ c }: { c: PoolClient }) { c.release() }\n${bracket('done({ c })')}`,
    ],
    [
      'an object by its property',
      `function done(o: { c: PoolClient }) { o.c.release() }\n${bracket('done({ c })')}`,
    ],
    [
      'an object that is passed on',
      `function end(o: { c: PoolClient }) { o.c.release() }\nfunction done(o: { c: PoolClient }) { end(o) }\n${bracket('done({ c })')}`,
    ],
    [
      'an object that is taken apart inside',
      `function done(o: { c: PoolClient }) { const { c } = o; c.release() }\n${bracket('done({ c })')}`,
    ],
    [
      'a method of this',
      `class A { finish(c: PoolClient) { c.release() }\n ${bracket('this.finish(c)').replace('async function f', 'async f')} }`,
    ],
    [
      'a private method',
      `class A { #finish(c: PoolClient) { c.release() }\n ${bracket('this.#finish(c)').replace('async function f', 'async f')} }`,
    ],
    [
      'an inherited method',
      `class B { finish(c: PoolClient) { c.release() } }\nclass A extends B { ${bracket('this.finish(c)').replace('async function f', 'async f')} }`,
    ],
    [
      'a function in a field',
      `class A { finish = (c: PoolClient) => { c.release() }\n ${bracket('this.finish(c)').replace('async function f', 'async f')} }`,
    ],
    ['a static method', `class Tx { static end(c: PoolClient) { c.release() } }\n${bracket('Tx.end(c)')}`],
    [
      'a method of an object literal',
      `const tx = { end(c: PoolClient) { c.release() } }\n${bracket('tx.end(c)')}`,
    ],
    [
      'a name taken out of an object',
      `const tx = { end(c: PoolClient) { c.release() } }\nconst { end } = tx\n${bracket('end(c)')}`,
    ],
    [
      'a function that calls itself',
      `async function drain(c: PoolClient, n: number): Promise<void> { if (n === 0) { c.release(); return } await drain(c, n - 1) }\nasync function f() { const c = await pool.connect(); await drain(c, 3) }`,
    ],
    [
      'a generator',
      `async function* rows(c: PoolClient) { try { yield* (await c.query('x')).rows } finally { c.release() } }\nasync function f() { const c = await pool.connect(); for await (const r of rows(c)) await work(r) }`,
    ],
    [
      'a function that may release',
      `function done(c: PoolClient, ok: boolean) { if (ok) c.release() }\n${bracket('done(c, true)')}`,
    ],
    [
      'a wrapper with an end',
      `function wrap(c: PoolClient) { return { end: () => c.release() } }\nasync function f() { const c = await pool.connect(); const w = wrap(c); try { await c.query('x') } finally { w.end() } }`,
    ],
    [
      'a function that is called back',
      `async function withTx(c: PoolClient, run: () => Promise<any>) { try { return await run() } finally { c.release() } }\nasync function f() { const c = await pool.connect(); return withTx(c, () => c.query('x')) }`,
    ],
    [
      'then',
      `async function f() { const c = await pool.connect(); return c.query('x').then((r: any) => { c.release(); return r }) }`,
    ],
    [
      'a listener',
      `async function f(s: any) { const c = await pool.connect(); s.on('end', () => c.release()) }`,
    ],
  ])('is found in %s', (name, program) => {
    expect(verdicts(program)).toEqual([followed.has(name) ? 'rewritable' : 'manual release-in-helper'])
  })

  it('shows where it is passed, where it is released, and when it is not', () => {
    const [site] = scanText(
      `${head}${commit}\nasync function f() {\nconst c = await pool.connect()\ntry { await c.query('x') }\nfinally { await commit(c) } }`,
    )
    expect(site?.witness?.map(({ line, note }) => [line, note])).toEqual([
      [7, 'the connection is taken here'],
      [9, 'passed to commit here, which releases it'],
      [5, 'released in commit here'],
      [5, 'when this throws, commit does not release it'],
      [9, 'when this throws, the function is left with the connection held'],
    ])
    expect(site?.advice).toContain('--fix-leaks')
    expect(site?.advice).toContain('commit ends with the release')
  })

  it('does not promise more than the function does', () => {
    const [site] = scanText(
      `${head}function done(c: PoolClient, ok: boolean) { if (ok) c.release() }\n${bracket('done(c, work)').replace('f()', 'f(work: any)')}`,
    )
    expect(site?.witness?.[1]?.note).toBe('passed to done here, which may release it')
    expect(site?.advice).not.toContain('ends with the release')
  })

  it('says when a path releases twice', () => {
    const [site] = scanText(
      `${head}${done}\nasync function f() { const c = await pool.connect(); try { done(c); await work() } catch { done(c) } }`,
    )
    expect(site?.reason).toBe('use-after-release')
    expect(site?.witness?.at(-1)?.note).toBe('used here although a path has released it before')
    expect(site?.advice).not.toContain('ends with the release')
  })

  it.each([
    [
      'an early return',
      `${commit}\nasync function f(x: any) { const c = await pool.connect(); if (x) return; await commit(c) }`,
      'leak leaks-on-path',
    ],
    [
      'an exception',
      `${commit}\nasync function f() { const c = await pool.connect(); await c.query('x'); await commit(c) }`,
      'leak leaks-on-throw',
    ],
    [
      'a condition',
      `${done}\nasync function f(x: any) { const c = await pool.connect(); try { await c.query('x') } finally { if (x) done(c) } }`,
      'leak leaks-on-path',
    ],
  ])('that is missed by %s leaks', (_name, program, expected) => {
    expect(verdicts(program)).toEqual([expected])
  })

  it.each([
    [
      'does nothing of the kind',
      `function done(c: PoolClient) { c.escapeLiteral('x') }\n${bracket('done(c)')}`,
      'leak never-released',
    ],
    [
      'is called by functions that call each other',
      `async function a(c: PoolClient, n: number): Promise<any> { return n ? b(c, n) : c.query('x') }\nasync function b(c: PoolClient, n: number): Promise<any> { return a(c, n - 1) }\nasync function f() { const c = await pool.connect(); await a(c, 3) }`,
      'leak never-released',
    ],
    [
      'releases its own when it is given none',
      `async function load(given?: PoolClient) { if (given) return given.query('x'); return 1 }\nasync function f() { const c = await pool.connect(); await load(c) }`,
      'leak never-released',
    ],
    [
      'may be another in a subclass',
      `class A { end(c: PoolClient) {}\n async f() { const c = await pool.connect(); this.end(c) } }\nclass B extends A { end(c: PoolClient) { c.release() } }`,
      'manual escapes-to-callee',
    ],
    [
      'is abstract',
      `abstract class A { abstract end(c: PoolClient): void\n async f() { const c = await pool.connect(); this.end(c) } }`,
      'manual escapes-to-callee',
    ],
    [
      'is a variable that is assigned',
      `let end = (c: PoolClient) => {}\nexport const set = (e: any) => { end = e }\nasync function f() { const c = await pool.connect(); end(c) }`,
      'manual escapes-to-callee',
    ],
    [
      'takes all its arguments',
      `function end(...all: PoolClient[]) { for (const c of all) c.release() }\n${bracket('end(c)')}`,
      'manual escapes-to-callee',
    ],
    [
      'hands it on to code that is not seen',
      `function release(c: any) { console.log(c) }\n${bracket('release(c)')}`,
      'manual escapes-to-callee',
    ],
    ['is not seen', bracket('external(c)'), 'manual escapes-to-callee'],
    [
      'returns it',
      `function instrument<T>(c: T): T { return c }\nasync function f() { const raw = await pool.connect(); const c = instrument(raw); try { await c.query('x') } finally { c.release() } }`,
      'manual escapes-to-callee',
    ],
    [
      'keeps it',
      `const live = new Set<PoolClient>()\nfunction track(c: PoolClient) { live.add(c) }\nasync function f() { const c = await pool.connect(); track(c) }`,
      'manual escapes-to-callee',
    ],
    [
      'gets it in a list in an object',
      `async function f() { const c = await pool.connect(); await work({ all: [c] }) }`,
      'manual escapes-to-callee',
    ],
  ])('is not claimed of a function that %s', (_name, program, expected) => {
    expect(verdicts(program)).toEqual([expected])
  })

  it.each([
    [
      'a barrel',
      {
        'src/a.ts': `import { done } from './db'\n${bracket('done(c)')}`,
        'src/db/index.ts': `export * from './tx'`,
        'src/db/tx.ts': 'export function done(c: any) { c.release() }',
      },
    ],
    [
      'a re-export under another name',
      {
        'src/a.ts': `import { done } from './db'\n${bracket('done(c)')}`,
        'src/db/index.ts': `export { end as done } from './tx'`,
        'src/db/tx.ts': 'export function end(c: any) { c.release() }',
      },
    ],
    [
      'a default export',
      {
        'src/a.ts': `import done from './db'\n${bracket('done(c)')}`,
        'src/db.ts': 'export default (c: any) => { c.release() }',
      },
    ],
    [
      'a default object',
      {
        'src/a.ts': `import db from './db'\n${bracket('db.done(c)')}`,
        'src/db.ts': `import { done } from './tx'\nexport default { done }`,
        'src/tx.ts': 'export function done(c: any) { c.release() }',
      },
    ],
    [
      'a namespace',
      {
        'src/a.ts': `import * as db from './db'\n${bracket('db.done(c)')}`,
        'src/db.ts': `export { done } from './tx'`,
        'src/tx.ts': 'export function done(c: any) { c.release() }',
      },
    ],
    [
      'an imported name that is exported again',
      {
        'src/a.ts': `import { done } from './db'\n${bracket('done(c)')}`,
        'src/db.ts': `import { done } from './tx'\nexport { done }`,
        'src/tx.ts': 'export function done(c: any) { c.release() }',
      },
    ],
    [
      'a class of a class',
      {
        'src/a.ts': `import { Tx } from './tx'\nclass S { constructor(private tx: Tx) {}\n ${bracket('this.tx.done(c)').replace('async function f', 'async f')} }`,
        'src/tx.ts': `import { Base } from './base'\nexport class Tx extends Base {}`,
        'src/base.ts': 'export class Base { done(c: any) { c.release() } }',
      },
    ],
  ])('is found behind %s', (_name, files) => {
    const all: Record<string, string> = { ...files, 'src/a.ts': head + files['src/a.ts'] }
    const [site] = scanFiles(all)
    expect(site?.verdict).toBe('rewritable')
    const file = site?.witness?.at(-1)?.file
    expect(Object.keys(all)).toContain(file)
    expect(file).not.toBe('src/a.ts')
  })

  it.each([
    ['exports.done', 'exports.done = (c) => { c.release() }', 'const { done } = require("./tx")', 'done(c)'],
    [
      'module.exports',
      'function done(c) { c.release() }\nmodule.exports = { done }',
      'const tx = require("./tx")',
      'tx.done(c)',
    ],
  ])('is found behind %s', (_name, helper, required, end) => {
    const [site] = scanFiles({
      'src/a.js': `const { Pool } = require('pg')\n${required}\nconst pool = new Pool()\n${bracket(end)}`,
      'src/tx.js': helper,
    })
    expect(site?.verdict).toBe('rewritable')
  })
})

describe('leaks beside a hand-over', () => {
  it.each([
    [
      'a path returns something else',
      `async function f(x: any) { const c = await pool.connect(); return x ? c : null }`,
      'leak leaks-on-path',
    ],
    [
      'a path ends before it is handed over',
      `async function f(x: any) { const c = await pool.connect(); if (x) return; await external(c) }`,
      'leak leaks-on-path',
    ],
    [
      'a path ends before it is kept',
      `class S { c?: PoolClient; async f(x: any) { const c = await pool.connect(); if (x) return; this.c = c } }`,
      'leak leaks-on-path',
    ],
    [
      'a borrower is known',
      `async function use(c: PoolClient) { await c.query('x') }\nasync function f(x: any) { const c = await pool.connect(); await use(c); if (x) return; c.release() }`,
      'leak leaks-on-path',
    ],
    [
      'a factory of the package gives it',
      `async function begin() { const c = await pool.connect(); await c.query('BEGIN'); return c }\nasync function f() { const c = await begin(); await c.query('x') }`,
      'leak never-released',
    ],
  ])('are claimed when %s', (_name, program, expected) => {
    expect(verdicts(program).at(-1)).toBe(expected)
  })

  it.each([
    [
      'the connection or nothing is returned',
      `async function f() { const c = await pool.connect(); return c || null }`,
    ],
    [
      'only a missing connection is not returned',
      `async function f() { const c = await pool.connect(); if (!c) return null; return c }`,
    ],
    [
      'a code that is not seen may release',
      `async function f(x: any) { const c = await pool.connect(); await external(c); if (x) return; c.release() }`,
    ],
    [
      'code that is not seen commits, and the catch releases',
      `async function f() { const c = await pool.connect(); try { await external(c) } catch (e) { c.release(e as Error); throw e } }`,
    ],
    [
      'an object that is returned has it, and the catch releases',
      `class Tx { constructor(private c: PoolClient) {} end() { this.c.release() } }\nasync function f() { const c = await pool.connect(); try { await c.query('BEGIN'); return new Tx(c) } catch (e) { c.release(); throw e } }`,
    ],
    [
      'a function below releases it',
      `async function f() { const c = await pool.connect(); process.on('exit', stop); return\nfunction stop() { c.release() } }`,
    ],
    [
      'a function above releases it',
      `async function f() { let c: any; const stop = () => c.release(); c = await pool.connect(); process.on('exit', stop) }`,
    ],
    [
      'the process ends',
      `async function f(x: any) { const c = await pool.connect(); if (x) process.exit(1); c.release() }`,
    ],
    [
      'it listens',
      `async function f() { const c = await pool.connect(); c.on('notification', () => work()); await c.query('LISTEN jobs') }`,
    ],
    [
      'a field that stays decides both',
      `class A { readonly c?: PoolClient; async f() { const c = this.c ?? (await pool.connect()); try { await c.query('x') } finally { if (!this.c) c.release() } } }`,
    ],
    [
      'a field that may change decides both',
      `class A { c?: PoolClient; set(c: any) { this.c = c }\n async f() { const c = this.c ?? (await pool.connect()); try { await c.query('x') } finally { if (!this.c) c.release() } } }`,
    ],
    [
      'a call decides both',
      `async function f(x: any) { let c: any; if (x.own()) c = await pool.connect(); else c = x.c; try { await c.query('x') } finally { if (x.own()) c.release() } }`,
    ],
    ['a module keeps it', `const c = await pool.connect()\nexport const q = (s: string) => c.query(s)`],
    [
      'the hook of a test keeps it',
      `declare const before: any, after: any\nlet c: PoolClient\nbefore(async () => { c = await pool.connect() })\nafter(() => c.release())`,
    ],
    [
      'the lock of somebody gets it',
      `async function f(lock: any) { const c = await pool.connect(); try { await c.query('x') } finally { lock.release(c) } }`,
    ],
    [
      'the other of two releases is another connection',
      `async function f() { let c = await pool.connect(); try { await c.query('a') } finally { c.release() } c = await pool.connect(); try { await c.query('b') } finally { c.release() } }`,
    ],
  ])('are not claimed when %s', (_name, program) => {
    for (const verdict of verdicts(program)) expect(verdict).not.toMatch(/^leak|double-release|use-after/)
  })
})

describe('a member in brackets that may be the release', () => {
  it.each([`c['release']()`, `c[name]()`])('is named as what nobody follows: %s', (end) => {
    const [site] = scanText(`${head}const name: any = 'end'\n${bracket(end)}`)
    expect(site).toMatchObject({ verdict: 'manual', reason: 'unsupported-shape' })
    expect(site?.witness?.at(-1)?.note).toContain('in brackets')
  })

  it('is no obstacle where it is surely another', () => {
    expect(
      verdicts(
        `async function f() { const c = await pool.connect(); try { await c['query']('x') } finally { c.release() } }`,
      ),
    ).toEqual(['rewritable'])
  })
})
