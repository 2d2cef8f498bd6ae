import { scanFiles, scanText } from './scan-text'

const pool = `import { Pool } from 'pg'\nconst pool = new Pool()\nlet tx: any, enabled: any\n`
const use = (call: string): string =>
  `export async function f(given?: any) { const c = await ${call}; try { await c.query('x') } finally { c.release() } }`
const lastOf = (text: string): unknown => scanText(`${pool}${text}`).at(-1)
const apisOf = (text: string): readonly string[] => scanText(`${pool}${text}`).map(({ api }) => api)

describe('functions that take a connection on some of their paths only', () => {
  it.each([
    [
      'a given one is returned first',
      'async function take(given?: any) { if (given) return given; return pool.connect() }',
    ],
    ['a given one goes before', 'const take = async (given?: any) => given ?? (await pool.connect())'],
    ['another is asked for', `const take = async () => storage.getStore() || (await pool.connect())`],
    ['a condition chooses', 'async function take() { return tx ? tx : await pool.connect() }'],
    ['all of a choice is awaited', 'async function take() { return await (tx ?? pool.connect()) }'],
    [
      'a variable holds the choice',
      'async function take(given?: any) { const c = given || await pool.connect(); return c }',
    ],
    [
      'a variable gets it where it has none',
      'async function take() { let c = tx; if (!c) c = await pool.connect(); return c }',
    ],
    [
      'a parameter gets it where it has none',
      'async function take(c?: any) { c ??= await pool.connect(); return c }',
    ],
    [
      'the returned value is a choice',
      'async function take() { const c = await pool.connect(); return tx ?? c }',
    ],
  ])('make each of their calls a site for people: %s', (_name, wrapper) => {
    expect(lastOf(`${wrapper}\n${use('take()')}`)).toMatchObject({
      api: 'take/release',
      shape: 'try-finally',
      verdict: 'manual',
      reason: 'conditional-acquire',
      witness: [
        {},
        { note: expect.stringContaining('take gives one of its own only where there is none yet') as string },
      ],
    })
  })

  it.each([
    ['undefined', 'async function take() { if (!enabled) return undefined; return pool.connect() }'],
    ['null', 'async function take() { try { return await pool.connect() } catch { return null } }'],
    ['nothing', 'async function take() { if (!enabled) return; return pool.connect() }'],
    ['their end', 'async function take() { if (enabled) return pool.connect() }'],
    [
      'a variable without a value',
      'async function take() { let c; if (enabled) c = await pool.connect(); return c }',
    ],
    ['what is falsy', 'async function take() { return enabled && (await pool.connect()) }'],
  ])('may give none on the others: %s', (_name, wrapper) => {
    expect(lastOf(`${wrapper}\n${use('take()')}`)).toMatchObject({
      api: 'take/release',
      reason: 'conditional-acquire',
      witness: [{}, { note: 'take gives one on some of its paths only, and none on the others' }],
    })
  })

  it('are not blamed on a caller that does not give back, because it may not have to', () => {
    const take = 'const take = async (given?: any) => given ?? (await pool.connect())'
    expect(
      lastOf(
        `${take}\nexport async function f(given?: any) { const c = await take(given); await c.query('x') }`,
      ),
    ).toMatchObject({
      verdict: 'manual',
      reason: 'conditional-acquire',
    })
    expect(lastOf(`${take}\nexport async function f() { await take() }`)).toMatchObject({
      verdict: 'manual',
      reason: 'conditional-acquire',
    })
  })

  it('pass on what they are: another function, an inherited method, another file', () => {
    const sites = scanFiles({
      'src/base.ts': `${pool}export class Base { runner: any; protected async obtain() { return this.runner ?? (await pool.connect()) } }`,
      'src/middle.ts': `import { Base } from './base'\nexport class Middle extends Base { async own() { return this.obtain() } }`,
      'src/user.ts': `import { Middle } from './middle'\nconst middle = new Middle()\n${use('middle.own()')}`,
    })
    expect(sites.map(({ file, api, reason }) => `${file} ${api} ${String(reason)}`)).toEqual([
      'src/base.ts connect/release escapes-to-return',
      'src/middle.ts obtain/release conditional-acquire',
      'src/user.ts own/release conditional-acquire',
    ])
    expect(sites.at(-1)?.witness?.at(-1)).toMatchObject({ file: 'src/middle.ts', line: 2 })
  })

  it('keep the shape of a choice where their caller has one more', () => {
    const take = 'async function take() { if (tx) return tx; return pool.connect() }'
    expect(lastOf(`${take}\n${use('take()').replace('= await', '= given ?? await')}`)).toMatchObject({
      shape: 'owned-conditional',
      reason: 'conditional-acquire',
    })
  })

  it('are said to share where they keep what they take', () => {
    const byKey = `const kept = new Map<string, any>()
      async function take(key: string) { const known = kept.get(key); if (known) return known
        const c = await pool.connect(); kept.set(key, c); return c }`
    const inField = `class Store { client: any; async take() { if (this.client) return this.client
        const c = await pool.connect(); this.client = c; return c } }\nconst store = new Store()`
    const inModule =
      'let shared: any\nasync function take() { if (!shared) shared = await pool.connect(); return shared }'
    for (const [wrapper, call] of [
      [byKey, "take('a')"],
      [inField, 'store.take()'],
      [inModule, 'take()'],
      [
        'let shared: any\nasync function take() { return shared || tx; }\nasync function init() { shared ??= await pool.connect(); return shared }',
        'init()',
      ],
    ] as const)
      expect(lastOf(`${wrapper}\n${use(call)}`)).toMatchObject({
        verdict: 'manual',
        reason: 'keyed-acquire',
      })
  })

  it('count as ordinary ones where each path takes one', () => {
    const take = `const other = new Pool()\nasync function take() { if (enabled) return other.connect(); return pool.connect() }`
    expect(lastOf(`${take}\n${use('take()')}`)).toMatchObject({ api: 'take/release', verdict: 'manual' })
    expect(
      lastOf(`${take}\nexport async function f() { const c = await take(); await c.query('x') }`),
    ).toMatchObject({
      verdict: 'leak',
    })
    const inner = `async function inner() { return pool.connect() }\nasync function take() { if (enabled) return inner(); return pool.connect() }`
    expect(
      lastOf(`${inner}\nexport async function f() { const c = await take(); await c.query('x') }`),
    ).toMatchObject({
      api: 'take/release',
      verdict: 'leak',
    })
  })

  it('are not held against a caller that holds one and hands it on', () => {
    const text = `${pool}async function take(given?: any) { return given ?? (await pool.connect()) }
      async function add(given: any) { const c = await take(given); await c.query('x') }
      export async function f() { const c = await pool.connect(); try { await add(c) } finally { c.release() } }`
    expect(scanText(text).flatMap(({ labels }) => labels ?? [])).not.toContain('nested-acquire')
  })
})

