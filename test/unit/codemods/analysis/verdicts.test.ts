import type { Site } from '../../../../codemods/src/model/site'
import { scanText } from './scan-text'

const pool = `import { Pool } from 'pg'\ndeclare const pool: Pool\ndeclare function work(...args: unknown[]): Promise<any>\n`

function siteOf(body: string, head = 'export async function f(given?: any, flag?: boolean)'): Site {
  const sites = scanText(`${pool}${head} {\n${body}\n}`)
  const [site] = sites
  if (site === undefined || sites.length !== 1)
    throw new Error(`expected one site, found ${String(sites.length)}`)
  return site
}

const take = 'const c = await pool.connect()'

describe('what is rewritable', () => {
  it.each([
    [
      'a finally that asks for the connection first',
      `${take}\ntry { await c.query('x') } finally { if (c != null) { c.release() } }`,
    ],
    ['an optional release', `${take}\ntry { await c.query('x') } finally { c?.release() }`],
    [
      'a release of a const alias',
      `${take}\nconst d = c\ntry { await d.query('x') } finally { c.release() }`,
    ],
    [
      'a let that is never assigned again',
      `let c = await pool.connect()\ntry { await c.query('x') } finally { c.release() }`,
    ],
    [
      'a do-while that breaks',
      `do { ${take}\ntry { if (flag) break } finally { c.release() } } while (given)`,
    ],
    [
      'a labelled continue',
      `outer: for (const x of given) { for (;;) { ${take}\ntry { continue outer } finally { c.release() } } }`,
    ],
    [
      'a switch inside',
      `${take}\ntry { switch (given) { case 1: return 1; default: await c.query('x') } } finally { c.release() }`,
    ],
    [
      'an acquire in a for-in loop',
      `for (const x in given) { ${take}\ntry { await c.query(x) } finally { c.release() } }`,
    ],
    [
      'a flag that decides about the release',
      `let isOurs = false\nconst c = await pool.connect()\nisOurs = true\ntry { await c.query('x') } finally { if (isOurs) c.release() }`,
    ],
    ['a release with an error', `${take}\ntry { await c.query('x') } finally { c.release(given) }`],
    ['an explicit false for the error', `${take}\ntry { await c.query('x') } finally { c.release(false) }`],
    [
      'an object that gets it by constructor',
      `${take}\ntry { const s = new Service(c); await s.run() } finally { c.release() }`,
    ],
    [
      'an object literal as an argument',
      `${take}\ntry { await work({ client: c, list: [c] }) } finally { c.release() }`,
    ],
    [
      'a callback of an array method',
      `${take}\ntry { given.forEach((x: string) => { c.escapeIdentifier(x) }) } finally { c.release() }`,
    ],
    [
      'a function that is called on the spot',
      `${take}\ntry { await (async () => c.query('x'))() } finally { c.release() }`,
    ],
    [
      'a promise that is made and awaited',
      `${take}\ntry { await new Promise((r) => c.query('x', r)) } finally { c.release() }`,
    ],
    ['a tagged template', `${take}\ntry { await given.sql\`\${c}\` } finally { c.release() }`],
    [
      'optional chains and element accesses',
      `${take}\ntry { await given?.a?.[flag ? 0 : 1]?.b(c)?.d } finally { c.release() }`,
    ],
    [
      'choices and comparisons',
      `${take}\ntry { const x = given || (await c.query('x')); if (!flag && (x ?? given) instanceof Error && 'a' in x) return x && 1 } finally { c.release() }`,
    ],
    [
      'a while loop and a for loop without parts',
      `${take}\ntry { while (flag) { await c.query('x') } for (;;) { break } } finally { c.release() }`,
    ],
    [
      'classes and functions inside',
      `${take}\ntry { class A {} function b() { return 1 } await c.query(String(b()), [new A()]) } finally { c.release() }`,
    ],
    [
      'conditions that are constants',
      `${take}\ntry { if (true) await c.query('x'); if (false) return } finally { c.release() }`,
    ],
    [
      'a template, a spread and a delete',
      `${take}\ntry { delete given.x; await c.query(\`\${given}\`, [...given, (given as any), given!]) } finally { c.release() }`,
    ],
    [
      'a finally that does more',
      `${take}\ntry { await c.query('x') } finally { c.release(); given.count += 1 }`,
    ],
    [
      'a release with an error that a call makes',
      `${take}\ntry { await c.query('x') } finally { c.release(given()) }`,
    ],
    [
      'a release that is given something to evaluate',
      `${take}\ntry { await c.query('x') } finally { c.release(undefined, work()) }`,
    ],
    [
      'a function by name for each element',
      `${take}\ntry { const one = (x: string) => c.escapeLiteral(x); given.map(one) } finally { c.release() }`,
    ],
  ])('%s', (_name, body) => {
    expect(siteOf(body)).toMatchObject({ verdict: 'rewritable' })
  })

  it('labels a gap only when something in it can throw', () => {
    expect(
      siteOf(`${take}\nconst sql = 'x'\ntry { await c.query(sql) } finally { c.release() }`),
    ).not.toHaveProperty('labels')
    expect(
      siteOf(`${take}\nconst sql = given.sql\ntry { await c.query(sql) } finally { c.release() }`).labels,
    ).toEqual(['closes-leak-window'])
  })
})

