import { join } from 'node:path'
import { createSpecifiers, findConnectionsProblem } from '../../../../codemods/src/project/connections-module'
import type { ConnectionsConfig } from '../../../../codemods/src/project/define-config'
import { workspaceFromConfig } from '../../../../codemods/src/project/workspace'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from '../engine/stub-knowledge'

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace({}, stubDeps)
})
afterEach(() => {
  workspace.remove()
})

function problem(connections: ConnectionsConfig): string | undefined {
  const entry = { name: 'app', path: '.', connections }
  const [target] = workspaceFromConfig(join(workspace.root, 'pgferry.config.ts'), {
    packages: [entry],
  }).packages
  if (target === undefined) throw new Error('no package')
  return findConnectionsProblem(target)
}

const reference = { import: 'connections', from: './src/database' }

test.each([
  'export const connections = 1',
  'export const { pool, inner: { connections } } = make()',
  'const own = 1\nexport { own as connections }',
  "export * from './other'",
  "export * as connections from './other'",
  'export function connections() {}',
  'export class connections {}',
  'exports.connections = 1',
])('a module with `%s` may export the name', (text) => {
  workspace.write('src/database.ts', text)
  expect(problem(reference)).toBeUndefined()
})

test.each([
  'const connections = 1',
  'export const [, pool] = []',
  'export { connections as other }',
  'export default 1',
  '',
])('a module with `%s` does not', (text) => {
  workspace.write('src/database.ts', text)
  expect(problem(reference)).toBe(
    'package "app", connections.import: received "connections", and ./src/database has no such export',
  )
})

test('a module is found with any extension, as a folder, and under the extension it will have', () => {
  const right = 'export const connections = 1'
  workspace.write('a.mts', right)
  workspace.write('b/index.js', right)
  workspace.write('c.ts', right)
  expect(problem({ import: 'connections', from: './a' })).toBeUndefined()
  expect(problem({ import: 'connections', from: './b' })).toBeUndefined()
  expect(problem({ import: 'connections', from: './c.js' })).toBeUndefined()
})

test('a module that is not there is named; packages and expressions are not looked into', () => {
  expect(problem(reference)).toMatch(
    /connections\.from: received "\.\/src\/database", and there is no such module in /,
  )
  expect(problem({ import: 'connections', from: '@acme/database' })).toBeUndefined()
  expect(problem({ expression: 'this.connections' })).toBeUndefined()
})

test('an ES module that Node resolves writes the extension, others as the configuration says', () => {
  const temp = createTempWorkspace(
    {
      'package.json': '{"type":"module"}',
      'tsconfig.json': '{"compilerOptions":{"module":"node16"}}',
      'bundled.json': '{"compilerOptions":{"module":"esnext","moduleResolution":"bundler"}}',
      'src/database.ts': '',
      'db/index.mts': '',
    },
    stubDeps,
  )
  const sources = { name: 'x', path: temp.root, files: [], tsconfigPath: temp.path('tsconfig.json') }
  const write = (from: string, file: string, tsconfig = 'tsconfig.json'): string =>
    createSpecifiers(from, { ...sources, tsconfigPath: temp.path(tsconfig) })(temp.path(file))
  expect(write('./src/database', 'src/a.ts')).toBe('./src/database.js')
  expect(write('./db', 'src/a.ts')).toBe('./db/index.mjs')
  expect(write('./src/database', 'src/a.mjs', 'bundled.json')).toBe('./src/database.js')
  expect(write('./src/database', 'src/a.ts', 'bundled.json')).toBe('./src/database')
  expect(write('./src/database', 'src/a.cts')).toBe('./src/database')
  expect(write('./src/database.js', 'src/a.ts')).toBe('./src/database.js')
  expect(write('@acme/database', 'src/a.ts')).toBe('@acme/database')
  expect(write('./nowhere', 'src/a.ts')).toBe('./nowhere')
  temp.remove()
})
