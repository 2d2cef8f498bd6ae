import { furtherWords } from '../../../../codemods/src/analysis/receivers/further-words'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import { dialectWords } from '../../../../codemods/src/dialects/dialect-words'
import { scanText } from './scan-text'

const pool = `import { Pool } from 'pg'\nconst pool = new Pool()\nlet tx: any, enabled: any\n`
const promise = (body: string, name = 'take'): string =>
  `function ${name}(): Promise<any> { return new Promise((resolve, reject) => { ${body} }) }\n`
const plain = promise('pool.connect((err, client, done) => { if (err) reject(err); else resolve(client) })')
const use = `export async function f() { const c = await take(); try { await c.query('x') } finally { c.release() } }`
const lastOf = (text: string): unknown => scanText(`${pool}${text}`).at(-1)

describe('functions that make a promise of a callback', () => {
  it('make each of their calls a site for people', () => {
    expect(lastOf(`${plain}${use}`)).toMatchObject({
      api: 'take/release',
      shape: 'try-finally',
      verdict: 'manual',
      reason: 'callback-style',
    })
  })

  it.each([
    ['an async function', plain.replace('function', 'async function')],
    ['the promise is awaited', plain.replace('return new', 'return await new')],
    [
      'a variable has it',
      'async function take() { const c = await new Promise<any>((resolve) => { pool.connect((e, client) => resolve(client)) }); return c }\n',
    ],
    [
      'the failure goes first',
      promise('pool.connect((err, client) => { if (err) return reject(err); resolve(client) })'),
    ],
    ['a condition in one', promise('pool.connect((err, client) => err ? reject(err) : resolve(client!))')],
    ['an older function', promise('pool.connect(function (err, client) { resolve(client) })')],
    [
      'a helper sees it and hands it back',
      `function seen(c: any) { c.on('error', log); return c }\n${promise('pool.connect((err, client) => resolve(seen(client)))')}`,
    ],
    [
      'one of two pools',
      `const other = new Pool()\n${promise('if (enabled) pool.connect((e, client) => resolve(client)); else other.connect((e, another) => resolve(another))')}`,
    ],
    [
      'another function returns it',
      `${promise('pool.connect((err, client) => resolve(client))', 'inner')}const take = async () => inner()\n`,
    ],
  ])('are known by what they resolve with: %s', (_name, wrapper) => {
    expect(lastOf(`${wrapper}${use}`)).toMatchObject({
      api: 'take/release',
      verdict: 'manual',
      reason: 'callback-style',
    })
  })

  it('leak where their caller does not give back', () => {
    expect(
      lastOf(`${plain}export async function f() { const c = await take(); await c.query('x') }`),
    ).toMatchObject({
      api: 'take/release',
      verdict: 'leak',
    })
  })

  it.each([
    [
      'apart',
      '[client, done]',
      `const [c, done] = await take(); try { await c.query('x') } finally { done() }`,
    ],
    [
      'apart by name',
      '{ client, done }',
      `const { client, done } = await take(); await client.query('x'); done()`,
    ],
    [
      'in one variable',
      '[client, done]',
      `const taken = await take(); await taken[0].query('x'); taken[1]()`,
    ],
    [
      'in one object',
      '{ client: client, release: done }',
      `const taken = await take(); await taken.client.query('x'); taken.release()`,
    ],
  ])('may give the release beside the connection, which is taken %s', (_name, value, body) => {
    const take = promise(
      `pool.connect((err, client, done) => { if (err) reject(err); else resolve(${value}) })`,
    )
    expect(lastOf(`${take}export async function f() { ${body} }`)).toMatchObject({
      verdict: 'manual',
      reason: 'pattern-binding',
    })
  })

  it('stay what they are behind another function, and in a chain', () => {
    const inner = promise('pool.connect((err, client, done) => resolve([client, done]))', 'inner')
    const text = `${inner}async function take() { if (!enabled) return inner(); return new Promise((ok) => { pool.connect((e, c, done) => ok([c, done])) }) }\n`
    expect(
      lastOf(`${text}export async function f() { const [c, done] = await take(); done() }`),
    ).toMatchObject({ reason: 'pattern-binding' })
    expect(lastOf(`${text}export const f = () => take().then(([c, done]) => { done() })`)).toMatchObject({
      verdict: 'manual',
      reason: 'promise-chain',
    })
  })

  it('take one on some paths only, where the promise may also have something else', () => {
    const wrapper = promise('if (tx) return resolve(tx); pool.connect((err, client) => resolve(client))')
    expect(lastOf(`${wrapper}${use}`)).toMatchObject({ verdict: 'manual', reason: 'conditional-acquire' })
  })

  it.each([
    [
      'rows',
      'pool.connect((err, client, done) => { client!.query("x", (e, rows) => { done(); resolve(rows) }) })',
    ],
    ['the pool', 'pool.connect((err, client, done) => { done(); resolve(pool) })'],
    ['nothing', 'pool.connect((err, client, done) => { done(); resolve(undefined) })'],
    ['what a helper makes of it', 'pool.connect((err, client, done) => { resolve(rowsOf(client)) })'],
    ['what is read from it', 'pool.connect((err, client, done) => { done(); resolve([client!.processID]) })'],
    ['the error', 'pool.connect((err, client, done) => { done(); resolve(err) })'],
    [
      'a shadow of its name',
      'pool.connect((err, client, done) => { done(); [1].map((client) => resolve(client)) })',
    ],
  ])('are none where the promise has %s', (_name, body) => {
    const text = `${pool}async function rowsOf(c: any) { return c.query('x') }\n${promise(body)}${use}`
    expect(scanText(text).map(({ api }) => api)).not.toContain('take/release')
  })

  it.each([
    [
      'another resolve',
      promise('pool.connect((e, client) => { const each = (resolve: any) => resolve(client); each(log) })'),
    ],
    [
      'another constructor',
      'function take() { return new Job((resolve: any) => { pool.connect((e, client) => resolve(client)) }) }\n',
    ],
    [
      'a promise that stays inside',
      'async function take() { await new Promise<any>((resolve) => { pool.connect((e, client) => resolve(client)) }); return 1 }\n',
    ],
    [
      'a callback of the caller',
      'function take(resolve?: any): any { pool.connect((e, client) => resolve(client)) }\n',
    ],
  ])('are none with %s', (_name, wrapper) => {
    expect(scanText(`${pool}${wrapper}${use}`).map(({ api }) => api)).not.toContain('take/release')
  })
})