describe('what is refused, and why', () => {
  it.each<[string, string, string, string]>([
    [
      'a return in the gap',
      `${take}\nif (flag) return 1\ntry { await c.query('x') } finally { c.release() }`,
      'leak',
      'leaks-on-path',
    ],
    [
      'a loop that takes again without release',
      `for (;;) { ${take}\nawait c.query('x') }`,
      'leak',
      'never-released',
    ],
    ['a connection that is dropped', 'await pool.connect()', 'leak', 'never-released'],
    ['a release on one branch only', `${take}\nif (flag) c.release()`, 'leak', 'leaks-on-path'],
    [
      'a returned object that holds it',
      `${take}\nreturn { c, close: () => c.release() }`,
      'manual',
      'escapes-to-return',
    ],
    ['a returned promise of it', 'return pool.connect()', 'manual', 'escapes-to-return'],
    ['an awaited return of it', 'return await pool.connect()', 'manual', 'escapes-to-return'],
    ['a field', 'given.client = await pool.connect()', 'manual', 'escapes-to-field'],
    ['an element', 'given[0] = await pool.connect()', 'manual', 'escapes-to-container'],
    ['a list', `${take}\ngiven.push(c)`, 'manual', 'escapes-to-container'],
    ['an array', `${take}\nconst all = [c]\nwork(all)`, 'manual', 'escapes-to-container'],
    ['an argument without a name', 'await work(await pool.connect())', 'manual', 'escapes-to-callee'],
    [
      'a property of an argument',
      'await work({ c: await pool.connect() })',
      'manual',
      'escapes-to-container',
    ],
    ['a use without a name', `await (await pool.connect()).query('x')`, 'manual', 'no-binding'],
    ['a pattern', 'const { query } = await pool.connect()', 'manual', 'pattern-binding'],
    [
      'a pattern that is assigned',
      'let query: any\n;({ query } = await pool.connect())',
      'manual',
      'pattern-binding',
    ],
    ['a chain', `await pool.connect().then((c) => c.release())`, 'manual', 'promise-chain'],
    ['a promise that is kept', 'const p = pool.connect()', 'manual', 'promise-chain'],
    [
      'a timer',
      `${take}\ntry { setTimeout(() => c.query('x'), 1) } finally { c.release() }`,
      'manual',
      'escapes-to-closure',
    ],
    [
      'a listener',
      `${take}\ntry { given.on('x', () => c.query('x')) } finally { c.release() }`,
      'manual',
      'escapes-to-closure',
    ],
    [
      'a function that is returned',
      `${take}\ntry { return () => c.query('x') } finally { c.release() }`,
      'manual',
      'escapes-to-closure',
    ],
    [
      'a named function that is handed on',
      `${take}\ntry { const q = async () => c.query('x'); given.keep(q) } finally { c.release() }`,
      'manual',
      'escapes-to-closure',
    ],
    [
      'a release in another function',
      `${take}\nawait work(() => c.release())`,
      'manual',
      'release-in-helper',
    ],
    ['a release that is handed on', `${take}\nawait work(c.release)`, 'manual', 'release-in-helper'],
    [
      'two releases in a row',
      `${take}\ntry { await c.query('x') } finally { c.release(); c.release() }`,
      'manual',
      'double-release',
    ],
    [
      'a use behind the release',
      `${take}\ntry { await c.query('x') } finally { c.release() }\nawait c.query('y')`,
      'manual',
      'use-after-release',
    ],
    [
      'a use behind a release without try',
      `${take}\nc.release()\nawait c.query('x')`,
      'manual',
      'use-after-release',
    ],
    [
      'a mention behind the release',
      `${take}\ntry { await c.query('x') } finally { c.release() }\nawait c.query('y')`,
      'manual',
      'use-after-release',
    ],
    [
      'a variable that gets another value',
      `let c = await pool.connect()\ntry { c = given } finally { c.release() }`,
      'manual',
      'reassigned',
    ],
    [
      'a release through an element',
      `${take}\ntry { await c.query('x') } finally { c['release']() }`,
      'manual',
      'unsupported-shape',
    ],
    [
      'a release through a computed name',
      `${take}\ntry { await c.query('x') } finally { c[given]() }`,
      'manual',
      'unsupported-shape',
    ],
    [
      'a release taken apart with the rest',
      `${take}\nconst { query, ...rest } = c\nrest.release()`,
      'manual',
      'release-in-helper',
    ],
    ['an array as an argument', `${take}\nawait work([c])`, 'manual', 'escapes-to-callee'],
    [
      'a bound method that is kept',
      `${take}\ntry { given.query = c.query.bind(c) } finally { c.release() }`,
      'manual',
      'escapes-to-closure',
    ],
    [
      'too many arguments',
      `const c = await (pool as any as Pool).connect(undefined as any, 1)\nc.release()`,
      'manual',
      'callback-style',
    ],
  ])('%s', (_name, body, verdict, reason) => {
    const site = siteOf(body)
    expect([site.verdict, site.reason]).toEqual([verdict, reason])
    expect(site.advice).toBeTruthy()
    expect(site.witness?.[0]?.note).toContain('taken here')
  })

  it('a field initialiser and a module variable', () => {
    const sites = scanText(
      `${pool}let shared: any\nexport async function f() { const c = await pool.connect(); shared = c }\nexport async function g() { const c = await pool.connect(); globalThis.shared = c }`,
    )
    expect(sites.map((site) => site.reason)).toEqual(['escapes-to-module', 'escapes-to-field'])
  })

  it('an exported variable at the top of a module', () => {
    const [site] = scanText(
      `${pool}export const c = await pool.connect()\ntry { await c.query('x') } finally { c.release() }`,
    )
    expect(site).toMatchObject({ verdict: 'manual', reason: 'unsupported-shape' })
  })
})

