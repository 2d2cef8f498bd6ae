import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import type { Dialect, ReleasingFunction } from '../../../../codemods/src/model/dialect'
import { scanText } from './scan-text'

let root: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pgferry-packages-')))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

type Files = Readonly<Record<string, string>>

function write(files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}

const user = (imported: string, end: string): string =>
  `import { Pool } from 'pg'\n${imported}\ndeclare const pool: Pool\nexport async function f() { const c = await pool.connect(); try { await c.query('x') } finally { ${end} } }`

/** Verdict and reason of the one site of `app/src/a.ts`, and where its last step leads. */
function judged(text: string, dialects: readonly Dialect[] = builtinDialects): readonly string[] {
  const path = join(root, 'app/src/a.ts')
  const [file] = analyzePackage(
    { name: 'app', path: join(root, 'app'), files: [{ path, relativePath: 'src/a.ts', text }] },
    dialects,
  ).files
  return (file?.sites ?? []).map(({ site: { verdict, reason } }) =>
    reason === undefined ? verdict : `${verdict} ${reason}`,
  )
}

const done = 'export function done(c) { c.release() }'
const typed = 'export function done(c: any) { c.release() }'
const installed = (manifest: object, files: Files): Files =>
  Object.fromEntries([
    ['app/node_modules/@acme/db/package.json', JSON.stringify({ name: '@acme/db', ...manifest })],
    ...Object.entries(files).map(([name, text]) => [`app/node_modules/@acme/db/${name}`, text]),
  ]) as Files

describe('a function of an installed package', () => {
  it.each<[string, Files]>([
    ['its main file', installed({ main: 'lib/index.js' }, { 'lib/index.js': done })],
    ['a main file without its ending', installed({ main: './lib' }, { 'lib/index.js': done })],
    ['no entry at all', installed({}, { 'index.js': done })],
    [
      'a module beside a main file',
      installed({ module: 'esm.mjs', main: 'a.js' }, { 'esm.mjs': done, 'a.js': '' }),
    ],
    ['exports of one file', installed({ exports: './x.js' }, { 'x.js': done })],
    [
      'exports by condition, types first',
      installed(
        { exports: { '.': { types: './x.d.ts', import: { types: './x.d.ts', default: './x.js' } } } },
        { 'x.js': done, 'x.d.ts': 'export declare function done(c: any): void' },
      ),
    ],
    [
      'a name that is exported again',
      installed(
        { main: 'index.js' },
        {
          'index.js': `export * from './tx.js'`,
          'tx.js': done,
          'tx.d.ts': 'export declare function done(c: any): void',
        },
      ),
    ],
    ['CommonJS', installed({ main: 'index.js' }, { 'index.js': `exports.done = (c) => { c.release() }` })],
    [
      'CommonJS of several files',
      installed(
        { main: 'index.js' },
        {
          'index.js': `const tx = require('./tx')\nmodule.exports = { done: tx.done }`,
          'tx.js': 'function done(c) { c.release() }\nmodule.exports = { done }',
        },
      ),
    ],
    [
      'another package that it stands on',
      {
        ...installed({ main: 'index.js' }, { 'index.js': `export { done } from 'acme-tx'` }),
        'app/node_modules/acme-tx/package.json': '{"main":"tx.js"}',
        'app/node_modules/acme-tx/tx.js': done,
      },
    ],
  ])('is read behind %s', (_name, files) => {
    write(files)
    expect(judged(user(`import { done } from '@acme/db'`, 'done(c)'))).toEqual(['rewritable'])
    expect(judged(user(`import * as db from '@acme/db'`, 'db.done(c)'))).toEqual(['rewritable'])
  })

  it('is read behind a subpath and a pattern of exports', () => {
    write(
      installed(
        { exports: { './tx': './tx.js', './lib/*': './lib/*.js' } },
        { 'tx.js': done, 'lib/a.js': done },
      ),
    )
    expect(judged(user(`import { done } from '@acme/db/tx'`, 'done(c)'))).toEqual(['rewritable'])
    expect(judged(user(`import { done } from '@acme/db/lib/a'`, 'done(c)'))).toEqual(['rewritable'])
    expect(judged(user(`import { done } from '@acme/db'`, 'done(c)'))).toEqual(['manual escapes-to-callee'])
  })

  it.each<[string, Files]>([
    ['is not installed', {}],
    ['has a manifest that does not parse', { 'app/node_modules/@acme/db/package.json': '{' }],
    [
      'ships declarations alone',
      installed(
        { types: 'index.d.ts', main: 'index.d.ts' },
        { 'index.d.ts': 'export declare function done(c: any): void' },
      ),
    ],
    ['is a bundle', installed({ main: 'index.js' }, { 'index.js': `${done}\n//${'x'.repeat(600_000)}` })],
    [
      'keeps it',
      installed(
        { main: 'index.js' },
        { 'index.js': 'const all = []\nexport function done(c) { all.push(c) }' },
      ),
    ],
    ['does not have it', installed({ main: 'index.js' }, { 'index.js': 'export const other = 1' })],
  ])('is not believed to release when its package %s', (_name, files) => {
    write(files)
    expect(judged(user(`import { done } from '@acme/db'`, 'done(c)'))).toEqual(['manual escapes-to-callee'])
  })

  it('shows that it borrows only, and then nobody gives the connection back', () => {
    write(
      installed(
        { main: 'index.js' },
        { 'index.js': `export const done = async (c) => { await c.query('x') }` },
      ),
    )
    expect(judged(user(`import { done } from '@acme/db'`, 'await done(c)'))).toEqual(['leak never-released'])
  })
})

