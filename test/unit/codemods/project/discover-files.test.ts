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
  const { files } = discoverFiles(target, { root: workspace.root, includeTests, otherPackages: packages })
  return files.map((path) => path.slice(workspace.root.length + 1))
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
  const tests = ['a.test.ts', 'a.spec.tsx', 'a.test-d.ts', 'test/b.ts', '__tests__/c.ts', 'helpers.test/d.ts']
  for (const name of ['a.ts', 'latest/e.ts', ...tests]) workspace.write(name, '')
  expect(discover({ name: 'all', path: '.' })).toEqual(['a.ts', 'latest/e.ts'])
  expect(discover({ name: 'all', path: '.' }, true)).toHaveLength(8)
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
    discoverFiles(target, { root: workspace.root, includeTests: false, otherPackages: packages }),
  )
  expect(found.map(({ files }) => files)).toEqual([
    [workspace.path('a.ts')],
    [workspace.path('packages/[x]/b.ts')],
  ])
})

describe('symbolic links', () => {
  function filesOf(...entries: readonly { name: string; path: string }[]): string[][] {
    const packages = packagesOf(...entries)
    const claimed = new Set<string>()
    return packages.map((target) => {
      const options = { root: workspace.root, includeTests: false, otherPackages: packages, claimed }
      return discoverFiles(target, options).files.map((path) => path.slice(workspace.root.length + 1))
    })
  }

  test('never lead out of the root, and one that leads nowhere is passed by', () => {
    const outside = createTempWorkspace({ 'secret.ts': '' }, stubDeps)
    workspace.write('app/a.ts', '')
    symlinkSync(outside.root, workspace.path('app/linked'))
    symlinkSync(outside.path('secret.ts'), workspace.path('app/secret.ts'))
    symlinkSync(workspace.path('nowhere'), workspace.path('app/nowhere.ts'))
    expect(filesOf({ name: 'app', path: 'app' })).toEqual([['app/a.ts']])
    outside.remove()
  })

  test('are followed once to what lies in no package, by its real path; the first package has it', () => {
    workspace.write('a/own.ts', '')
    workspace.write('b/own.ts', '')
    workspace.write('shared/util.ts', '')
    symlinkSync(workspace.path('shared'), workspace.path('a/shared'))
    symlinkSync(workspace.path('shared'), workspace.path('b/shared'))
    symlinkSync(workspace.path('shared'), workspace.path('b/again'))
    const both = [
      { name: 'a', path: 'a' },
      { name: 'b', path: 'b' },
    ]
    expect(filesOf(...both)).toEqual([['a/own.ts', 'shared/util.ts'], ['b/own.ts']])
  })

  test('to what is seen anyway add nothing, and loops end', () => {
    workspace.write('a/src/own.ts', '')
    workspace.write('b/src/other.ts', '')
    symlinkSync(workspace.path('a'), workspace.path('a/src/loop'))
    symlinkSync(workspace.root, workspace.path('a/src/up'))
    symlinkSync(workspace.path('b/src'), workspace.path('a/src/b'))
    symlinkSync('own.ts', workspace.path('a/src/alias.ts'))
    const both = [
      { name: 'a', path: 'a' },
      { name: 'b', path: 'b' },
    ]
    expect(filesOf(...both)).toEqual([['a/src/own.ts'], ['b/src/other.ts']])
  })
})

test('what .gitignore names is not looked into', () => {
  workspace.write('.gitignore', 'lib/\n*.out.ts\n')
  for (const name of ['src/a.ts', 'lib/a.ts', 'src/a.out.ts']) workspace.write(name, '')
  expect(discover({ name: 'all', path: '.' })).toEqual(['src/a.ts'])
})

test('generated and vendored files are left out and counted; an include that names their folder means it', () => {
  for (const name of [
    'src/a.ts',
    'src/b.generated.ts',
    'src/vendor/c.ts',
    'third_party/d.js',
    'web/x.min.js',
  ])
    workspace.write(name, '')
  const [target] = packagesOf({ name: 'all', path: '.' })
  if (target === undefined) throw new Error('no package')
  const options = { root: workspace.root, includeTests: false, otherPackages: [] }
  expect(discoverFiles(target, options)).toEqual({
    files: [workspace.path('src/a.ts')],
    notes: [
      'all: left out 1 file that is generated: src/b.generated.ts',
      'all: left out 3 files that are vendored: src/vendor/c.ts, third_party/d.js, web/x.min.js',
    ],
  })
  expect(discover({ name: 'all', path: '.', include: ['src/vendor/**'] })).toEqual(['src/vendor/c.ts'])
})

test('names with spaces, line breaks and letters of any script are names like any other', () => {
  const names = ['src/a b.ts', 'src/line\nbreak.ts', 'src/ünï/ж.ts', "src/it's [x].ts"]
  for (const name of names) workspace.write(name, '')
  expect(discover({ name: 'all', path: '.' }).sort()).toEqual([...names].sort())
})

describe('loading', () => {
  function load(words: readonly string[] = ['legacyTake']) {
    const packages = packagesOf({ name: 'app', path: 'app' })
    const [target] = packages
    if (target === undefined) throw new Error('no package')
    const { root } = workspace
    const discovered = discoverFiles(target, { root, includeTests: false, otherPackages: packages })
    return loadSources(target, discovered, { root, words })
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

  test('a file in UTF-16 is named when it has one of the words', () => {
    workspace.write(
      'app/a.ts',
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('legacyTake(2)', 'utf16le')]),
    )
    workspace.write('app/b.ts', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('nothing', 'utf16le')]))
    workspace.write(
      'app/c.ts',
      Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('legacyTake(2)', 'utf16le').swap16()]),
    )
    expect(load().notes).toEqual([
      'app/a.ts: left out, it is UTF-16; convert it to UTF-8',
      'app/c.ts: left out, it is UTF-16; convert it to UTF-8',
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