it('what migrate will do call by call is said beforehand, with what stands against a scope', () => {
  const site = siteOf(`${take}\ntry { await c.query('x') } finally { c.release() }\nif (c) await work()`)
  expect(site).toMatchObject({ verdict: 'rewritable', labels: ['call-by-call'] })
  expect(site.reason).toBeUndefined()
  expect(site.witness?.length).toBeGreaterThan(1)
})

describe('calls with the connection', () => {
  const helper = (body: string, call: string): unknown => {
    const code = `${pool}class Keeper {\n  c: any\n  private put = (c: any) => { c.release() }\n  keep(c: any) { this.c = c }\n  lend(c: any) { return c.query('x') }\n  async f() { const c = await pool.connect(); ${call} }\n}\n${body}`
    const [site] = scanText(code)
    return [site?.verdict, site?.reason]
  }
  const around = (call: string): string => `try { ${call} } finally { c.release() }`

  it.each([
    ['a method that keeps it', '', around('this.keep(c)'), ['manual', 'escapes-to-callee']],
    ['a method that borrows it', '', around('await this.lend(c)'), ['rewritable', undefined]],
    ['a field’s function that releases it', '', 'this.put(c)', ['rewritable', undefined]],
    [
      'a helper of a helper',
      'function end(c: any) { close(c) }\nfunction close(c: any) { c.release() }',
      'end(c)',
      ['rewritable', undefined],
    ],
    [
      'a function that calls itself',
      'function again(c: any, n: number): any { return n ? again(c, n - 1) : 0 }',
      around('again(c, 3)'),
      ['rewritable', undefined],
    ],
    [
      'an arrow function that keeps it',
      'const all: any[] = []\nconst keep = (c: any) => { all.push(c) }',
      around('keep(c)'),
      ['manual', 'escapes-to-callee'],
    ],
    [
      'a class that wraps it',
      'class Wrapper { constructor(readonly c: any) {} }',
      around('new Wrapper(c)'),
      ['rewritable', undefined],
    ],
    [
      'a function with a pattern',
      'function use({ query }: any) { return query }',
      around('use(c)'),
      ['rewritable', undefined],
    ],
  ])('see through %s', (_name, body, call, expected) => {
    expect(helper(body, call)).toEqual(expected)
  })
})

