import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { builtinKnowledge } from '../../codemods/src/engine/builtin-knowledge'
import { planPackage, type PackagePlan } from '../../codemods/src/engine/plan-package'
import { scanPackage } from '../../codemods/src/engine/scan-package'
import { workspaceFromConfig } from '../../codemods/src/project/workspace'
import { stubDeps } from '../unit/codemods/engine/stub-knowledge'
import { createTempWorkspace, type TempWorkspace } from '../support/temp-workspace'

/*
 * Files as real repositories have them. Whatever a file looks like, its call site is rewritten, the rest of it keeps its bytes,
 * and what comes out is done: a second run finds nothing to do.
 */

let temp: TempWorkspace
beforeEach(() => {
  temp = createTempWorkspace({}, stubDeps)
})
afterEach(() => {
  temp.remove()
})

function plan(): PackagePlan {
  const workspace = workspaceFromConfig(join(temp.root, 'pgferry.config.ts'), {
    packages: [{ name: 'app', path: 'app', connections: { import: 'connections', from: './database' } }],
  })
  const [target] = workspace.packages
  if (target?.connections === undefined) throw new Error('no package')
  const scanned = scanPackage(target, {
    workspace,
    dialects: builtinKnowledge.builtinDialects,
    knowledge: builtinKnowledge,
    includeTests: false,
  })
  const { connections } = target
  return planPackage(scanned, { style: 'await-using', purpose: 'app', connections }, { isTypeChecked: false })
}

const imports = `import { Pool } from 'pg'\nconst pool = new Pool()\n`
const requires = `const { Pool } = require('pg')\nconst pool = new Pool()\n`
const site = (head: string): string =>
  `${head} {\n  const c = await pool.connect()\n  try {\n    return await c.query('x')\n  } finally {\n    c.release()\n  }\n}\n`
const done = (head: string): string =>
  `${head} {\n  await using c = await connections.connection('app')\n  return await c.query('x')\n}\n`
const asCallback = (head: string): string =>
  `${head} {\n  return await connections.withConnection('app', async (c) => {\n    return await c.query('x')\n  })\n}\n`
const fn = 'export async function f()'

/** What comes of a file; a second run must leave it alone. */
function migrated(path: string, text: string): string {
  temp.write(`app/${path}`, text)
  const { changes, report } = plan()
  expect(report.sites.map(({ verdict, reason }) => [verdict, reason])).toEqual([['rewritten', undefined]])
  const after = changes.find((change) => change.path.endsWith(`app/${path}`))?.after
  if (after == null) throw new Error('nothing was changed')
  const result = after.toString()
  temp.write(`app/${path}`, result)
  expect(plan().changes).toEqual([])
  return result
}

it.each([
  ['a.ts', `import { connections } from './database'\n`],
  ['a.mts', `import { connections } from './database'\n`],
  ['a.cts', `import { connections } from './database'\n`],
  ['view.tsx', `import { connections } from './database'\n`],
])('%s gets a scope', (path, added) => {
  const markup = path.endsWith('x') ? 'export const View = () => <p className="a">{`b`}</p>\n' : ''
  expect(migrated(path, imports + markup + site(fn))).toContain(added)
  expect(migrated(path, imports + markup + site(fn))).toContain(markup + done(fn))
})

it.each([
  ['a.mjs', imports, fn],
  ['a.js', imports, fn],
  ['a.jsx', `${imports}export const View = () => <p>{1}</p>\n`, fn],
  ['a.cjs', requires, 'async function f()'],
])('%s gets a callback: nobody compiles it', (path, head, named) => {
  const text = migrated(path, head + site(named))
  expect(text).toContain('withConnection')
  expect(text).not.toContain('await using')
  expect(text.startsWith(head.slice(0, 10))).toBe(true)
})

it('JSDoc types of plain JavaScript lead to the connection', () => {
  const head = `/** @type {import('pg').Pool} */\nconst pool = makePool()\n`
  const text = migrated('a.js', `${head}${site('async function f()')}`)
  expect(text).toContain(`${head}${asCallback('async function f()')}`)
})

