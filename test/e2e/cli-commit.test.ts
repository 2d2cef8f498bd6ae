import { execFileSync } from 'node:child_process'
import type { TempWorkspace } from '../support/temp-workspace'
import { createTempWorkspace } from '../support/temp-workspace'
import { stubDeps } from '../unit/codemods/engine/stub-knowledge'

const entry = (name: string): string =>
  `{ name: '${name}', path: 'packages/${name}', connections: { import: 'serviceTake', from: './src/database' } }`
const filesOf = (name: string): Record<string, string> => ({
  [`packages/${name}/package.json`]: JSON.stringify({ name }),
  [`packages/${name}/src/database.ts`]: 'export const serviceTake = (n: number): number => n\n',
  [`packages/${name}/src/a.ts`]: 'export const a = legacyTake(2)\nexport const b = legacyTake(0)\n',
})

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace(
    {
      'package.json': JSON.stringify({ name: 'root', private: true, workspaces: ['packages/*'] }),
      'pgferry.config.mjs': `export default { packages: [${entry('one')}, ${entry('two')}] }\n`,
      'notes.txt': 'old\n',
      ...filesOf('one'),
      ...filesOf('two'),
    },
    stubDeps,
  )
})
afterEach(() => {
  workspace.remove()
})

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: workspace.root, encoding: 'utf8' })
}

function commitAll(): void {
  workspace.commitAll()
  git('config', 'user.name', 'Ada')
  git('config', 'user.email', 'ada@example.invalid')
  git('config', 'commit.gpgsign', 'false')
}

test('each package that changes is one commit, by whom git says, with its counts', async () => {
  commitAll()
  const { exitCode, stderr } = await workspace.run(['migrate', 'one', 'two', '--commit'])
  expect(exitCode).toBe(0)
  expect(stderr).toContain('note: one: 1 file committed (run 000001-migrate)')
  expect(git('log', '--format=%an: %s', '-2')).toBe(
    'Ada: Migrate two to the connection service: 1 site in 1 file\nAda: Migrate one to the connection service: 1 site in 1 file\n',
  )
  expect(git('log', '--format=%b', '-1')).toContain('1 site is left: 0 manual, 1 leaking.')
  expect(git('show', '--name-only', '--format=', 'HEAD').trim()).toBe('packages/two/src/a.ts')
  expect(git('status', '--porcelain')).toBe('')
})

test('what somebody else has staged or edited elsewhere is not committed and not lost', async () => {
  commitAll()
  workspace.write('notes.txt', 'staged\n')
  git('add', 'notes.txt')
  workspace.write('other.txt', 'untracked\n')
  expect((await workspace.run(['migrate', 'one', '--commit'])).exitCode).toBe(0)
  expect(git('show', '--name-only', '--format=', 'HEAD').trim()).toBe('packages/one/src/a.ts')
  expect(git('status', '--porcelain')).toBe('M  notes.txt\n?? other.txt\n')
})

test('a hook that refuses puts the files of its package back; packages before it stay committed', async () => {
  commitAll()
  workspace.write(
    '.git/hooks/pre-commit',
    '#!/bin/sh\nif git diff --cached --name-only | grep -q packages/two; then echo "two is frozen" >&2; exit 1; fi\n',
  )
  workspace.chmod('.git/hooks/pre-commit', 0o755)
  const two = workspace.read('packages/two/src/a.ts')
  const { exitCode, stderr } = await workspace.run(['migrate', 'one', 'two', '--commit'])
  expect(exitCode).toBe(6)
  expect(stderr).toContain('git did not commit: package "two"')
  expect(stderr).toContain('  two is frozen')
  expect(workspace.read('packages/two/src/a.ts')).toBe(two)
  expect(git('log', '--format=%s', '-1')).toContain('Migrate one')
  expect(git('status', '--porcelain')).toBe('')
})

test('nothing to rewrite is nothing to commit', async () => {
  commitAll()
  await workspace.run(['migrate', 'one', '--commit'])
  const head = git('rev-parse', 'HEAD')
  const { exitCode, stderr } = await workspace.run(['migrate', 'one', '--commit'])
  expect(exitCode).toBe(0)
  expect(stderr).toContain('nothing committed')
  expect(git('rev-parse', 'HEAD')).toBe(head)
})

test.each([
  [['--dry-run'], '--commit: nothing is written with --dry-run'],
  [['--allow-dirty'], '--commit: with --allow-dirty the commits would take in other work'],
])('--commit with %p is a contradiction', async (more, said) => {
  commitAll()
  const { exitCode, stderr } = await workspace.run(['migrate', 'one', '--commit', ...more])
  expect(exitCode).toBe(2)
  expect(stderr).toContain(said)
})

test('--commit needs a repository and a clean package', async () => {
  const bare = await workspace.run(['migrate', 'one', '--commit'])
  expect(bare.exitCode).toBe(2)
  expect(bare.stderr).toContain('--commit: this is not a git repository')
  commitAll()
  workspace.write('packages/one/src/new.ts', '')
  expect((await workspace.run(['migrate', 'one', '--commit'])).exitCode).toBe(4)
  expect(workspace.read('packages/one/src/a.ts')).toContain('legacyTake(2)')
})
