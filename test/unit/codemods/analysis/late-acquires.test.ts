import { scanText } from './scan-text'

const head = `import { Pool } from 'pg'
import type { PoolClient } from 'pg'
const pool = new Pool()
declare function work(...given: unknown[]): any
declare function note(what: string): void
`

function verdictOf(code: string): string {
  const [site] = scanText(head + code)
  return [site?.verdict, site?.reason].filter((part) => part !== undefined).join(' ')
}

describe('a connection that an assignment takes', () => {
  const inTry = (rest: string): string => `export async function f(flag?: boolean) { let c: any\n${rest} }`

  it.each<[string, string]>([
    ['if (c) c.release()', 'rewritable'],
    ['c?.release()', 'rewritable'],
    ['c && c.release()', 'rewritable'],
    ['if (c !== undefined) { c.release() }', 'rewritable'],
    [`if (typeof c !== 'undefined') c.release()`, 'rewritable'],
    ['if (Boolean(c)) c.release()', 'rewritable'],
    ['if (!!c) await c.release()', 'rewritable'],
    ['if (null != c) c.release()', 'rewritable'],
    ['c.release()', 'rewritable'],
    ['if (c) work(c.release())', 'manual release-error'],
    ['if (c) c.release(work())', 'manual release-error'],
    ['if (flag) c.release()', 'leak leaks-on-path'],
  ])('is given back by `%s`: %s', (release, expected) => {
    expect(
      verdictOf(inTry(`try { c = await pool.connect(); await c.query('x') } finally { ${release} }`)),
    ).toBe(expected)
  })

  it('is followed through a condition that takes it', () => {
    expect(
      verdictOf(
        inTry(`if ((c = await pool.connect())) { try { await c.query('x') } finally { c.release() } }`),
      ),
    ).toBe('rewritable')
  })

  it('may fill a gap that a caller left', () => {
    expect(
      verdictOf(
        `export async function f(c?: any) { c ??= await pool.connect()\ntry { await c.query('x') } finally { c.release() } }`,
      ),
    ).toBe('rewritable')
  })

  it.each([
    ['a module', 'let c: any\nexport async function f() {'],
    ['a function around', 'export async function g() { let c: any\nreturn async () => {'],
  ])('is left alone when the variable belongs to %s', (_name, opening) => {
    const code = `${opening} try { c = await pool.connect(); await c.query('x') } finally { if (c) c.release() } }`
    expect(verdictOf(opening.includes('return') ? `${code} }` : code)).toMatch(/^manual escapes-to/)
  })

  it('is left alone when the variable has another value before', () => {
    expect(
      verdictOf(
        inTry(
          `c = work()\ntry { c = await pool.connect(); await c.query('x') } finally { if (c) c.release() }`,
        ),
      ),
    ).toMatch(/^(manual|leak)/)
  })

  it('is left alone when getting its pool does something', () => {
    expect(
      verdictOf(
        `function getPool(): Pool { note('asked'); return pool }\n${inTry(
          `try { c = await getPool().connect(); await c.query('x') } finally { if (c) c.release() }`,
        )}`,
      ),
    ).toBe('manual receiver-effect')
  })
})

describe('a connection of one’s own where none was given', () => {
  const choose = (choice: string, guard: string, before = ''): string =>
    `export async function f(given?: PoolClient, flag?: boolean) { ${before}\nconst c = ${choice}\ntry { await c.query('x') } finally { if (${guard}) c.release() } }`

  it.each<[string, string, string]>([
    ['given ?? (await pool.connect())', '!given', 'rewritable'],
    ['given || (await pool.connect())', 'given === undefined', 'rewritable'],
    ['given ? given : await pool.connect()', 'given == null', 'rewritable'],
    ['!given ? await pool.connect() : given', '!given && c', 'rewritable'],
    ['given != null ? given : await pool.connect()', '!given', 'rewritable'],
    ['flag ? await pool.connect() : given!', 'flag', 'rewritable'],
    ['given ?? (await pool.connect())', 'c !== given', 'rewritable'],
    ['given ?? (await pool.connect())', 'flag', 'leak leaks-on-path'],
  ])('const c = %s, released if (%s): %s', (choice, guard, expected) => {
    expect(verdictOf(choose(choice, guard))).toBe(expected)
  })

  it.each(['!given', 'given === undefined', 'given == null', '!Boolean(given)'])(
    'may be remembered in a flag: %s',
    (test) => {
      expect(verdictOf(choose('given ?? (await pool.connect())', 'isOurs', `const isOurs = ${test}`))).toBe(
        'rewritable',
      )
    },
  )

  it('closes the window between acquire and try, and says so', () => {
    const [site] = scanText(
      `${head}export async function f(given?: PoolClient) { const c = given ?? (await pool.connect())\nnote('x')\ntry { await c.query('x') } finally { if (!given) c.release() } }`,
    )
    expect(site).toMatchObject({ verdict: 'rewritable', labels: ['closes-leak-window'] })
  })

  it('follows what was given as a property, and as a field', () => {
    const body = (given: string): string =>
      `const c = ${given} ?? (await pool.connect())\ntry { await c.query('x') } finally { if (!${given}) c.release() }`
    expect(verdictOf(`export async function f(options: any) { ${body('options.client')} }`)).toBe(
      'rewritable',
    )
    expect(
      verdictOf(`export class A { private readonly client: any\nasync f() { ${body('this.client')} } }`),
    ).toBe('rewritable')
  })
})

