import type { Site } from '../../../../codemods/src/model/site'
import { scanFiles, scanText } from './scan-text'

const head = `import { Pool, type PoolClient } from 'pg'\ndeclare const pool: Pool\ndeclare function work(...args: unknown[]): Promise<any>\n`

const notes = (site: Site | undefined): readonly string[] => site?.witness?.map(({ note }) => note) ?? []

function lastNote(program: string): string | undefined {
  const [site] = scanText(head + program)
  expect(site?.verdict).toBe('manual')
  expect(site?.shape).toBe('crosses-function')
  return notes(site).at(-1)
}

describe('the path of a connection that leaves its function', () => {
  it.each([
    [
      'a field that a method releases',
      `class S { c?: PoolClient; async open() { this.c = await pool.connect() } close() { this.c?.release() } }`,
      'released by close here',
    ],
    [
      'a field by way of a variable',
      `class S { c?: PoolClient; async open() { const c = await pool.connect(); this.c = c } close() { this.c?.release() } }`,
      'released by close here',
    ],
    [
      'a field that is taken apart',
      `class S { c?: PoolClient; async open() { this.c = await pool.connect() } close() { const { c } = this; c?.release() } }`,
      'released by close here',
    ],
    [
      'a field that is copied first',
      `class S { c?: PoolClient; async open() { this.c = await pool.connect() } close() { const c = this.c; this.c = undefined; c?.release() } }`,
      'released by close here',
    ],
    [
      'a field whose release is handed on',
      `class S { c?: PoolClient; async open() { this.c = await pool.connect() } close(s: any) { s.on('end', this.c?.release) } }`,
      'its release is handed on by close here',
    ],
    [
      'a field that nobody releases',
      `class S { c?: PoolClient; async open() { this.c = await pool.connect() } q() { return this.c?.query('x') } }`,
      'no method of that class releases what lies in the field c of S',
    ],
    [
      'a map',
      `const all = new Map<string, PoolClient>()\nasync function open(id: string) { const c = await pool.connect(); all.set(id, c) }\nfunction close(id: string) { const c = all.get(id); c?.release() }`,
      'released by close here',
    ],
    [
      'a map, released in place',
      `const all = new Map<string, PoolClient>()\nasync function open(id: string) { all.set(id, await pool.connect()) }\nfunction close(id: string) { all.get(id)?.release() }`,
      'and goes here without a variable of its own',
    ],
    [
      'a list of a field',
      `class S { all: PoolClient[] = []; async open() { const c = await pool.connect(); this.all.push(c) } close() { for (const c of this.all) c.release() } }`,
      'released by close here',
    ],
    [
      'a list that is emptied by a callback',
      `const all: PoolClient[] = []\nasync function open() { const c = await pool.connect(); all.push(c) }\nfunction close() { all.forEach((c) => c.release()) }`,
      'released by a function here',
    ],
    [
      'an entry with more in it',
      `const all = new Map<string, { c: PoolClient }>()\nasync function open(id: string) { const c = await pool.connect(); all.set(id, { c }) }\nfunction close(id: string) { const entry = all.get(id); entry?.c.release() }`,
      'released by close here',
    ],
    [
      'a list that nobody empties',
      `const all: PoolClient[] = []\nasync function open() { const c = await pool.connect(); all.push(c) }`,
      'nothing in this file releases what lies in all',
    ],
    [
      'a variable of the module',
      `let shared: PoolClient | undefined\nasync function open() { shared = await pool.connect() }\nfunction close() { shared?.release() }`,
      'released by close here',
    ],
    [
      'an object of the module',
      `const state: { c?: PoolClient } = {}\nasync function open() { state.c = await pool.connect() }\nfunction close() { state.c?.release() }`,
      'released by close here',
    ],
    [
      'a variable of the function around',
      `function make() { let c: PoolClient | undefined; return { async open() { c = await pool.connect() }, close() { c?.release() } } }`,
      'released by close here',
    ],
    [
      'a class of its own',
      `class Tx { constructor(private c: PoolClient) {} end() { this.c.release() } }\nasync function begin() { const c = await pool.connect(); return new Tx(c) }`,
      'released by end here',
    ],
    [
      'a class that copies it into a field',
      `class Tx { c: PoolClient; constructor(c: PoolClient) { this.c = c } end() { this.c.release() } }\nasync function begin() { const c = await pool.connect(); return new Tx(c) }`,
      'released by end here',
    ],
    [
      'a class that never releases',
      `class Tx { constructor(private c: PoolClient) {} q() { return this.c.query('x') } }\nasync function begin() { const c = await pool.connect(); return new Tx(c) }`,
      'no method of that class releases what lies in the field c of Tx',
    ],
  ])('ends in %s', (_name, program, expected) => {
    expect(lastNote(program)).toBe(expected)
  })

  it('shows the callers of a factory in every file, and what becomes of it there', () => {
    const sites = scanFiles({
      'src/db.ts': `${head}export async function begin() { const c = await pool.connect(); await c.query('BEGIN'); return c }`,
      'src/good.ts': `import { begin } from './db'\nexport async function f() { const c = await begin(); try { await c.query('x') } finally { c.release() } }`,
      'src/bad.ts': `import { begin } from './db'\nexport async function g(x: any) { const c = await begin(); if (x) return; c.release() }`,
      'src/on.ts': `import { begin } from './db'\nexport async function h() { const c = await begin(); return c }`,
    })
    expect(sites.map(({ file, verdict }) => `${file} ${verdict}`)).toEqual([
      'src/db.ts manual',
      'src/good.ts manual',
      'src/bad.ts leak',
      'src/on.ts manual',
    ])
    expect(sites[0]?.witness?.slice(2).map(({ file, note }) => `${file ?? ''} ${note}`)).toEqual([
      'src/good.ts begin is called here, and released there',
      'src/bad.ts begin is called here, and lost on a path',
      'src/on.ts begin is called here, and handed on there',
    ])
  })

  it('shows a few of many callers and counts the rest', () => {
    const calls = Array.from(
      { length: 8 },
      (_, i) => `export async function f${String(i)}() { const c = await begin(); c.release() }`,
    )
    const [factory] = scanText(
      `${head}async function begin() { const c = await pool.connect(); return c }\n${calls.join('\n')}`,
    )
    expect(notes(factory)).toHaveLength(8)
    expect(notes(factory).at(-1)).toBe('and here, and at 2 more places')
  })

  it('says of a generator that its caller may stop where it yields', () => {
    const [site] = scanText(
      `${head}async function* f() { const c = await pool.connect(); yield 1; c.release() }`,
    )
    expect(site).toMatchObject({ verdict: 'leak', reason: 'leaks-on-throw' })
    expect(notes(site).at(-1)).toContain('when the caller stops here')
  })
})
