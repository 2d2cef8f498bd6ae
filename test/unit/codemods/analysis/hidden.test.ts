import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import type { HiddenDependency } from '../../../../codemods/src/model/hidden-dependency'

const head = `import { Pool, type PoolClient } from 'pg'\ndeclare const pool: Pool\ndeclare const other: Pool\ndeclare const m: { withConnection(f: (c: any) => any): Promise<any> }\ndeclare function work(...args: unknown[]): Promise<any>\n`
const log = `async function log() { const c = await pool.connect(); try { await c.query('l') } finally { c.release() } }`
const optional = `async function log(given?: PoolClient) { const c = given ?? (await pool.connect()); try { await c.query('l') } finally { if (!given) c.release() } }`
const holding = (body: string): string =>
  `export async function f(x?: any) { const c = await pool.connect(); try { ${body} } finally { c.release() } }`

function hiddenIn(files: Readonly<Record<string, string>>): readonly HiddenDependency[] {
  const sources = Object.entries(files).map(([name, text]) => ({
    path: `/app/${name}`,
    relativePath: name,
    text,
  }))
  return analyzePackage({ name: 'app', path: '/app', files: sources }, builtinDialects, {
    readDisk: false,
  }).files.flatMap((file) => file.hiddenDependencies)
}

const kinds = (program: string): readonly string[] =>
  hiddenIn({ 'src/a.ts': head + program }).map(({ kind }) => kind)