describe('a handle that is opened', () => {
  const delegate = `class InfraDelegate { async getDbConnection(): Promise<any> {} async releaseDbConnection(c: any) {} }\ndeclare const infra: InfraDelegate\n`
  const opened = (body: string): string =>
    verdictOf(`${delegate}export async function f(flag?: boolean) { ${body} }`)
  const getter = 'const c = await infra.getDbConnection()'

  it.each<[string, string, string]>([
    [
      'in front of the try',
      `${getter}\nawait c.open()\ntry { await c.query('x') } finally { await c.close() }`,
      'rewritable',
    ],
    [
      'first in the try',
      `${getter}\ntry { await c.open(); await c.query('x') } finally { await c.close() }`,
      'rewritable',
    ],
    [
      'later in the try',
      `${getter}\ntry { note('x'); await c.open(); await c.query('x') } finally { await c.close() }`,
      'rewritable',
    ],
    [
      'with an argument',
      `${getter}\nawait c.open(1)\ntry { await c.query('x') } finally { await c.close() }`,
      'manual two-step-handle',
    ],
    [
      'for its value',
      `${getter}\nconst s = await c.open()\ntry { await c.query(s) } finally { await c.close() }`,
      'manual two-step-handle',
    ],
    [
      'twice',
      `${getter}\nawait c.open()\nawait c.open()\ntry { await c.query('x') } finally { await c.close() }`,
      'manual two-step-handle',
    ],
    [
      'behind something that happens',
      `${getter}\nnote('x')\nawait c.open()\ntry { await c.query('x') } finally { await c.close() }`,
      'manual two-step-handle',
    ],
  ])('%s', (_name, body, expected) => {
    expect(opened(body)).toBe(expected)
  })
})

describe('a connection that comes by callback', () => {
  const called = (body: string, parameters = 'err, client, done'): string =>
    verdictOf(
      `export function f(then: (...all: any[]) => void) { pool.connect((${parameters}) => { ${body} }) }`,
    )

  it.each<[string, string]>([
    [`if (err) return then(err)\nclient!.query('x', (e) => { done(e); then(e) })`, 'rewritable'],
    [`if (err) { done(); return then(err) }\nclient!.query('x', done)`, 'rewritable'],
    [
      `if (!client) return then(err)\nfunction end(e?: any) { done(e); then(e) }\nclient.query('x', end)`,
      'rewritable',
    ],
    [`if (err) return\ntry { work() } finally { done() }`, 'rewritable'],
    [`if (err) return\nclient!.query('x', () => {})`, 'leak never-released'],
    [`if (err) return\nif (work()) done()`, 'leak leaks-on-path'],
    [`if (err) return\ndone()\ndone()`, 'manual double-release'],
    [`if (err) return\ndone()\nclient!.query('x')`, 'manual use-after-release'],
    [`if (err) return\nconst end = () => { done() }\nend()\nend()`, 'manual double-release'],
    [`if (err) return\nsetTimeout(done, 1)`, 'manual callback-style'],
    [`if (err) return\nwork(client)\ndone()`, 'manual callback-style'],
    [`if (err) return\nthen.client = client`, 'manual escapes-to-field'],
    [`if (err) return\nwork(() => done())`, 'manual callback-style'],
    [`if (err) return\nconst { query } = client!\nquery('x')\ndone()`, 'manual callback-style'],
    [`if (err) return\nclient!.query('x', () => { client!.query('y') })\ndone()`, 'manual callback-style'],
    [`if (err) return\nconst again = () => { client!.query('x', again) }\nagain()`, 'manual callback-style'],
  ])('%s: %s', (body, expected) => {
    expect(called(body)).toBe(expected)
  })

  it('is given back by its own method too', () => {
    expect(called(`if (e) return\nc!.query('x', () => { c!.release() })`, 'e, c')).toBe('rewritable')
  })

  it('is left alone when its parameters are taken apart, or its receiver may be missing', () => {
    expect(called('done()', 'err, { query }: any, done')).toBe('manual pattern-binding')
    expect(
      verdictOf('export function f() { (pool as Pool | undefined)?.connect((e, c, done) => { done() }) }'),
    ).toBe('manual conditional-acquire')
  })
})

describe('a connection in a promise chain', () => {
  const chained = (rest: string): string => verdictOf(`export const f = () => pool.connect()${rest}`)

  it.each<[string, string]>([
    [`.then((c) => work(c).finally(() => c.release()))`, 'rewritable'],
    [`.then((c) => { return c.query('x').finally(() => { c.release() }) })`, 'rewritable'],
    [`.then((c) => work(c).finally(async () => { await c.release() }))`, 'rewritable'],
    [`.then((c) => work(c).finally(() => c.release(true)))`, 'manual promise-chain'],
    [`.then((c) => work(c).finally(() => note('x')))`, 'manual promise-chain'],
    [`.then((c) => work(c).finally((x: any) => c.release()))`, 'manual promise-chain'],
    [`.then((c) => work(c).then(() => c.release()))`, 'manual promise-chain'],
    [`.then((c) => work(c).finally(() => c.release()), note)`, 'manual promise-chain'],
    [`.then(({ query }) => work(query).finally(() => note('x')))`, 'manual promise-chain'],
    [`.then((c) => work(c) /* kept */.finally(() => c.release()))`, 'manual comments'],
  ])('%s: %s', (rest, expected) => {
    expect(chained(rest)).toBe(expected)
  })
})
