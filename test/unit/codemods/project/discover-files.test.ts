import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { discoverFiles } from '../../../../codemods/src/project/discover-files'
import { loadSources } from '../../../../codemods/src/project/load-sources'
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

function packagesOf(
  ...entries: readonly { name: string; path: string; include?: string[]; exclude?: string[] }[]
) {
  const { packages } = workspaceFromConfig(join(workspace.root, 'pgferry.config.ts'), { packages: entries })
  return packages
}

function discover(
  entry: { name: string; path: string; include?: string[]; exclude?: string[] },
  includeTests = false,
): string[] {
  const packages = packagesOf(entry)
  const [target] = packages
  if (target === undefined) throw new Error('no package')
  return discoverFiles(target, { includeTests, otherPackages: packages }).map((path) =>
    path.slice(workspace.root.length + 1),
  )
}

test('sources of every kind are found in the order of their names; what people did not write is not', () => {
  for (const name of ['z.ts', 'a.tsx', 'b.mts', 'c.cts', 'd.js', 'e.jsx', 'f.mjs', 'g.cjs'])
    workspace.write(`src/${name}`, '')
  for (const name of [
    'src/types.d.ts',
    'src/readme.md',
    'node_modules/x/i.js',
    'dist/i.js',
    'src/generated/i.ts',
    'src/api.generated.ts',
    'vendor/i.js',
    'web/app.min.js',
    '.cache/i.ts',
    'pgferry.config.ts',
    'pgferry.config.mjs',
  ])
    workspace.write(name, '')
  expect(discover({ name: 'all', path: '.' })).toEqual(
    ['a.tsx', 'b.mts', 'c.cts', 'd.js', 'e.jsx', 'f.mjs', 'g.cjs', 'z.ts'].map((name) => `src/${name}`),
  )
})

test('tests are left out unless they are asked for', () => {
  for (const name of ['a.ts', 'a.test.ts', 'a.spec.tsx', 'test/b.ts', '__tests__/c.ts'])
    workspace.write(name, '')
  expect(discover({ name: 'all', path: '.' })).toEqual(['a.ts'])
  expect(discover({ name: 'all', path: '.' }, true)).toHaveLength(5)
})

test('include replaces the default patterns and exclude takes away from them', () => {
  for (const name of ['src/a.ts', 'src/old/b.ts', 'scripts/c.ts']) workspace.write(name, '')
  expect(discover({ name: 'all', path: '.', include: ['src/**/*.ts'], exclude: ['src/old/**'] })).toEqual([
    'src/a.ts',
  ])
})

test('a file belongs to the innermost package', () => {
  workspace.write('a.ts', '')
  workspace.write('packages/[x]/b.ts', '')
  const packages = packagesOf({ name: 'root', path: '.' }, { name: 'inner', path: 'packages/[x]' })
  const found = packages.map((target) =>
    discoverFiles(target, { includeTests: false, otherPackages: packages }),
  )
  expect(found).toEqual([[workspace.path('a.ts')], [workspace.path('packages/[x]/b.ts')]])
})

test('symbolic links are followed neither to folders nor to files', () => {
  const outside = createTempWorkspace({ 'secret.ts': 'legacyTake(2)' }, stubDeps)
  workspace.write('app/a.ts', 'legacyTake(2)')
  symlinkSync(outside.root, workspace.path('app/linked'))
  symlinkSync(outside.path('secret.ts'), workspace.path('app/secret.ts'))
  const packages = packagesOf({ name: 'app', path: 'app' })
  const [target] = packages
  if (target === undefined) throw new Error('no package')
  const loaded = loadSources(target, {
    root: workspace.root,
    words: ['legacyTake'],
    includeTests: false,
    otherPackages: packages,
  })
  expect(loaded.sources.files.map((file) => file.relativePath)).toEqual(['app/a.ts'])
  outside.remove()
})

describe('loading', () => {
  function load(words: readonly string[] = ['legacyTake']) {
    const packages = packagesOf({ name: 'app', path: 'app' })
    const [target] = packages
    if (target === undefined) throw new Error('no package')
    return loadSources(target, { root: workspace.root, words, includeTests: false, otherPackages: packages })
  }

  test('only files with one of the words are kept, and every file is counted', () => {
    workspace.write('app/a.ts', 'legacyTake(2)')
    workspace.write('app/b.ts', 'nothing')
    const { sources, fileCount } = load()
    expect(fileCount).toBe(2)
    expect(sources.files).toEqual([
      { path: workspace.path('app/a.ts'), relativePath: 'app/a.ts', text: 'legacyTake(2)' },
    ])
  })

  test('a byte order mark and odd line endings come through untouched', () => {
    const text = '\uFEFFlegacyTake(2)\r\n\rend'
    workspace.write('app/a.ts', text)
    expect(load().sources.files[0]?.text).toBe(text)
  })

  test('a file that is not UTF-8 or says that it is generated is left out with a remark', () => {
    workspace.write('app/a.ts', Buffer.concat([Buffer.from('legacyTake(2) '), Buffer.from([0xff, 0xfe])]))
    workspace.write('app/b.ts', '// Code generated by x. DO NOT EDIT.\nlegacyTake(2)')
    const { sources, notes } = load()
    expect(sources.files).toEqual([])
    expect(notes).toEqual([
      'app/a.ts: left out, it is not valid UTF-8',
      'app/b.ts: left out, its header says that it is generated',
    ])
  })

  test('the nearest tsconfig up to the root is the one of the package', () => {
    workspace.write('app/a.ts', '')
    expect(load().sources).not.toHaveProperty('tsconfigPath')
    workspace.write('tsconfig.json', '{}')
    expect(load().sources.tsconfigPath).toBe(workspace.path('tsconfig.json'))
    workspace.write('app/tsconfig.json', '{}')
    expect(load().sources.tsconfigPath).toBe(workspace.path('app/tsconfig.json'))
  })
})
