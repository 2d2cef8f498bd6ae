import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { parsePackage } from '../../../../codemods/src/analysis/modules/parse-package'
import { readPathAliases } from '../../../../codemods/src/analysis/modules/path-aliases'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgferry-follow-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}

const source = (name: string, text: string) => ({ path: join(root, name), relativePath: name, text })
const tsconfig = JSON.stringify({
  compilerOptions: { paths: { '@/*': ['./src/*'], db: ['./src/db/index.ts'] } },
})
const site = (imported: string): string =>
  `import { Pool } from 'pg'\nimport { done } from '${imported}'\ndeclare const pool: Pool\nexport async function f() { const c = await pool.connect(); try { await c.query('x') } finally { done(c) } }`

describe('files that hold no site', () => {
  const helpers = {
    'tsconfig.json': tsconfig,
    'src/db/index.ts': `export * from './tx'\nexport * from './rows'`,
    'src/db/tx.ts': `import { end } from '../lib/end'\nexport const done = (c: any) => end({ c })`,
    'src/db/rows.ts': 'export const rows = 1',
    'src/lib/end.ts': 'export function end({ c }: { c: any }) { c.release() }',
    'src/lib/other.ts': 'export const other = 1',
  }

  it.each(['./db', '@/db', '@/db/index', 'db'])(
    'are read as far as a connection is handed on, from %s',
    (imported) => {
      write(helpers)
      const [file] = analyzePackage(
        {
          name: 'app',
          path: root,
          files: [source('src/a.ts', site(imported))],
          tsconfigPath: join(root, 'tsconfig.json'),
        },
        builtinDialects,
      ).files
      const [found] = file?.sites ?? []
      expect([found?.site.verdict, found?.site.reason]).toEqual(['manual', 'release-in-helper'])
      expect(found?.site.witness?.at(-1)).toMatchObject({ file: 'src/lib/end.ts', line: 1 })
    },
  )

  const release = 'export function done(c: any) { c.release() }'
  it.each<[string, string, string, Readonly<Record<string, string>>]>([
    [
      'a name that is exported again',
      `import { done } from './db'`,
      'done(c)',
      { 'src/db.ts': `import { done } from './tx'\nexport { done }`, 'src/tx.ts': release },
    ],
    [
      'a default export that is exported by name',
      `import { done } from './db'`,
      'done(c)',
      {
        'src/db.ts': `export { default as done } from './tx'`,
        'src/tx.ts': `const end = (c: any) => c.release()\nexport default end`,
      },
    ],
    [
      'a namespace',
      `import * as db from './db'`,
      'db.done(c)',
      { 'src/db.ts': `export * from './tx'`, 'src/tx.ts': release },
    ],
    [
      'a namespace that is exported',
      `import { tx } from './db'`,
      'tx.done(c)',
      { 'src/db.ts': `export * as tx from './tx'`, 'src/tx.ts': release },
    ],
    [
      'a default object',
      `import db from './db'`,
      'db.done(c)',
      { 'src/db.ts': `import { done } from './tx'\nexport default { done }`, 'src/tx.ts': release },
    ],
    [
      'require in TypeScript',
      `declare const require: any\nconst { done } = require('./db')`,
      'done(c)',
      { 'src/db.ts': release },
    ],
    [
      'a constant of an imported class',
      `import { Tx } from './tx'\nconst tx = new Tx()`,
      'tx.done(c)',
      {
        'src/tx.ts': `import { Base } from './base'\nexport class Tx extends Base {}`,
        'src/base.ts': 'export class Base { done(c: any) { c.release() } }',
      },
    ],
    [
      'a class of this file over imported ones',
      `import { Tx } from './tx'\nclass Own extends Tx {}\ndeclare const tx: Own`,
      'tx.done(c)',
      {
        'src/tx.ts': `import { Base } from './base'\nexport class Tx extends Base {}`,
        'src/base.ts': 'export class Base { done(c: any) { c.release() } }',
      },
    ],
    [
      'a method by a string',
      `import { Tx } from './tx'\ndeclare const tx: Tx`,
      `tx['done'](c)`,
      { 'src/tx.ts': 'export class Tx { done(c: any) { c.release() } }' },
    ],
    [
      'a helper that destructures another module',
      `import { done } from './db'`,
      'done(c)',
      {
        'src/db.ts': `import * as tx from './tx'\nconst { end } = tx\nexport const done = (c: any) => end(c)`,
        'src/tx.ts': 'export function end(c: any) { c.release() }',
      },
    ],
  ])('are read behind %s', (_name, head, end, files) => {
    write(files)
    const text = `import { Pool } from 'pg'\n${head}\ndeclare const pool: Pool\nexport async function f() { const c = await pool.connect(); try { await c.query('x') } finally { ${end} } }`
    const [file] = analyzePackage(
      { name: 'app', path: root, files: [source('src/a.ts', text)] },
      builtinDialects,
    ).files
    expect(file?.sites.map((one) => one.site.witness?.at(-1)?.note)).toEqual([
      expect.stringMatching(/^released in (done|end) here$/),
    ])
    expect(file?.sites.map((one) => one.site.verdict)).toEqual(['rewritable'])
  })

  it('are read behind a method that this inherits, and behind super', () => {
    write({
      'src/base.ts': `import { Root } from './root'\nexport class Base extends Root {}`,
      'src/root.ts': 'export class Root { done(c: any) { c.release() } }',
    })
    const text = `import { Pool } from 'pg'\nimport { Base } from './base'\ndeclare const pool: Pool\nexport class A extends Base { async f() { const c = await pool.connect(); this.done(c) }\nasync g() { const c = await pool.connect(); super.done(c) } }`
    const [file] = analyzePackage(
      { name: 'app', path: root, files: [source('src/a.ts', text)] },
      builtinDialects,
    ).files
    expect(file?.sites.map((one) => one.site.verdict)).toEqual(['rewritable', 'rewritable'])
  })

  it('are read for calls that run while a connection is held', () => {
    write({
      'src/audit.ts': `import { write } from './deep/write'\nexport const audit = () => write()`,
      'src/deep/write.ts': `import { log } from '../log'\nexport const write = async () => { await log() }`,
    })
    const log = `import { Pool } from 'pg'\ndeclare const pool: Pool\nexport async function log() { const c = await pool.connect(); c.release() }`
    const holder = `import { Pool } from 'pg'\nimport { audit } from './audit'\ndeclare const pool: Pool\nexport async function f() { const c = await pool.connect(); try { await audit() } finally { c.release() } }`
    const [file] = analyzePackage(
      { name: 'app', path: root, files: [source('src/a.ts', holder), source('src/log.ts', log)] },
      builtinDialects,
    ).files
    expect(file?.hiddenDependencies.map(({ witness }) => witness.map((step) => step.file))).toEqual([
      [undefined, undefined, 'src/audit.ts', 'src/deep/write.ts', 'src/log.ts'],
    ])
  })

  it('are not read when nothing is handed to them', () => {
    write({
      ...helpers,
      'src/db/tx.ts': `import { other } from '../lib/other'\nexport const done = (c: any) => { c.release() }\nexport const o = other`,
    })
    const parsed = parsePackage({ path: root, files: [source('src/a.ts', site('./db'))] })
    expect(parsed.sourceFiles().map(({ fileName }) => fileName)).toEqual([join(root, 'src/a.ts')])
    parsed.include([join(root, 'src/db/tx.ts'), join(root, 'src/none.ts')])
    expect(parsed.sourceFile(join(root, 'src/db/tx.ts'))).toBeDefined()
    expect(parsed.sourceFile(join(root, 'src/lib/other.ts'))).toBeUndefined()
    expect(parsed.sourceFile(join(root, 'src/none.ts'))).toBeUndefined()
  })

  it('are not read at all when only texts are given', () => {
    write(helpers)
    const [file] = analyzePackage(
      { name: 'app', path: root, files: [source('src/a.ts', site('./db'))] },
      builtinDialects,
      { readDisk: false },
    ).files
    expect(file?.sites[0]?.site.reason).toBe('escapes-to-callee')
  })
})

describe('path aliases', () => {
  it('follow paths, and the base where one is set', () => {
    write({
      'tsconfig.base.json': JSON.stringify({
        compilerOptions: { baseUrl: '.', paths: { '~/*/x': ['src/*/y', 'lib/*'] } },
      }),
      'app/tsconfig.json': JSON.stringify({ extends: '../tsconfig.base.json' }),
    })
    const aliases = readPathAliases(join(root, 'app/tsconfig.json'))
    expect(aliases('~/a/x')).toEqual([join(root, 'src/a/y'), join(root, 'lib/a'), join(root, '~/a/x')])
    expect(aliases('~/x')).toEqual([join(root, '~/x')])
  })

  it('are none without paths, or in a file that does not parse', () => {
    write({ 'tsconfig.json': '{}', 'broken.json': '{"compilerOptions": {' })
    expect(readPathAliases(join(root, 'tsconfig.json'))('a/b')).toEqual([])
    expect(readPathAliases(join(root, 'broken.json'))('a/b')).toEqual([])
    expect(readPathAliases(join(root, 'missing.json'))('a/b')).toEqual([])
  })
})
