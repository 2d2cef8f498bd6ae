import { nodeFileOperations, type FileOperations } from '../../../../codemods/src/engine/file-operations'
import { readJournal } from '../../../../codemods/src/engine/journal'
import { planRevert } from '../../../../codemods/src/engine/plan-revert'
import { recoverInterruptedRuns } from '../../../../codemods/src/engine/recover-runs'
import { writeRun, type FileChange } from '../../../../codemods/src/engine/write-run'
import { createTempWorkspace, type TempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from './stub-knowledge'

let temp: TempWorkspace
beforeEach(() => {
  temp = createTempWorkspace({ 'a/gone.ts': 'gone\r\n', 'a/kept.ts': 'kept\n' }, stubDeps)
  temp.chmod('a/gone.ts', 0o600)
})
afterEach(() => {
  temp.remove()
})

const changes: readonly FileChange[] = [
  { package: 'a', path: 'a/kept.ts', before: Buffer.from('kept\n'), after: Buffer.from('new\n') },
  { package: 'a', path: 'a/gone.ts', before: Buffer.from('gone\r\n'), after: null },
]
const startedAt = new Date(0)
const cleanup = (files: FileOperations = nodeFileOperations): string =>
  writeRun({ root: temp.root, command: 'cleanup', startedAt, changes }, files)
const planOfRevert = (merge = false): ReturnType<typeof planRevert> =>
  planRevert(temp.root, readJournal(temp.root, nodeFileOperations), ['a'], {
    merge,
    files: nodeFileOperations,
  })

test('a run deletes files, and its revert gives them back with bytes and mode', () => {
  const before = temp.snapshot()
  expect(cleanup()).toBe('000001-cleanup')
  expect(Object.keys(temp.snapshot())).toEqual(['a/kept.ts'])
  const { changes: back, reverts } = planOfRevert()
  writeRun({ root: temp.root, command: 'revert', startedAt, changes: back, reverts }, nodeFileOperations)
  expect(temp.snapshot()).toEqual(before)
  expect(planOfRevert().changes).toEqual([])
})

test('a run that is killed after a deletion is taken back by the next', () => {
  const before = temp.snapshot()
  let isDead = false
  const dying: FileOperations = {
    ...nodeFileOperations,
    uninterrupted: (work) => work(),
    remove(path) {
      if (isDead) throw new Error('killed')
      nodeFileOperations.remove(path)
      isDead = path.endsWith('a/gone.ts')
    },
    create(path, ...rest) {
      if (isDead) throw new Error('killed')
      nodeFileOperations.create(path, ...rest)
    },
    syncFolder(path) {
      if (isDead) throw new Error('killed')
      nodeFileOperations.syncFolder(path)
    },
  }
  expect(() => cleanup(dying)).toThrow()
  expect(Object.keys(temp.snapshot())).not.toContain('a/gone.ts')
  expect(recoverInterruptedRuns(temp.root, nodeFileOperations)).toHaveLength(1)
  expect(temp.snapshot()).toEqual(before)
})

test('a file that somebody wrote anew after it was deleted is not overwritten', () => {
  cleanup()
  temp.write('a/gone.ts', 'mine\n')
  expect(() => planOfRevert()).toThrow('1 file differs from what the run wrote')
  expect(() => planOfRevert(true)).toThrow('1 file cannot be merged')
})

test('a file that changed while the run was planned is not deleted', () => {
  temp.write('a/gone.ts', 'edited\n')
  expect(() => cleanup()).toThrow('a/gone.ts changed while this run was planned')
  expect(temp.read('a/kept.ts')).toBe('kept\n')
})