describe('scoped calls', () => {
  const manager = `declare function make(): { withConnection(f: (c: any) => any): Promise<any> }\ndeclare const m: { withConnection(f: (c: any) => any, o?: any): Promise<any> }\n`
  it.each([
    [`return m.withConnection(async (c) => c.query('x'))`, 'rewritable', undefined],
    [`const p = m.withConnection(async (c) => c.query('x')); return p`, 'rewritable', undefined],
    [
      `const p = m.withConnection(async (c) => c.query('x')); await Promise.all([p])`,
      'rewritable',
      undefined,
    ],
    [`await Promise.all([m.withConnection(async (c) => c.query('x'))])`, 'rewritable', undefined],
    [`await m.withConnection(work)`, 'rewritable', undefined],
    [`await m.withConnection(async (c) => c.query('x'), { timeout: 1 })`, 'manual', 'unsupported-arguments'],
    [`await m.withConnection(...given)`, 'manual', 'unsupported-arguments'],
    [`await m?.withConnection(async (c) => c.query('x'))`, 'manual', 'conditional-acquire'],
    [`await m /* why */ .withConnection(async (c) => c.query('x'))`, 'manual', 'comments'],
    [`await make().withConnection(async (c: any) => c.query('x'))`, 'manual', 'receiver-effect'],
    [`flag && m.withConnection(async (c) => c.query('x'))`, 'manual', 'not-awaited'],
    [`flag ? m.withConnection(async (c) => c.query('x')) : 1`, 'manual', 'not-awaited'],
    [`await m.withConnection(async () => work())`, 'manual', 'no-binding'],
  ])('%s', (body, verdict, reason) => {
    const [site] = scanText(
      `${pool}${manager}export async function f(given?: any, flag?: boolean) { ${body} }`,
    )
    expect([site?.verdict, site?.reason]).toEqual([verdict, reason])
  })
})

describe('the witness of a leak', () => {
  it('names the statement that throws', () => {
    const site = siteOf(`${take}\nawait c.query('x')\nc.release()`)
    expect(site).toMatchObject({ shape: 'leaky-linear', reason: 'leaks-on-throw', line: 5 })
    expect(site.witness?.at(-1)).toMatchObject({ line: 6, note: expect.stringContaining('throws') })
  })

  it('names the way out', () => {
    const site = siteOf(`${take}\nif (flag) {\nreturn 1\n}\nc.release()`)
    expect(site.witness?.at(-1)).toMatchObject({ line: 7, note: expect.stringContaining('left') })
  })

  it.each([
    [`${take}\ntry { await c.query('x'); c.release() } catch { await work() }`, 'leaky-try-only'],
    [`${take}\ntry { await c.query('x') } catch { c.release() }`, 'leaky-catch-only'],
    [`${take}\nif (flag) c.release()\ntry { await work() } catch { c.release() }`, 'leaky-other'],
  ])('has a shape: %#', (body, shape) => {
    expect(siteOf(body).shape).toBe(shape)
  })
})

describe('sites on the service', () => {
  const service = `import type { DatabaseConnectionService } from 'pgferry'\ndeclare const connections: DatabaseConnectionService\n`
  const verdict = (body: string): unknown =>
    scanText(`${service}export async function f(o: any) { ${body} }`).map((site) => [
      site.dialect,
      site.verdict,
    ])

  it.each([
    [`await using c = await connections.connection('a'); await c.query('x')`, 'already'],
    [`await connections.withConnection('a', async (c) => c.query('x'))`, 'already'],
    [`await connections.withTransaction('a', async (c) => c.query('x'))`, 'already'],
    [
      `const c = await connections.acquireConnection('a'); try { await c.query('x') } finally { connections.releaseConnection(c) }`,
      'already',
    ],
    [`const c = await connections.acquireConnection('a'); o.c = c`, 'already'],
    [`return connections.acquireConnection('a')`, 'already'],
    [`const c = await connections.acquireConnection('a'); await c.query('x')`, 'leak'],
  ])('%s', (body, expected) => {
    expect(verdict(body)).toEqual([['connection-service', expected]])
  })

  it('are known by the configured expression and import too', () => {
    const body = `export class A { connections: any\n async f() { await using c = await this.connections.connection('a') } }`
    expect(
      scanText(body, { connections: { kind: 'expression', expression: 'this.connections' } }),
    ).toMatchObject([{ verdict: 'already' }])
    const imported = `import { db } from './db'\nexport const f = () => db.withConnection('a', async (c: any) => c.query('x'))`
    expect(
      scanText(imported, { connections: { kind: 'import', name: 'db', from: './src/db' } }),
    ).toMatchObject([{ verdict: 'already' }])
    expect(scanText(imported, { connections: { kind: 'import', name: 'db', from: './src/other' } })).toEqual(
      [],
    )
  })
})

describe('ids', () => {
  it('stay when lines move, and differ between equal sites of one function', () => {
    const body = `${take}\ntry { await c.query('x') } finally { c.release() }`
    const code = `${pool}export async function f() {\n{ ${body} }\n{ ${body} }\n}`
    const before = scanText(code).map((site) => site.id)
    const after = scanText(`// moved\n\n${code}`).map((site) => site.id)
    expect(new Set(before).size).toBe(2)
    expect(after).toEqual(before)
  })
})