describe('the sift for functions that give a connection', () => {
  const wordsOf = (text: string): readonly string[] =>
    furtherWords(
      { name: 'a', path: '/nowhere', files: [{ path: '/nowhere/a.ts', relativePath: 'a.ts', text }] },
      builtinDialects,
      dialectWords(builtinDialects),
    )

  it.each([
    [
      'a choice over lines',
      'export async function take() {\n  return (\n    tx ??\n    (await pool.connect())\n  )\n}',
    ],
    [
      'operators at the beginning of lines',
      'export const take = async () =>\n  tx\n    ?? await pool.connect()',
    ],
    [
      'a condition over lines',
      'export async function take() {\n  return tx === 1\n    ? tx\n    : await pool.connect()\n}',
    ],
    [
      'a variable with a choice',
      'export async function take(given?: any) {\n  const c =\n    given || (await pool.connect())\n  return c\n}',
    ],
    [
      'a variable of which one is returned',
      'export async function take() {\n  const c = await pool.connect()\n  return tx ?? c\n}',
    ],
    ['a promise', `export ${plain}`],
  ])('lets through %s', (_name, text) => {
    expect(wordsOf(`${pool}${text}`)).toEqual(['take'])
  })

  it('names each word once', () => {
    const both = ['A', 'B'].map((name) => `export class ${name} { take() { return pool.connect() } }`)
    expect(wordsOf(`${pool}${both.join('\n')}`)).toEqual(['take'])
  })

  it.each([
    [
      'a variable of which a member is returned',
      'export async function f() { const c = await pool.connect(); try { return c.query(1) } finally { c.release() } }',
    ],
    [
      'a variable that a call gets',
      'export async function f() { const c = await pool.connect(); try { return await run(c) } finally { c.release() } }',
    ],
    [
      'a promise in front of it',
      'export const wait = () => new Promise((ok) => setTimeout(ok, 1))\nexport async function f() { const c = await pool.connect(); c.release() }',
    ],
  ])('gives no word for %s', (_name, text) => {
    expect(wordsOf(`${pool}${text}`)).toEqual([])
  })
})
