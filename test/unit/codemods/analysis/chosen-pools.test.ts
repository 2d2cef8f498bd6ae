import { scanFiles, scanText } from './scan-text'

/** Statements that set `p`, and a lease from it behind them. */
const lease = `const c = await p.connect()
  try { await c.query('x') } finally { c.release() }`
const header = `import { Pool } from 'pg'
declare const primary: Pool
declare const replica: Pool
declare const shards: Pool[]
let turn = 0
`

const verdictsOf = (code: string): readonly string[] =>
  scanText(`${header}${code}`).map(({ verdict, reason }) => reason ?? verdict)

describe('a pool that the function chooses', () => {
  it.each([
    [
      'by a condition',
      `export async function run(lag: boolean) { const p = lag ? replica : primary; ${lease} }`,
    ],
    [
      'as a second choice',
      `export async function run(given?: Pool) { const p = given ?? primary; ${lease} }`,
    ],
    [
      'by an assignment',
      `export async function run(lag: boolean) { let p = primary; if (lag) p = replica; ${lease} }`,
    ],
    [
      'in a switch',
      `export async function run(k: string) { let p: Pool; switch (k) { case 'a': p = replica; break; default: p = primary } ${lease} }`,
    ],
    ['out of a loop', `export async function run() { for (const p of shards) { ${lease} } }`],
    [
      'out of the entries of an object',
      `export async function run(all: Record<string, Pool>) { for (const [, p] of Object.entries(all)) { ${lease} } }`,
    ],
    ['out of an iteration', `export const run = () => Promise.all(shards.map(async (p) => { ${lease} }))`],
    [
      'by the index of a loop',
      `export async function run() { for (let i = 0; i < 2; i++) { const p = shards[i]!; ${lease} } }`,
    ],
    ['by taking turns', `export async function run() { const p = shards[turn++ % 2]!; ${lease} }`],
    [
      'by a hash',
      `export async function run(key: string) { const at = key.length % 2; const p = shards[at]!; ${lease} }`,
    ],
    [
      'outside of a function that is called on the spot',
      `export async function run(lag: boolean) { const p = lag ? replica : primary; await (async () => { ${lease} })() }`,
    ],
  ])('%s is no pool that a service can stand for', (_how, code) => {
    expect(verdictsOf(code)).toEqual(['receiver-effect'])
  })

  it.each([
    [
      'of the module',
      `const p = process.env.LAG ? replica : primary\nexport async function run() { ${lease} }`,
    ],
    ['under another name', `export async function run() { const p = primary; ${lease} }`],
    ['at a place that is always the same', `export async function run() { const p = shards[0]!; ${lease} }`],
    ['that is passed in', `export async function run(p: Pool) { ${lease} }`],
    [
      'of the function around its handlers',
      `export function make(given?: Pool) { const p = given ?? primary; return { async run() { ${lease} } } }`,
    ],
  ])('but a pool %s is the one of the package', (_how, code) => {
    expect(verdictsOf(code)).toEqual(['rewritable'])
  })
})

describe('two pools in one function', () => {
  const both = `const a = await from.connect()
  try {
    const b = await to.connect()
    try { await b.query('i', (await a.query('s')).rows) } finally { b.release() }
  } finally { a.release() }`

  it.each([
    ['of its parameters', `export async function copy(from: Pool, to: Pool) { ${both} }`],
    [
      'that are made for different servers',
      `const from = new Pool({ host: 'a' })\nconst to = new Pool({ host: 'b' })\nexport async function copy() { ${both} }`,
    ],
    [
      'of the fields of its object',
      `export class Copy { constructor(private readonly from: Pool, private readonly to: Pool) {}
  async copy() { ${both.replaceAll('from.', 'this.from.').replaceAll('to.', 'this.to.')} } }`,
    ],
  ])('%s are not both the service', (_how, code) => {
    expect(verdictsOf(code)).toEqual(['receiver-effect', 'receiver-effect'])
  })

  it('that are two names of one pool are', () => {
    const code = `const from = primary\nconst to = primary\nexport async function copy() { ${both} }`
    expect(verdictsOf(code)).toEqual(['rewritable', 'rewritable'])
  })

  it('keep their leaks as leaks, without a rewrite', () => {
    const code = `export async function copy(from: Pool, to: Pool) {
  const a = await from.connect()
  const b = await to.connect()
  await b.query('i', (await a.query('s')).rows)
  a.release()
  b.release()
}`
    expect(verdictsOf(code)).toEqual(['leaks-on-throw', 'leaks-on-throw'])
  })
})

describe('two pools in different functions of a package', () => {
  const use = (pool: string) => `export async function from_${pool}() { ${lease.replace('p.', `${pool}.`)} }`
  const verdicts = (one: string, other: string) =>
    scanFiles({
      'src/one.ts': `import { Pool } from 'pg'\nconst one = new Pool(${one})\n${use('one')}`,
      'src/other.ts': `import { Pool } from 'pg'\nexport const other = new Pool(${other})`,
      'src/use.ts': `import { other } from './other'\n${use('other')}`,
    }).map(({ verdict, reason }) => reason ?? verdict)

  it.each([
    [
      'variables',
      '{ connectionString: process.env.SOURCE_URL }',
      '{ connectionString: process.env.TARGET_URL! }',
    ],
    ['bare variables', 'process.env.SOURCE_URL', `process.env['TARGET_URL']`],
    [
      'names',
      `{ host: process.env.HOST, database: 'shop' }`,
      `{ host: process.env.HOST, database: 'events' }`,
    ],
    ['ports', '{ port: 5432 }', `{ port: '5433' }`],
  ])('of different databases by their %s are not both the service', (_what, one, other) => {
    expect(verdicts(one, other)).toEqual(['receiver-effect', 'receiver-effect'])
  })

  it.each([
    [
      'of one variable',
      '{ connectionString: process.env.URL, max: 2 }',
      '{ connectionString: process.env.URL! }',
    ],
    ['of a variable and its stand-in', 'process.env.URL ?? process.env.PG_URL', 'process.env.PG_URL'],
    ['of a variable and a constant', `{ host: process.env.HOST ?? 'localhost' }`, `{ host: 'localhost' }`],
    ['of one port, as a number and as text', '{ port: 5432 }', `{ port: '5432' }`],
    [
      'of which nothing is known',
      '{ connectionString: config.source }',
      '{ connectionString: config.target }',
    ],
    ['that say different things', `{ host: 'a' }`, `{ database: 'shop' }`],
    ['without options', '', `{ host: 'a' }`],
  ])('%s may be one', (_what, one, other) => {
    expect(verdicts(one, other)).toEqual(['rewritable', 'rewritable'])
  })

  it('keep their leaks as leaks, without a rewrite', () => {
    const leak = (pool: string) =>
      `export async function leak() { const c = await ${pool}.connect(); await c.query('x'); c.release() }`
    const sites = scanText(`import { Pool } from 'pg'
const one = new Pool({ host: 'a' })
const other = new Pool({ host: 'b' })
${leak('one')}
${use('other')}`)
    expect(sites.map(({ reason, labels }) => [reason, labels])).toEqual([
      ['leaks-on-throw', undefined],
      ['receiver-effect', undefined],
    ])
  })
})
