import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shippedFolders } from '../../../../codemods/src/project/shipped-folders'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pgferry-shipped-'))
  mkdirSync(join(folder, 'dist'))
  mkdirSync(join(folder, 'build'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const manifest = (fields: unknown): void => {
  writeFileSync(join(folder, 'package.json'), typeof fields === 'string' ? fields : JSON.stringify(fields))
}

it.each([
  ['main', { main: './dist/index.js' }, ['dist']],
  ['types beside a main in the open', { main: 'index.js', types: 'build/index.d.ts' }, ['build']],
  [
    'conditions of exports',
    { exports: { '.': { import: './dist/a.mjs', require: './build/a.cjs' } } },
    ['dist', 'build'],
  ],
  ['a folder that is not there', { main: 'out/index.js' }, []],
  ['sources in the open', { main: 'lib/index.js' }, []],
  ['nothing', {}, []],
])('what package.json leads to counts as sources: %s', (_name, fields, expected) => {
  manifest(fields)
  expect(shippedFolders(folder, [join(folder, 'cli.js')])).toEqual(expected)
})

it('what TypeScript was built into does not', () => {
  manifest({ main: 'dist/index.js' })
  expect(shippedFolders(folder, [join(folder, 'src/index.ts')])).toEqual([])
  writeFileSync(join(folder, 'tsconfig.json'), '{}')
  expect(shippedFolders(folder, [])).toEqual([])
})

it('a manifest that is missing or broken leads nowhere', () => {
  expect(shippedFolders(folder, [])).toEqual([])
  for (const text of ['{', '[]', 'null']) {
    manifest(text)
    expect(shippedFolders(folder, [])).toEqual([])
  }
})
