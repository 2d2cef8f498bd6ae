import { mkdirSync } from 'node:fs'
import { CodemodError } from '../../../../codemods/src/project/codemod-error'
import { findWorkspace } from '../../../../codemods/src/project/find-workspace'
import { pnpmPatterns } from '../../../../codemods/src/project/pnpm-patterns'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from '../engine/stub-knowledge'

let workspace: TempWorkspace | undefined
afterEach(() => workspace?.remove())

function create(files: Record<string, string>): TempWorkspace {
  workspace = createTempWorkspace({ '.git/HEAD': '', ...files }, stubDeps)
  return workspace
}

const manifest = (name: string): string => JSON.stringify({ name })

test('npm workspaces are found from a folder deep inside a member, ordered by path', () => {
  const { root, path } = create({
    'package.json': JSON.stringify({ name: 'root', workspaces: ['packages/*', '!packages/private'] }),
    'packages/b/package.json': manifest('@acme/b'),
    'packages/a/package.json': manifest('@acme/a'),
    'packages/private/package.json': manifest('private'),
    'packages/a/node_modules/x/package.json': manifest('x'),
  })
  mkdirSync(path('packages/a/src/deep'), { recursive: true })
  expect(findWorkspace(path('packages/a/src/deep'))).toEqual({
    root,
    packages: [
      { name: 'root', path: '.' },
      { name: '@acme/a', path: 'packages/a' },
      { name: '@acme/b', path: 'packages/b' },
    ],
  })
})

test('yarn declares its workspaces in an object, and a root with sources is a package too', () => {
  const { root } = create({
    'package.json': JSON.stringify({ name: 'root', workspaces: { packages: ['./lib/'] } }),
    'src/index.ts': '',
    'lib/package.json': '{}',
  })
  expect(findWorkspace(root).packages).toEqual([
    { name: 'root', path: '.' },
    { name: 'lib', path: 'lib' },
  ])
})

test('pnpm workspaces come from their own file', () => {
  const { root } = create({
    'package.json': manifest('root'),
    'pnpm-workspace.yaml': 'packages:\n  - "apps/*"\n',
    'apps/web/package.json': manifest('web'),
  })
  expect(findWorkspace(root).packages).toEqual([
    { name: 'root', path: '.' },
    { name: 'web', path: 'apps/web' },
  ])
})

test('a package that is no member of the workspace above it stands for itself', () => {
  const { path } = create({
    'package.json': JSON.stringify({ workspaces: ['packages/*'] }),
    'packages/a/package.json': manifest('a'),
    'tools/package.json': manifest('tools'),
  })
  expect(findWorkspace(path('tools'))).toEqual({
    root: path('tools'),
    packages: [{ name: 'tools', path: '.' }],
  })
})

test('a folder without any package.json is a package by its own name', () => {
  const { root } = create({ 'a.ts': '' })
  expect(findWorkspace(root)).toEqual({ root, packages: [{ name: root.split('/').at(-1), path: '.' }] })
})

const pathsBelow = (root: string): string[] => findWorkspace(root).packages.map(({ path }) => path)

test('projects of Nx have a project.json or a package.json, at any depth below its folders', () => {
  const { root } = create({
    'package.json': manifest('root'),
    'nx.json': JSON.stringify({ workspaceLayout: { libsDir: 'modules' } }),
    'apps/shop/project.json': JSON.stringify({ name: 'shop' }),
    'modules/db/core/project.json': JSON.stringify({ name: 'db-core' }),
    'packages/tool/package.json': manifest('@acme/tool'),
    'libs/other/project.json': '{}',
    'apps/shop/dist/package.json': manifest('built'),
  })
  expect(findWorkspace(root).packages).toEqual([
    { name: 'root', path: '.' },
    { name: 'shop', path: 'apps/shop' },
    { name: 'db-core', path: 'modules/db/core' },
    { name: '@acme/tool', path: 'packages/tool' },
  ])
})

test('Lerna names its packages in lerna.json, or means the usual folder', () => {
  const files = {
    'package.json': manifest('root'),
    'modules/a/package.json': '{}',
    'packages/b/package.json': '{}',
  }
  expect(pathsBelow(create({ ...files, 'lerna.json': '{ "packages": ["modules/*"] }' }).root)).toEqual([
    '.',
    'modules/a',
  ])
  workspace?.remove()
  expect(pathsBelow(create({ ...files, 'lerna.json': '{ "version": "1.0.0" }' }).root)).toEqual([
    '.',
    'packages/b',
  ])
})

test('yarn’s list, and Turborepo which has none of its own, are those of package.json', () => {
  const files = {
    'package.json': JSON.stringify({ name: 'root', workspaces: ['apps/*'] }),
    'turbo.json': '{}',
    '.yarnrc.yml': 'nodeLinker: pnp\n',
    'apps/web/package.json': manifest('web'),
  }
  expect(pathsBelow(create(files).root)).toEqual(['.', 'apps/web'])
})

test('packages that nothing declares are found below the nearest one, their fixtures are not', () => {
  const { root, path } = create({
    'backend/package.json': manifest('backend'),
    'frontend/package.json': manifest('frontend'),
    'backend/test/fixtures/x/package.json': manifest('x'),
    'backend/node_modules/y/package.json': manifest('y'),
  })
  expect(pathsBelow(root)).toEqual(['.', 'backend', 'frontend'])
  expect(pathsBelow(path('backend'))).toEqual(['.'])
})

test('a repository inside another one stands for itself', () => {
  const { path } = create({
    'package.json': JSON.stringify({ workspaces: ['packages/*'] }),
    'packages/inner/.git/HEAD': '',
    'packages/inner/package.json': manifest('inner'),
  })
  expect(findWorkspace(path('packages/inner'))).toEqual({
    root: path('packages/inner'),
    packages: [{ name: 'inner', path: '.' }],
  })
})

test('a package.json that does not parse is named', () => {
  const { root } = create({ 'package.json': '{' })
  expect(() => findWorkspace(root)).toThrow(CodemodError)
  expect(() => findWorkspace(root)).toThrow(/package\.json cannot be read/)
})

test.each([
  ['block list', "packages:\n  - a/*\n  # comment\n  - 'b' # why\n\ncatalog:\n  - c\n", ['a/*', 'b']],
  ['flow list', 'packages: ["a/*", b]\n', ['a/*', 'b']],
  ['list without indentation', 'packages:\n- a\n- "!b"\nother: 1\n', ['a', '!b']],
  ['no list', 'catalog: {}\n', []],
  [
    'flow list over lines',
    "packages: [\n  'a/*', # why\n  b,\n  'c, d',\n]\nother: [x]\n",
    ['a/*', 'b', 'c, d'],
  ],
  ['quoted key', '"packages":\n  - a\n', ['a']],
])('the package patterns of a pnpm file are read from a %s', (_title, yaml, expected) => {
  expect(pnpmPatterns(yaml)).toEqual(expected)
})

test('a folder of the workspace that lies in no member stands for the whole workspace', () => {
  const { root, path } = create({
    'package.json': manifest('root'),
    'pnpm-workspace.yaml': 'packages:\n  - packages/*\n',
    'packages/a/package.json': manifest('a'),
    'docs/readme.md': '',
  })
  const whole = {
    root,
    packages: [
      { name: 'root', path: '.' },
      { name: 'a', path: 'packages/a' },
    ],
  }
  expect(findWorkspace(path('packages'))).toEqual(whole)
  expect(findWorkspace(path('docs'))).toEqual(whole)
})
