import type { Site } from '../../../../codemods/src/model/site'
import { scanText } from './scan-text'

const head = `import { Pool, PoolClient } from 'pg'
const pool = new Pool()
declare const bus: any, kept: any[], fs: any
declare function work(...what: unknown[]): any
let shared: any
`

function siteOf(code: string): Site {
  const sites = scanText(head + code)
  expect(sites).toHaveLength(1)
  return sites[0] as Site
}

const said = ({ verdict, reason, shape }: Site): string => `${verdict} ${reason ?? '-'} ${shape}`

/** A callback in a function that has a callback of its own, and is a method. */
const around = (body: string, parameters = 'err, client, done'): string =>
  `class Owner { held: any; take(then: (...all: any[]) => void) {
    pool.connect(${parameters.startsWith('function') ? parameters : `(${parameters}) =>`} { ${body} })
  } }`

const placeOf = (site: Site): string => {
  const step = site.witness?.at(-1)
  const line = (head + around('')).split('\n').length
  expect(step?.line).toBeLessThanOrEqual(line + 5)
  return step?.note ?? ''
}

describe('a connection that leaves its callback', () => {
  it.each<[string, string, string]>([
    ['is given to the function that waits for it', 'then(err, client, done)', 'escapes-to-callee'],
    ['is given on in an array', 'then([client, done])', 'escapes-to-callee'],
    ['is given on in an object with a name', 'const mine = { client }; then(mine)', 'escapes-to-callee'],
    ['is given on under another name', 'const mine = client!; then(err, mine)', 'escapes-to-callee'],
    [
      'goes through a function of its own',
      'const end = (c: any) => then(c); end(client)',
      'escapes-to-callee',
    ],
    ['goes through an answer', `client!.query('x', (e) => then(e, client))`, 'escapes-to-callee'],
    ['is returned', 'return client', 'escapes-to-return'],
    ['is put into a field', 'shared; (this as any).held = client', 'escapes-to-field'],
    ['is pushed into a collection', 'kept.push({ client, done })', 'escapes-to-container'],
    ['is put into a variable of the module', 'shared = client', 'escapes-to-module'],
    [
      'is kept by a listener of another object',
      `bus.on('end', () => client!.release())`,
      'escapes-to-closure',
    ],
    [
      'is kept by functions of an object that is handed on',
      'then({ query: (q: string) => client!.query(q), end: () => done() })',
      'escapes-to-callee',
    ],
    ['sends its release alone', 'then(done)', 'escapes-to-callee'],
    ['sends its release as a function of its own', 'then(() => done())', 'escapes-to-closure'],
    ['sends its release by the method of the connection', 'then(client!.release)', 'escapes-to-callee'],
    ['has its release put into a variable', 'shared = done', 'escapes-to-module'],
  ])('crosses functions when it %s', (_name, body, reason) => {
    const site = siteOf(around(`if (err) return\n${body}`))
    expect(said(site)).toBe(`manual ${reason} crosses-function`)
    expect(placeOf(site)).toMatch(/given|kept|returned|handed on/)
  })

  it('shows the place where it leaves for good: its release goes with it', () => {
    const site = siteOf(around('if (err) return then(err)\nthen(null, client, done)'))
    expect(site.witness?.at(-1)).toMatchObject({ line: 8, column: 20 })
  })

  it('is seen through all arguments at once, and through the rest of them', () => {
    const all = siteOf(around('then.apply(null, arguments as any)', 'function ()'))
    expect(said(all)).toBe('manual escapes-to-callee crosses-function')
    expect(said(siteOf(around('then(...all)', '...all')))).toBe('manual escapes-to-callee crosses-function')
    expect(said(siteOf(around('const [e, c, done] = all; done()', '...all')))).toBe(
      'manual pattern-binding callback',
    )
  })

  it('is told by its shape too where the pool is what stands against a rewrite', () => {
    const site = siteOf(
      `class Driver { slaves: Pool[] = []; take() { const random = Math.floor(Math.random() * 2)
        return new Promise((ok, fail) => { this.slaves[random]!.connect((err, client, release) => {
          if (err) fail(err)
          else ok([client, release])
        }) }) } }`,
    )
    expect(said(site)).toBe('manual receiver-effect crosses-function')
    expect(site.witness?.at(-1)?.note).toMatch(/given here to a function/)
  })
})

