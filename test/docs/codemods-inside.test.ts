import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(__dirname, '../..')
const page = readFileSync(join(root, 'docs/codemods-inside.md'), 'utf8')
const analysis = readdirSync(join(root, 'codemods/src/analysis')).filter((name) => name.endsWith('.ts'))
const table = page.split('\n').filter((line) => line.startsWith('| ') && line.includes('`'))
const named = table.flatMap((line) => [...line.matchAll(/`([\w*/-]+)`/g)].map((match) => match[1] ?? ''))

test('every file of the map exists', () => {
  const missing = named
    .filter((name) => !name.includes('*'))
    .filter((name) => !analysis.includes(`${name}.ts`))
  expect(missing).toEqual([])
  for (const [, path] of page.matchAll(/`((?:project|analysis|rewrite|engine|model)\/[\w/-]+\.ts)`/g))
    expect({ path, exists: existsSync(join(root, 'codemods/src', path ?? '')) }).toEqual({
      path,
      exists: true,
    })
})

test('no file of the analysis is missing from the map', () => {
  const patterns = named.filter((name) => name.includes('*')).map((name) => name.replace('*', ''))
  const words = [...page.matchAll(/`(?:analysis\/)?([\w-]+)(?:\.ts)?`/g)].map((match) => match[1])
  const helpers = [
    'syntax',
    'comments',
    'acquire-call',
    'analyze-package',
    'package-analysis',
    'bracket',
    'site-id',
  ]
  const unmapped = analysis
    .map((name) => name.replace('.ts', ''))
    .filter((name) => !words.includes(name) && !patterns.some((start) => name.startsWith(start)))
    .filter((name) => !helpers.includes(name))
  expect(unmapped).toEqual([])
})