describe('a function of another package of the workspace', () => {
  const workspace: Files = {
    'package.json': '{"workspaces":["app","db"]}',
    'app/package.json': '{"name":"app"}',
    'db/package.json': '{"name":"@acme/db","main":"./dist/index.js"}',
    'db/src/index.ts': `export * from './tx.js'`,
    'db/src/tx.ts': typed,
  }

  it('is read from its sources, installed or not', () => {
    write(workspace)
    const text = user(`import { done } from '@acme/db'`, 'done(c)')
    expect(judged(text)).toEqual(['rewritable'])
    mkdirSync(join(root, 'node_modules/@acme'), { recursive: true })
    symlinkSync(join(root, 'db'), join(root, 'node_modules/@acme/db'))
    expect(judged(text)).toEqual(['rewritable'])
  })

  it('is read from what it was built to when there are no sources where they are looked for', () => {
    write({
      'package.json': '{"workspaces":["app","db"]}',
      'app/package.json': '{"name":"app"}',
      'db/package.json': '{"name":"@acme/db","main":"./out/index.js"}',
      'db/out/index.js': done,
    })
    expect(judged(user(`import { done } from '@acme/db'`, 'done(c)'))).toEqual(['rewritable'])
  })

  it.each([
    [`await c.query('a'); c.release()`, 'rewritable'],
    [`await c.query('a')`, 'manual escapes-to-callee'],
  ])('is a method that a subclass overrides, and each of them counts: %s', (body, expected) => {
    write({
      ...workspace,
      'db/src/tx.ts': `export class Query { async run(c: any) { try { ${body} } catch { c.release() } } }
        export class Last extends Query { async run(c: any) { c.release() } }
        export const query = new Query()`,
    })
    const text = user(`import { query } from '@acme/db'`, 'await query.run(c)')
    expect(judged(text)).toEqual([expected])
  })
})

describe('a function that gets a pool', () => {
  const taker = (body: string): Files => installed({ main: 'index.js' }, { 'index.js': `export ${body}` })
  const text = `import { Pool } from 'pg'\nimport { getConnection } from '@acme/db'\ndeclare const pool: Pool\nexport async function f() { const c = await getConnection(pool); try { await c.query('x') } finally { c.release() } }`

  it.each([
    'async function getConnection(pool) { return await pool.connect() }',
    'const getConnection = (pool) => pool.connect()',
  ])('is the same as its pool’s connect: %s', (body) => {
    write(taker(body))
    expect(judged(text)).toEqual(['rewritable'])
  })

  it.each([
    `async function getConnection(pool) { const c = await pool.connect(); await c.query('set x = 1'); return c }`,
    'async function getConnection(pool = other) { return pool.connect() }',
    'async function getConnection(pool) { return other.connect() }',
    'async function getConnection(pool) { return pool.reserve() }',
    'async function* getConnection(pool) { return pool.connect() }',
    'async function getConnection({ pool }) { return pool.connect() }',
    'async function getConnection(pool) { return pool?.connect() }',
    'async function getConnection(pool) { return pool.connect(1) }',
  ])('does something besides, or something else: %s', (body) => {
    write(taker(body))
    expect(judged(text)).toEqual(['manual unsupported-arguments'])
  })
})

describe('a function that a configuration declares to release', () => {
  const rule: ReleasingFunction = { module: '@acme/closed', names: ['finish'] }
  const declared = (more: Partial<ReleasingFunction> = {}): readonly Dialect[] =>
    builtinDialects.map((dialect) => ({ ...dialect, releasing: [{ ...rule, ...more }] }))
  const verdict = (text: string, more: Partial<ReleasingFunction> = {}): string | undefined =>
    scanText(text, { dialects: declared(more) })[0]?.verdict

  it.each([
    [`import { finish } from '@acme/closed'`, 'await finish(c)'],
    [`import { finish as end } from '@acme/closed'`, 'await end(c)'],
    [`import * as closed from '@acme/closed'`, 'await closed.finish(c)'],
    [`import closed from '@acme/closed'`, 'await closed.finish(c)'],
    [`declare const require: any\nconst { finish } = require('@acme/closed')`, 'await finish(c)'],
    [`declare const require: any\nconst closed = require('@acme/closed')`, 'await closed.finish(c)'],
  ])('is believed: %s', (imported, end) => {
    // When it throws it has not released, and that path is the one that a scope mends.
    const [site] = scanText(user(imported, end), { dialects: declared() })
    expect([site?.verdict, site?.reason]).toEqual(['manual', 'release-in-helper'])
    expect(site?.advice).toContain('--fix-leaks')
    const all = scanText(user(imported, end))
    expect(all[0]?.reason).toBe('escapes-to-callee')
  })

  it('need not be awaited when it is declared to be done at once', () => {
    const text = user(`import { finish } from '@acme/closed'`, 'finish(c)')
    expect(scanText(text, { dialects: declared() })[0]?.advice).not.toContain('--fix-leaks')
    expect(scanText(text, { dialects: declared({ isSync: true }) })[0]?.advice).toContain('--fix-leaks')
  })

  it('is that of its module, by its name and its argument, and no other', () => {
    const others = [
      user(`import { finish } from '@acme/other'`, 'await finish(c)'),
      user(`import { other as finish } from '@acme/closed'`, 'await finish(c)'),
      user(`import { finish } from '@acme/closed'`, 'await finish(1, c)'),
      user(`import { closed } from '@acme/closed'`, 'await closed.finish(c)'),
      user(`declare const closed: any`, 'await closed.finish(c)'),
    ]
    for (const text of others)
      expect(scanText(text, { dialects: declared() })[0]?.reason).toBe('escapes-to-callee')
    expect(
      verdict(user(`import { finish } from '@acme/closed'`, 'await finish(1, c)'), { connectionArgument: 1 }),
    ).toBe('manual')
  })
})
