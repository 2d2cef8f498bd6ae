import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defaultPoolOptions, resilientOnly } from '../../src/pool/pool-options'
import { readTables } from './markdown-tables'

const root = resolve(__dirname, '../..')
const page = readFileSync(join(root, 'docs/pool.md'), 'utf8')
const rows = new Map(
  readTables(page)
    .find(({ head }) => head[0] === 'option' && head[1] === 'default')
    ?.rows.map(([name = '', value = '', reason = '']) => [
      name.replace(/[`✶ ]/g, ''),
      { name, value, reason },
    ]),
)

describe('the options of docs/pool.md', () => {
  test.each(Object.entries(defaultPoolOptions))('%s is there with its default and a reason', (key, value) => {
    const row = rows.get(key)
    expect(row?.value).toBe(`\`${show(value)}\``)
    expect(row?.reason.length).toBeGreaterThan(20)
  })

  test('are no others than the pool knows', () => {
    expect([...rows.keys()].sort()).toEqual(Object.keys(defaultPoolOptions).sort())
  })

  test('are marked where only the resilient strategy knows them', () => {
    const marked = [...rows].filter(([, { name }]) => name.includes('✶')).map(([key]) => key)
    expect(marked.sort()).toEqual([...resilientOnly].sort())
  })
})

test('every option is set beside those of other pools', () => {
  const peers = readTables(page).find(({ head }) => head[1] === 'pg-pool')
  const named = peers?.rows.flatMap(([first = '']) => [...first.matchAll(/`(\w+)`/g)].map((m) => m[1]))
  expect(named?.sort()).toEqual(Object.keys(defaultPoolOptions).sort())
})

test('every event and every error code of the sources is in docs/pool.md', () => {
  const events = readFileSync(join(root, 'src/core/events.ts'), 'utf8')
  const errors = readFileSync(join(root, 'src/core/errors.ts'), 'utf8')
  const kinds = [...events.matchAll(/kind: '([a-z-]+)'/g)].map((m) => m[1] ?? '')
  const codes = [...errors.matchAll(/readonly code = '([A-Z_]+)'/g)].map((m) => m[1] ?? '')
  expect(kinds.length).toBeGreaterThan(10)
  expect(codes.length).toBeGreaterThan(10)
  expect([...kinds, ...codes].filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

function show(value: string | number | boolean): string {
  if (typeof value === 'string') return `'${value}'`
  return typeof value === 'number' ? value.toLocaleString('en-US') : String(value)
}
