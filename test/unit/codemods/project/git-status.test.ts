import { mkdirSync } from 'node:fs'
import { readWorkTreeStatus } from '../../../../codemods/src/project/git-status'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from '../engine/stub-knowledge'

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace(
    { 'sub/a/one.ts': '1', 'sub/a/ü two.ts': '2', 'sub/b/three.ts': '3' },
    stubDeps,
  )
})
afterEach(() => {
  workspace.remove()
})

test('outside a repository there is nothing to protect', () => {
  expect(readWorkTreeStatus(workspace.root, ['sub/a'])).toEqual({ kind: 'no-repository' })
})

test('a committed tree is clean', () => {
  workspace.commitAll()
  expect(readWorkTreeStatus(workspace.root, ['.'])).toEqual({ kind: 'repository', dirtyFiles: [] })
})

test('changed and untracked files of the named folders are listed relative to the root, whatever their names', () => {
  workspace.commitAll()
  workspace.write('sub/a/ü two.ts', 'changed')
  workspace.write('sub/a/new.ts', 'new')
  workspace.write('sub/b/three.ts', 'changed')
  expect(readWorkTreeStatus(workspace.path('sub'), ['a'])).toEqual({
    kind: 'repository',
    dirtyFiles: ['a/new.ts', 'a/ü two.ts'],
  })
})

test('a repository that git cannot read is not taken for clean', () => {
  mkdirSync(workspace.path('.git'))
  workspace.write('.git/HEAD', 'ref: refs/heads/main\n')
  workspace.write('.git/config', '[core\n')
  mkdirSync(workspace.path('.git/objects'))
  mkdirSync(workspace.path('.git/refs'))
  const status = readWorkTreeStatus(workspace.root, ['.'])
  expect(status.kind).toBe('unknown')
})
