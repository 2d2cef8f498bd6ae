import { proposeConfig } from '../../../../codemods/src/commands/propose-config'
import { scanPackage } from '../../../../codemods/src/engine/scan-package'
import { workspaceFromManifests } from '../../../../codemods/src/project/workspace'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps, stubKnowledge } from '../engine/stub-knowledge'

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace({}, stubDeps)
})
afterEach(() => {
  workspace.remove()
})

function propose(packages: readonly { readonly name: string; readonly path: string }[]) {
  const found = workspaceFromManifests({ root: workspace.root, packages })
  const options = {
    workspace: found,
    dialects: stubKnowledge.builtinDialects,
    knowledge: stubKnowledge,
    includeTests: false,
  }
  return proposeConfig(
    found.packages.map((target) => scanPackage(target, options)),
    ['stub', 'other'],
  )
}

test('names lose their scope where they stay unique, and are quoted safely', () => {
  for (const folder of ['a', 'b', 'c', "it's"]) workspace.write(`${folder}/x.ts`, 'legacyTake(2)')
  const { text, packages } = propose([
    { name: '@one/db', path: 'a' },
    { name: '@two/db', path: 'b' },
    { name: '@one/web', path: 'c' },
    { name: "it's", path: "it's" },
  ])
  expect(packages.map(({ name }) => name)).toEqual(['@one/db', '@two/db', 'web', "it's"])
  expect(text).toContain("name: 'it\\'s',")
})

test('packages without sites are left out', () => {
  workspace.write('a/x.ts', 'legacyTake(2)')
  workspace.write('b/x.ts', 'export {}')
  const { text, packages } = propose([
    { name: 'a', path: 'a' },
    { name: 'b', path: 'b' },
  ])
  expect(packages.map(({ name }) => name)).toEqual(['a'])
  expect(text).not.toContain("path: 'b'")
})

test('without any site every package and every dialect is offered', () => {
  workspace.write('a/x.ts', 'export {}')
  const { text, packages } = propose([{ name: 'a', path: 'a' }])
  expect(packages).toEqual([])
  expect(text).toContain("path: 'a'")
  expect(text).toContain('// no site of a known API')
  expect(text).toContain("dialects: ['stub', 'other'],")
})

test.each([
  ['src/db.ts', './src/db', 'exists'],
  ['src/database/index.ts', './src/database', 'exists'],
  ['lib/db.js', './lib/db', 'exists'],
  ['src/other.ts', './src/database', 'placeholder'],
  ['other.ts', './database', 'placeholder'],
])('with %s the service is expected in %s (%s)', (file, from, said) => {
  workspace.write('a/x.ts', 'legacyTake(2)')
  workspace.write(`a/${file}`, '')
  const { text } = propose([{ name: 'a', path: 'a' }])
  expect(text).toContain(`connections: { import: 'connections', from: '${from}' },`)
  expect(text).toMatch(said === 'exists' ? `${from} exists` : /placeholder: write this module/)
})

test('the same scan gives the same text', () => {
  workspace.write('a/x.ts', 'legacyTake(2)')
  expect(propose([{ name: 'a', path: 'a' }])).toEqual(propose([{ name: 'a', path: 'a' }]))
})
