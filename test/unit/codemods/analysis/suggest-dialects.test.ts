import { runInThisContext } from 'node:vm'
import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import {
  mergeSuggestions,
  suggestedDialect,
  type DialectSuggestion,
} from '../../../../codemods/src/model/dialect-suggestion'
import { validateConfig } from '../../../../codemods/src/project/validate-config'

const suggestionsIn = (text: string): readonly DialectSuggestion[] =>
  analyzePackage(
    { name: 'a', path: '/a', files: [{ path: '/a/a.ts', relativePath: 'a.ts', text }] },
    builtinDialects,
    { readDisk: false },
  ).suggestions

describe('an API that no dialect knows', () => {
  it('is suggested when its result is sent statements and given back', () => {
    const text = `export async function f(infra: any) { const c = await infra.db.borrow(); try { await c.query('x') } finally { await c.release() } }
      export async function g() { const c = await takeOne(); await c.execute('x'); c.done() }`
    expect(suggestionsIn(text)).toEqual([
      { receiver: 'infra.db', method: 'borrow', release: 'release', file: 'a.ts', line: 1, count: 1 },
      { receiver: '', method: 'takeOne', release: 'done', file: 'a.ts', line: 2, count: 1 },
    ])
  })

  it.each([
    ['nothing is sent through it', `const c = await box.open(); c.release()`],
    ['it is not given back', `const c = await box.open(); await c.query('x')`],
    ['it is a lock', `const c = await redlock.acquireLock(); await c.query('x'); await c.release()`],
    ['it is not waited for', `const c = box.open(); c.query('x'); c.release()`],
    ['it has no variable', `use(await box.open())\nbox.query('x'); box.release()`],
  ])('is not when %s', (_name, body) => {
    expect(suggestionsIn(`export async function f(box: any, redlock: any) { ${body} }`)).toEqual([])
  })

  it('is no suggestion where it is a site', () => {
    const text = `import { Pool } from 'pg'\nconst pool = new Pool()
      export async function f() { const c = await pool.connect(); try { await c.query('x') } finally { c.release() } }`
    expect(suggestionsIn(text)).toEqual([])
  })

  it('is no suggestion where it only begins with a site', () => {
    const text = `import { Pool } from 'pg'\nconst pool = new Pool()
      export async function f() { const c = await pool.connect().catch((e) => { throw new Error('no') }); try { await c.query('x') } finally { c.release() } }`
    expect(suggestionsIn(text)).toEqual([])
  })

  it('is suggested once, with its count, as a dialect that the configuration takes', () => {
    const one = { receiver: 'db', method: 'takeOne', release: 'done', file: 'a.ts', line: 1, count: 1 }
    const merged = mergeSuggestions([{ ...one, method: 'other' }, one, { ...one, file: 'b.ts' }])
    expect(merged.map(({ method, file, count }) => [method, file, count])).toEqual([
      ['takeOne', 'a.ts', 2],
      ['other', 'a.ts', 1],
    ])
    const text = suggestedDialect(one)
    const dialect: unknown = runInThisContext(`(${text})`)
    expect(validateConfig({ packages: [], dialects: [dialect] }, 'c', []).dialects).toEqual([dialect])
  })
})
