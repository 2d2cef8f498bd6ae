import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { nodeFileOperations } from '../../../../codemods/src/engine/file-operations'
import type { JournalRun } from '../../../../codemods/src/engine/journal'
import { readJournal, writeJournal } from '../../../../codemods/src/engine/journal'
import { findInterruptedRuns, recoverInterruptedRuns } from '../../../../codemods/src/engine/recover-runs'
import { isProcessAlive, withRunLock } from '../../../../codemods/src/engine/run-lock'
import { writeRun } from '../../../../codemods/src/engine/write-run'
import { CodemodError } from '../../../../codemods/src/project/codemod-error'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from './stub-knowledge'

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace({ 'a.ts': 'old a', 'b.ts': 'old b' }, stubDeps)
})
afterEach(() => {
  workspace.remove()
})

const change = (name: string) => ({
  package: 'p',
  path: `${name}.ts`,
  before: Buffer.from(`old ${name}`),
  after: Buffer.from(`new ${name}`),
})

function request() {
  return {
    root: workspace.root,
    command: 'migrate' as const,
    startedAt: new Date(0),
    changes: [change('a'), change('b')],
  }
}

/** Leaves the journal of a run that was killed after its first rename. */
function interrupt(): void {
  writeRun(request(), nodeFileOperations)
  const [run] = readJournal(workspace.root, nodeFileOperations)
  if (run === undefined) throw new Error('no run')
  writeJournal(workspace.root, { ...run, state: 'writing' }, nodeFileOperations)
  workspace.write('b.ts', 'old b')
}

function codeOf(work: () => unknown): { readonly code: string; readonly details: readonly string[] } {
  try {
    work()
  } catch (error) {
    if (error instanceof CodemodError) return { code: error.code, details: error.details }
    throw error
  }
  throw new Error('expected a refusal')
}

test('the journal holds old and new bytes with their hashes, and numbers its runs', () => {
  expect(writeRun(request(), nodeFileOperations)).toBe('000001-migrate')
  const [run] = readJournal(workspace.root, nodeFileOperations)
  expect(run).toMatchObject({
    schemaVersion: 1,
    id: '000001-migrate',
    state: 'done',
    startedAt: '1970-01-01T00:00:00.000Z',
  })
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  expect(run?.files[0]).toEqual({
    package: 'p',
    path: 'a.ts',
    mode: 0o644,
    before: Buffer.from('old a').toString('base64'),
    beforeSha256: sha256('old a'),
    after: Buffer.from('new a').toString('base64'),
    afterSha256: sha256('new a'),
  })
})

test('a file that changed while the run was planned stops it before anything is written', () => {
  workspace.write('b.ts', 'somebody else')
  expect(codeOf(() => writeRun(request(), nodeFileOperations)).code).toBe('WRITE_FAILED')
  expect(workspace.read('a.ts')).toBe('old a')
  expect(existsSync(workspace.path('.pgferry'))).toBe(false)
})

test('a file that went away while the run was planned stops it too', () => {
  expect(codeOf(() => writeRun({ ...request(), changes: [change('gone')] }, nodeFileOperations)).code).toBe(
    'WRITE_FAILED',
  )
})

test('an interrupted run is found and taken back', () => {
  interrupt()
  expect(findInterruptedRuns(workspace.root, nodeFileOperations)).toHaveLength(1)
  expect(recoverInterruptedRuns(workspace.root, nodeFileOperations)).toEqual([
    '000001-migrate had been interrupted; its 2 files are as they were before it',
  ])
  expect([workspace.read('a.ts'), workspace.read('b.ts')]).toEqual(['old a', 'old b'])
  expect(findInterruptedRuns(workspace.root, nodeFileOperations)).toEqual([])
})

test('an interrupted run is left as it is when somebody has edited one of its files', () => {
  interrupt()
  workspace.write('a.ts', 'edited')
  const { code, details } = codeOf(() => recoverInterruptedRuns(workspace.root, nodeFileOperations))
  expect(code).toBe('RECOVERY_FAILED')
  expect(details).toEqual(['a.ts', workspace.path('.pgferry/journal/000001-migrate.json')])
  expect(workspace.read('a.ts')).toBe('edited')
})

test('when taking back fails too, the journal stays and is named', () => {
  interrupt()
  const files = {
    ...nodeFileOperations,
    rename: () => {
      throw new Error('EIO: i/o error')
    },
  }
  const { code, details } = codeOf(() => recoverInterruptedRuns(workspace.root, files))
  expect(code).toBe('RECOVERY_FAILED')
  expect(details).toEqual([workspace.path('.pgferry/journal/000001-migrate.json')])
  recoverInterruptedRuns(workspace.root, nodeFileOperations)
  expect(workspace.read('a.ts')).toBe('old a')
})

test.each([
  ['does not parse', '{'],
  ['is of another version', '{ "schemaVersion": 2 }'],
])('a journal that %s is named instead of being ignored', (_title, text) => {
  workspace.write('.pgferry/journal/000001-migrate.json', text)
  const read = (): readonly JournalRun[] => readJournal(workspace.root, nodeFileOperations)
  expect(codeOf(read).code).toBe('READ_FAILED')
  expect(read).toThrow(/000001-migrate\.json/)
})

test('the lock is given back when the work throws', () => {
  const deps = { files: nodeFileOperations, processId: 1, isProcessAlive: () => true }
  expect(() =>
    withRunLock(workspace.root, deps, () => {
      throw new Error('boom')
    }),
  ).toThrow('boom')
  expect(withRunLock(workspace.root, deps, () => 'again')).toBe('again')
})

test('of two processes that take the lock at once, one is refused', () => {
  const files = { ...nodeFileOperations, exists: () => false }
  workspace.write('.pgferry/lock', '5')
  expect(
    codeOf(() => withRunLock(workspace.root, { files, processId: 1, isProcessAlive: () => true }, () => 1))
      .code,
  ).toBe('RUN_IN_PROGRESS')
})

test('a lock that cannot be written for want of space is not laid on another process', () => {
  const create = (): never => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  }
  const deps = { files: { ...nodeFileOperations, create }, processId: 1, isProcessAlive: () => true }
  expect(codeOf(() => withRunLock(workspace.root, deps, () => 1)).code).toBe('WRITE_FAILED')
})

test('this process is alive, and one that cannot exist is not', () => {
  expect(isProcessAlive(process.pid)).toBe(true)
  expect(isProcessAlive(2 ** 22 + 12345)).toBe(false)
})

test('a Ctrl-C while files are written does not stop the run half way', () => {
  const before = process.listenerCount('SIGINT')
  const held: boolean[] = []
  const files = {
    ...nodeFileOperations,
    rename(from: string, to: string) {
      held.push(process.listenerCount('SIGINT') > before)
      nodeFileOperations.rename(from, to)
    },
  }
  interrupt()
  recoverInterruptedRuns(workspace.root, files)
  writeRun(request(), files)
  expect(held.length).toBeGreaterThan(4)
  expect(held).not.toContain(false)
  expect(process.listenerCount('SIGINT')).toBe(before)
})