describe('hidden dependencies', () => {
  it.each([
    [
      'a connection taken while one is held',
      holding(`const d = await pool.connect(); d.release()`),
      ['nested-acquire'],
    ],
    ['a function that takes one while one is held', `${log}\n${holding('await log()')}`, ['nested-acquire']],
    [
      'a function that calls one that does',
      `${log}\nconst audit = async () => { await log() }\n${holding('await audit()')}`,
      ['nested-acquire'],
    ],
    [
      'a method that takes one',
      `class A { async log() { const c = await pool.connect(); c.release() }\n async f() { const c = await pool.connect(); try { await this.log() } finally { c.release() } } }`,
      ['nested-acquire'],
    ],
    [
      'a function that takes one because it gets none',
      `${optional}\n${holding('await log()')}`,
      ['nested-acquire'],
    ],
    ['a query of the pool', holding(`await pool.query('x')`), ['nested-acquire']],
    [
      'a scope in a scope',
      `export const f = async () => { await m.withConnection(async (c) => { await m.withConnection(async (d) => d.query('x')); await c.query('y') }) }`,
      ['nested-acquire'],
    ],
    [
      'one taken in a callback that runs at once',
      `${log}\n${holding('await Promise.all(x.map(async () => { await log() }))')}`,
      ['nested-acquire'],
    ],
    [
      'two queries at the same time',
      holding(`await Promise.all([c.query('a'), c.query('b')])`),
      ['shared-by-concurrent-awaits'],
    ],
    [
      'two queries that settle',
      holding(`await Promise.allSettled([c.query('a'), c.query('b')])`),
      ['shared-by-concurrent-awaits'],
    ],
    [
      'a query for each at the same time',
      holding(`await Promise.all(x.map((one: any) => c.query(one)))`),
      ['shared-by-concurrent-awaits'],
    ],
    [
      'two queries in a function that borrows it',
      `async function both(c: PoolClient) { await Promise.all([c.query('a'), c.query('b')]) }\n${holding('await both(c)')}`,
      ['shared-by-concurrent-awaits'],
    ],
    [
      'a scope that nobody waits for',
      `export function f() { m.withConnection(async (c) => c.query('x')) }`,
      ['unawaited-scope'],
    ],
    [
      'a variable of the module',
      `let shared: any\nexport async function f() { shared = await pool.connect() }`,
      ['escape', 'module-state'],
    ],
    [
      'a map of the module',
      `const all = new Map<string, PoolClient>()\nexport async function f(id: string) { const c = await pool.connect(); all.set(id, c) }`,
      ['escape', 'module-state'],
    ],
    [
      'a property of an object of the module',
      `const state: any = {}\nexport async function f() { state.c = await pool.connect() }`,
      ['escape', 'module-state'],
    ],
    [
      'the global object',
      `export async function f() { const c = await pool.connect(); (globalThis as any).c = c }`,
      ['escape'],
    ],
    ['a field', `export class S { c: any; async f() { this.c = await pool.connect() } }`, ['escape']],
    ['a return', `export async function f() { const c = await pool.connect(); return c }`, ['escape']],
    [
      'a function that is not seen',
      `export async function f() { const c = await pool.connect(); await work(c) }`,
      ['escape'],
    ],
    [
      'a closure',
      `export async function f(s: any) { const c = await pool.connect(); try { s.on('x', () => c.query('x')) } finally { c.release() } }`,
      ['escape'],
    ],
    [
      'a helper that releases',
      `function done({ c }: { c: PoolClient }) { c.release() }\nexport async function f() { const c = await pool.connect(); done({ c }) }`,
      ['escape'],
    ],
    [
      'a statement that listens',
      `export async function f() { const c = await pool.connect(); await c.query('LISTEN jobs') }`,
      ['listen'],
    ],
    [
      'a statement that listens, made of parts',
      `export async function f(x: any) { const c = await pool.connect(); await c.query({ text: \`LISTEN "\${x}"\` }); await c.query('UNLISTEN *'); c.release() }`,
      ['listen'],
    ],
    [
      'a handler of notifications',
      `export async function f() { const c = await pool.connect(); c.on('notification', () => 1); await c.query('x'); c.release() }`,
      ['listen'],
    ],
    [
      'a client of its own that listens',
      `export async function f(client: any) { await client.connect(); await client.query('listen ' + 'jobs') }`,
      ['listen'],
    ],
  ])('are seen in %s', (_name, program, expected) => {
    expect(kinds(program)).toEqual(expected)
  })

  it.each([
    ['one connection after another', `${log}\n${holding('').replace(/}$/, 'await log() }')}`],
    ['a function that is only made while one is held', `${log}\n${holding('x.later = () => log()')}`],
    ['a query of another pool', holding(`await other.query('x')`)],
    ['a function that gets the connection', `${optional}\n${holding('await log(c)')}`],
    ['a function that gets another', `${optional}\n${holding('await log(x)')}`],
    [
      'two variables of one name',
      `export async function f() { let c = await pool.connect(); c.release(); c = await pool.connect(); c.release() }`,
    ],
    [
      'a release before the other',
      `export async function f(x: any) { const c = await pool.connect(); if (x) { c.release(); await pool.query('x'); return } c.release() }`,
    ],
    [
      'a branch each',
      `export async function f(x: any) { if (x) { const c = await pool.connect(); c.release() } else { const c = await pool.connect(); c.release() } }`,
    ],
    ['queries one after another', holding(`await c.query('a'); await c.query('b')`)],
    ['one query among other work', holding(`await Promise.all([c.query('a'), work()])`)],
    ['a scope that is returned', `export const f = () => m.withConnection(async (c) => c.query('x'))`],
    ['a plain bracket', holding(`await c.query('a')`)],
    [
      'a handler of something else',
      `export async function f(ui: any) { ui.on('notification', () => 1); const c = await pool.connect(); c.release() }`,
    ],
    ['a text that speaks of listening', holding(`await c.query("select 'LISTEN jobs'")`)],
    [
      'a parameter of the name of a variable of the module',
      `const state = 1\nexport async function f(state: any) { state.c = 1; const c = await pool.connect(); c.release() }`,
    ],
  ])('are not seen in %s', (_name, program) => {
    expect(kinds(program)).toEqual([])
  })

  it('show the way through functions and files, and belong to their site', () => {
    const [found] = hiddenIn({
      'src/a.ts': `${head}import { audit } from './audit'\n${holding('await audit()')}`,
      'src/audit.ts': `import { log } from './log'\nexport const audit = async () => { await log() }`,
      'src/log.ts': `${head}export ${log}`,
    })
    expect(found).toMatchObject({ kind: 'nested-acquire', file: 'src/a.ts', line: 7 })
    expect(found?.site).toMatch(/\w/)
    expect(found?.summary).toContain('a pool of one deadlocks')
    expect(found?.witness.map(({ file, line, note }) => `${file ?? ''}:${String(line)} ${note}`)).toEqual([
      ':7 the first connection is taken here',
      ':7 calls audit here',
      'src/audit.ts:2 calls log here',
      'src/log.ts:6 the second is taken here',
    ])
  })

  it('are in the order of the text, file by file', () => {
    const found = hiddenIn({
      'src/a.ts': `${head}${holding(`await pool.query('x')`)}\nexport async function g() {\nreturn await pool.connect() }`,
    })
    expect(found.map(({ kind, line }) => [kind, line])).toEqual([
      ['nested-acquire', 6],
      ['escape', 8],
    ])
  })
})
