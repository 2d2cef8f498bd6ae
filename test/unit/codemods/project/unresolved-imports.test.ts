import type { Dialect } from '../../../../codemods/src/model/dialect'
import { findUnresolvedImports } from '../../../../codemods/src/project/unresolved-imports'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from '../engine/stub-knowledge'

const dialect: Dialect = {
  id: 'known',
  receiver: { types: [{ name: 'Pool', module: 'known-driver' }] },
  acquire: [],
  release: [],
  scoped: [],
}
const text = [
  "import { Pool } from 'known-driver'",
  "import { readFileSync } from 'node:fs'",
  "import { here } from 'installed'",
  "import { gone } from '@acme/not-built'",
  "import { near } from './not-there'",
  "const other = require('@acme/other')",
].join('\n')

let workspace: TempWorkspace
beforeEach(() => {
  const options = { module: 'node16', moduleResolution: 'node16' }
  workspace = createTempWorkspace(
    {
      'package.json': '{}',
      'tsconfig.json': JSON.stringify({ compilerOptions: options }),
      'node_modules/installed/package.json': '{"name":"installed","types":"index.d.ts"}',
      'node_modules/installed/index.d.ts': 'export const here: number',
      'node_modules/@acme/not-built/package.json': '{"name":"@acme/not-built","types":"dist/index.d.ts"}',
    },
    stubDeps,
  )
})
afterEach(() => {
  workspace.remove()
})

function sources(tsconfig?: string) {
  const files = [{ path: workspace.path('a.ts'), relativePath: 'a.ts', text }]
  const base = { name: 'app', path: workspace.root, files }
  return tsconfig === undefined ? base : { ...base, tsconfigPath: workspace.path(tsconfig) }
}

test('modules that are not installed or not built are named once, in order', () => {
  expect(findUnresolvedImports(sources('tsconfig.json'), [dialect])).toEqual([
    '@acme/not-built',
    '@acme/other',
  ])
})

test('a package without a tsconfig is judged without types, so nothing is missing', () => {
  expect(findUnresolvedImports(sources(), [dialect])).toEqual([])
})