describe('functions whose calls are no sites', () => {
  it.each([
    [
      'use a connection and return rows',
      'async function take(given?: any) { const c = given ?? await pool.connect(); try { return await c.query("x") } finally { c.release() } }',
    ],
    [
      'return rows on every path',
      'async function take() { if (!enabled) return []; const c = await pool.connect(); const rows = await c.query("x"); c.release(); return rows }',
    ],
    [
      'return another variable of the same name',
      'async function take() { { const c = await pool.connect(); c.release() } const c = tx; return c }',
    ],
    [
      'return something that was read from it',
      'async function take() { const c = await pool.connect(); const id = c.processID; c.release(); return id ?? 0 }',
    ],
    [
      'only ask whether there is one',
      'async function take() { const c = await pool.connect(); c.release(); return c && enabled }',
    ],
    [
      'return it inside a nested function',
      'async function take() { const inner = async () => { return tx ?? pool.connect() }; await inner(); return tx }',
    ],
    [
      'keep it for themselves',
      'class K { c: any; async take() { this.c ??= await pool.connect(); return this.c } }\nconst k = new K(); const take = () => k.take()',
    ],
    ['are generators', 'async function* take() { if (tx) return tx; return pool.connect() }'],
    ['are not followed by their name', 'const take: any = retry(() => tx ?? pool.connect())'],
    [
      'lend it to a callback',
      'async function take(work?: any) { if (!work) return undefined; const c = await pool.connect(); try { return await work(c) } finally { c.release() } }',
    ],
    [
      'tell what became of it',
      'async function take() { const c = await pool.connect(); try { await c.query("x"); return true } catch { return false } finally { c.release() } }',
    ],
    ['give what others have', 'async function take() { return tx ?? storage.getStore() }'],
  ])('are those that %s', (_name, wrapper) => {
    expect(apisOf(`${wrapper}\n${use('take()')}`)).not.toContain('take/release')
  })

  it('are those of a scope, and those of the service', () => {
    const scoped = `import { createPool } from 'slonik'\nlet known: any\nexport async function take(pool: import('slonik').DatabasePool) { return known ?? pool.connect(async (c) => c.any(1)) }
      export async function f(p: any) { const c = await take(p); c.release() }`
    expect(scanText(scoped).map(({ api }) => api)).not.toContain('take/release')
    const service = `import { connections } from './database'\nlet known: any\nasync function take() { return known ?? connections.acquireConnection('x') }\n${use('take()')}`
    expect(scanText(service).map(({ api }) => api)).not.toContain('take/release')
  })
})
