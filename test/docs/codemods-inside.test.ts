import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(__dirname, '../..')
const analysis = join(root, 'codemods/src/analysis')
const page = readFileSync(join(root, 'docs/codemods-inside.md'), 'utf8')
const rows = [...page.matchAll(/^\| `([a-z]+)` +\|[^|]+\|([^|]+)\|$/gm)].map(
  ([, folder = '', begin = '']) => ({
    folder,
    begin: [...begin.matchAll(/`([\w-]+)`/g)].map(([, file = '']) => file),
  }),
)

test('the map names each folder of the analysis, and files that are there', () => {
  const folders = readdirSync(analysis, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(rows.map(({ folder }) => folder).sort()).toEqual(folders.map(({ name }) => name).sort())
  const missing = rows.flatMap(({ folder, begin }) =>
    begin.filter((file) => !existsSync(join(analysis, folder, `${file}.ts`))),
  )
  expect(missing).toEqual([])
})

test('every file that the text names exists', () => {
  const every = readdirSync(join(root, 'codemods/src'), { recursive: true, encoding: 'utf8' })
  const named = [...page.matchAll(/`([\w/-]+\.ts)`/g)].map(([, path = '']) => path)
  const missing = named.filter(
    (path) => !every.some((file) => file === path || file.endsWith(`/${path}`)) && !path.startsWith('test/'),
  )
  expect(named.length).toBeGreaterThan(20)
  expect(missing.filter((path) => !existsSync(join(root, path)) && path !== 'codemod-programs.ts')).toEqual(
    [],
  )
})