describe('a connection that stays in its callback', () => {
  it.each<[string, string, string]>([
    ['is given back', 'done()', 'rewritable - callback'],
    ['is given back by the callback of a query', `client!.query('x', done)`, 'rewritable - callback'],
    ['is lent, and given back here', 'work(client)\ndone()', 'manual callback-style callback'],
    [
      'is lent in an object, and given back here',
      `work({ client })\ndone()`,
      'manual callback-style callback',
    ],
    [
      'waits for a promise of its query',
      `client!.query('x').then(() => done(), done)`,
      'manual callback-style callback',
    ],
    [
      'waits for a stream of its query',
      `const s: any = client!.query('x' as any)\ns.on('end', done)`,
      'manual callback-style callback',
    ],
    ['listens to itself', `client!.on('error', done)`, 'manual callback-style callback'],
    [
      'goes on when a file is read',
      `fs.readFile('x', () => { client!.query('x', done) })`,
      'manual callback-style callback',
    ],
    [
      'has a name of its own',
      `const mine = client!\nmine.query('x', done)`,
      'manual callback-style callback',
    ],
    [
      'is put into an object of its own',
      `const mine: any = {}\nmine.client = client\nmine.client.query('x', done)`,
      'manual callback-style callback',
    ],
    ['is lost on a path', 'if (work()) done()', 'leak leaks-on-path callback'],
    ['is never given back', `client!.query('x', () => then())`, 'leak never-released callback'],
  ])('keeps its shape when it %s', (_name, body, expected) => {
    expect(said(siteOf(around(`if (err) return\n${body}`)))).toBe(expected)
  })
})

describe('a callback that is written elsewhere', () => {
  const named = (body: string, given = 'keep'): string =>
    `export function start() {
      let listener: any
      const keep = (err: any, client: any, done: any) => { ${body} }
      pool.connect(${given})
      return () => listener
    }`

  it('is followed by its name to where it keeps the connection', () => {
    const site = siteOf(named(`if (err) return\nclient.on('error', done)\nlistener = { client, done }`))
    expect(said(site)).toBe('manual escapes-to-closure crosses-function')
    expect(site.witness?.at(-1)).toMatchObject({
      line: 10,
      note: expect.stringContaining('kept in listener'),
    })
  })

  it('says what it keeps, and not first whom it shows it to', () => {
    const body = `const end = () => { work({ client }); done() }\nlistener = { client, end }`
    expect(said(siteOf(named(body)))).toBe('manual escapes-to-closure crosses-function')
  })

  it('is followed to the method of its class', () => {
    const method = (body: string): string =>
      `class Listener { client: any
        start() { pool.connect(this.keep.bind(this)) }
        keep(err: any, client: any, done: any) { ${body} } }`
    expect(said(siteOf(method('this.client = client')))).toBe('manual escapes-to-field crosses-function')
    expect(said(siteOf(method('if (!err) done()')))).toBe('manual callback-style callback')
  })

  it('stays what it is when it gives the connection back, and is not rewritten', () => {
    for (const body of ['done()', `if (err) return\nclient.query('x', done)`])
      expect(said(siteOf(named(body)))).toBe('manual callback-style callback')
  })

  it('stays what it is when nothing shows what it does', () => {
    expect(said(siteOf(named('listener = client', 'work')))).toBe('manual callback-style callback')
    expect(said(siteOf(`export function f(then: any) { pool.connect(then) }`))).toBe(
      'manual callback-style callback',
    )
  })
})
