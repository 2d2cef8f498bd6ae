import { mkdirSync } from 'node:fs'
import { CodemodError } from '../../../../codemods/src/project/codemod-error'
import { findWorkspace, pnpmPatterns } from '../../../../codemods/src/project/find-workspace'
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
  expect(findWorkspace(root).packages).toEqual([{ name: 'web', path: 'apps/web' }])
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
  const whole = { root, packages: [{ name: 'a', path: 'packages/a' }] }
  expect(findWorkspace(path('packages'))).toEqual(whole)
  expect(findWorkspace(path('docs'))).toEqual(whole)
})