it('decorators, of classes, methods and parameters, stay as they are', () => {
  const before = `@Injectable()\nexport class A {\n  constructor(@Inject('pool') private readonly pool: Pool) {}\n\n  @Get('/x')\n  async m(@Query() q: string) {\n    const c = await this.pool.connect()\n    try {\n      return await c.query(q)\n    } finally {\n      c.release()\n    }\n  }\n}\n`
  const text = migrated('a.ts', `import { Pool } from 'pg'\n${before}`)
  expect(text).toContain(
    `  @Get('/x')\n  async m(@Query() q: string) {\n    await using c = await connections.connection('app')\n    return await c.query(q)\n  }\n`,
  )
  expect(text).toContain(before.slice(0, before.indexOf('  async m')))
})

it.each([
  ['Windows line endings', (text: string) => text.replaceAll('\n', '\r\n'), '\r\n'],
  ['a BOM', (text: string) => `\uFEFF${text}`, '\n'],
  ['tabs', (text: string) => text.replaceAll('  ', '\t'), '\n'],
  ['no line ending at the end', (text: string) => text.trimEnd(), '\n'],
  ['semicolons', (text: string) => text.replaceAll(/([)'])\n/g, '$1;\n'), '\n'],
])('a file with %s keeps them', (_name, written, newLine) => {
  const other = 'export const unchanged = `a\n  b`\n'
  const text = migrated('a.ts', written(`${imports}${other}${site(fn)}`))
  const plain = (part: string): string => written(part).replace('\uFEFF', '').trimEnd()
  expect(text).toContain(plain(other))
  expect(text).toContain(plain(done(fn)))
  expect(text.startsWith('\uFEFF')).toBe(written('').startsWith('\uFEFF'))
  expect(text.split(/(?<!\r)\n/).length === 1).toBe(newLine === '\r\n')
})

it('a file of both line endings keeps those of every line that was not touched', () => {
  const other = 'export const a = 1\r\nexport const b = 2\nexport const c = 3\r\n'
  const text = migrated('a.ts', `${imports}${other}${site(fn)}`)
  expect(text).toContain(`${other}${fn}`)
})

it('a file of a megabyte is rewritten like any other', () => {
  const filler = Array.from(
    { length: 20_000 },
    (_, index) => `export const value${String(index)} = '${'x'.repeat(30)}'\n`,
  )
  const before = `${imports}${filler.join('')}`
  expect(before.length).toBeGreaterThan(1_000_000)
  const text = migrated('big.ts', `${before}${site(fn)}`)
  expect(text.endsWith(`${filler.at(-1) ?? ''}${done(fn)}`)).toBe(true)
})

it('what is generated, vendored, built, declared or linked from elsewhere is not touched', () => {
  const text = `${imports}${site(fn)}`
  temp.write('app/a.generated.ts', `// @generated by a tool, do not edit\n${text}`)
  temp.write('app/dist/a.js', text)
  temp.write('app/node_modules/dep/a.js', text)
  temp.write('app/vendor/dep/a.ts', text)
  temp.write('app/a.min.js', text)
  temp.write('app/a.d.ts', `declare const pool: import('pg').Pool\n`)
  const elsewhere = createTempWorkspace({ 'a.ts': text }, stubDeps)
  symlinkSync(join(elsewhere.root, 'a.ts'), join(temp.root, 'app/link.ts'))
  const { report, changes } = plan()
  elsewhere.remove()
  expect([report.sites.map(({ file }) => file), changes.map(({ path }) => path)]).toEqual([[], []])
})

it('a file of the workspace that is linked into a package is rewritten once, where it really is', () => {
  temp.write('app/b.ts', 'export const b = 1\n')
  temp.write('shared/a.ts', `${imports}${site(fn)}`)
  symlinkSync(join(temp.root, 'shared/a.ts'), join(temp.root, 'app/link.ts'))
  symlinkSync(join(temp.root, 'shared'), join(temp.root, 'app/again'))
  expect(plan().changes.map(({ path }) => path)).toEqual(['shared/a.ts'])
})

it('a read-only file is planned like any other: whether it can be written is asked before anything is', () => {
  temp.write('app/a.ts', imports + site(fn))
  chmodSync(join(temp.root, 'app/a.ts'), 0o444)
  expect(plan().changes).toHaveLength(1)
})

it('a file that does not parse keeps its bytes, and its sites are told', () => {
  temp.write('app/a.ts', `${imports}${site(fn)}export const = 1\n`)
  temp.write('app/b.ts', `${imports}${site(fn)}`)
  const { changes } = plan()
  expect(changes.map(({ path }) => path.split('/').at(-1))).toEqual(['b.ts'])
})
