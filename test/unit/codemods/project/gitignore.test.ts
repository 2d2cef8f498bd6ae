import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { enterFolder, isIgnored, readGitIgnoreUpwards } from '../../../../codemods/src/project/gitignore'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from '../engine/stub-knowledge'

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace({}, stubDeps)
  execFileSync('git', ['init', '-q'], { cwd: workspace.root })
})
afterEach(() => {
  workspace.remove()
})

const paths = [
  'a.ts',
  'a.js',
  'keep.js',
  'build/a.ts',
  'src/build/a.ts',
  'src/a.ts',
  'src/deep/er/a.ts',
  'src/deep/b.js',
  'logs/x.ts',
  'src/logs/x.ts',
  'a b.ts',
  'ü/ö.ts',
  'doc/a.ts',
  'doc/sub/a.ts',
  'file1.ts',
  'file2.ts',
  '#hash.ts',
  '!bang.ts',
  'star*.ts',
  'x/foo/y/bar/z.ts',
]

/** What our rules say: a folder that is ignored takes everything below it along. */
function isIgnoredByUs(path: string): boolean {
  const parts = path.split('/')
  let ignore = readGitIgnoreUpwards(workspace.root)
  for (let depth = 1; depth < parts.length; depth++) {
    const folder = join(workspace.root, ...parts.slice(0, depth))
    if (isIgnored(folder, true, ignore)) return true
    ignore = enterFolder(folder, ignore)
  }
  return isIgnored(join(workspace.root, path), false, ignore)
}

function isIgnoredByGit(path: string): boolean {
  try {
    execFileSync('git', ['check-ignore', '-q', '--no-index', '--', path], { cwd: workspace.root })
    return true
  } catch {
    // status 1: not ignored
    return false
  }
}

test.each([
  ['names and folders', '*.js\n!keep.js\nbuild/\n'],
  ['anchored patterns', '/build\n/src/*.ts\nsrc/deep/\n'],
  ['two stars', '**/logs\nsrc/**/a.ts\nx/**/bar/\ndoc/**\n'],
  ['classes and question marks', 'file[1].ts\nfile[!1].ts\n?.js\n'],
  ['escapes, comments and white space', '# comment\n\\#hash.ts\n\\!bang.ts\nstar\\*.ts\na\\ b.ts   \n\n'],
  ['a later rule wins', 'src/\n!src/\n*.ts\n!a.ts\n'],
  ['a folder cannot be opened from within', 'doc\n!doc/a.ts\n'],
  ['patterns that match nothing', '[\n/\n!\n[z-a]\n'],
  ['Windows line endings and a byte order mark', '\uFEFFbuild/\r\n*.js\r\n'],
])('paths are ignored exactly as git ignores them: %s', (_title, rules) => {
  workspace.write('.gitignore', rules)
  for (const path of paths) if (!path.includes('*')) workspace.write(path, '')
  expect(paths.filter(isIgnoredByUs)).toEqual(paths.filter(isIgnoredByGit))
})

test('a nearer file overrules those above it, and .git/info/exclude counts last', () => {
  workspace.write('.gitignore', '*.js\n')
  workspace.write('src/.gitignore', '!b.js\n/deep/er\n')
  workspace.write('.git/info/exclude', 'logs\n')
  for (const path of paths) if (!path.includes('*')) workspace.write(path, '')
  expect(paths.filter(isIgnoredByUs)).toEqual(paths.filter(isIgnoredByGit))
  expect(isIgnoredByUs('src/logs/x.ts')).toBe(true)
  expect(isIgnoredByUs('src/deep/b.js')).toBe(false)
})

test('the rules of a repository do not hold in one inside it', () => {
  workspace.write('.gitignore', '*.ts\n')
  workspace.write('inner/.git/HEAD', '')
  workspace.write('inner/a.ts', '')
  expect(isIgnoredByUs('inner/a.ts')).toBe(false)
  expect(readGitIgnoreUpwards(workspace.path('inner'))).toBeUndefined()
})
