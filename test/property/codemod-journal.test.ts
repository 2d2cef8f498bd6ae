import { join } from 'node:path'
import fc from 'fast-check'
import type { FileOperations } from '../../codemods/src/engine/file-operations'
import { nodeFileOperations } from '../../codemods/src/engine/file-operations'
import { readJournal } from '../../codemods/src/engine/journal'
import { planRevert } from '../../codemods/src/engine/plan-revert'
import { recoverInterruptedRuns } from '../../codemods/src/engine/recover-runs'
import { withRunLock } from '../../codemods/src/engine/run-lock'
import type { FileChange } from '../../codemods/src/engine/write-run'
import { writeRun } from '../../codemods/src/engine/write-run'
import { CodemodError } from '../../codemods/src/project/codemod-error'
import { createTempWorkspace } from '../support/temp-workspace'
import { stubDeps } from '../unit/codemods/engine/stub-knowledge'

/** These runs only rewrite. */
const nothing = Buffer.alloc(0)

interface FilePlan {
  readonly before: Uint8Array
  readonly after: Uint8Array
  readonly mode: number
}

const bytes = fc.uint8Array({ maxLength: 40 })
const filePlans = fc.array(
  fc.record({ before: bytes, after: bytes, mode: fc.constantFrom(0o644, 0o600, 0o755, 0o664) }),
  { minLength: 1, maxLength: 4 },
)

const mutating = ['makeFolder', 'create', 'rename', 'syncFolder', 'remove'] as const

/** File operations of a process that dies before its `lastStep`-th change of the disk: nothing works from then on. */
function dyingOperations(lastStep: number): FileOperations & { readonly steps: () => number } {
  let step = 0
  const beat = (): void => {
    step++
    if (step > lastStep) throw new Error('killed')
  }
  const dying = Object.fromEntries(
    mutating.map((name) => [
      name,
      (...args: readonly unknown[]): void => {
        beat()
        const operate: unknown = nodeFileOperations[name]
        ;(operate as (...given: readonly unknown[]) => void)(...args)
      },
    ]),
  ) as Pick<FileOperations, (typeof mutating)[number]>
  return { ...nodeFileOperations, ...dying, steps: () => step }
}

function withFiles(
  plans: readonly FilePlan[],
  work: (root: string, changes: readonly FileChange[], snapshot: () => unknown) => void,
): void {
  const workspace = createTempWorkspace({}, stubDeps)
  try {
    const changes = plans.map((plan, index) => {
      const path = `f${String(index)}.ts`
      workspace.write(path, Buffer.from(plan.before))
      workspace.chmod(path, plan.mode)
      return {
        package: index % 2 === 0 ? 'even' : 'odd',
        path,
        before: Buffer.from(plan.before),
        after: Buffer.from(plan.after),
      }
    })
    work(workspace.root, changes, () => workspace.snapshot())
  } finally {
    workspace.remove()
  }
}

const lockDeps = (files: FileOperations) => ({ files, processId: 1, isProcessAlive: () => false })

function migrate(root: string, changes: readonly FileChange[], files: FileOperations): void {
  withRunLock(root, lockDeps(files), () => {
    recoverInterruptedRuns(root, files)
    writeRun({ root, command: 'migrate', startedAt: new Date(0), changes }, files)
  })
}

function revert(root: string, names: readonly string[], files: FileOperations): void {
  withRunLock(root, lockDeps(files), () => {
    recoverInterruptedRuns(root, files)
    const plan = planRevert(root, readJournal(root, files), names, { merge: false, files })
    if (Object.keys(plan.reverts).length > 0) {
      writeRun(
        { root, command: 'revert', startedAt: new Date(0), changes: plan.changes, reverts: plan.reverts },
        files,
      )
    }
  })
}

test('revert after migrate is the identity, bytes and modes', () => {
  fc.assert(
    fc.property(filePlans, fc.boolean(), (plans, isOneByOne) => {
      withFiles(plans, (root, changes, snapshot) => {
        const before = snapshot()
        migrate(root, changes, nodeFileOperations)
        for (const change of changes)
          expect(nodeFileOperations.read(join(root, change.path)).equals(change.after ?? nothing)).toBe(true)
        for (const names of isOneByOne ? [['odd'], ['even']] : [['even', 'odd']])
          revert(root, names, nodeFileOperations)
        expect(snapshot()).toEqual(before)
      })
    }),
    { numRuns: 60 },
  )
})

test('a process killed at any step leaves whole files, and the next run makes the result that it would have made', () => {
  fc.assert(
    fc.property(
      filePlans,
      fc.nat({ max: 60 }),
      fc.constantFrom('migrate', 'revert'),
      (plans, lastStep, next) => {
        withFiles(plans, (root, changes, snapshot) => {
          const before = snapshot()
          const files = dyingOperations(lastStep)
          try {
            migrate(root, changes, files)
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
          }
          for (const change of changes) {
            const found = nodeFileOperations.read(join(root, change.path))
            expect(found.equals(change.before ?? nothing) || found.equals(change.after ?? nothing)).toBe(true)
          }
          if (next === 'revert') {
            revert(root, ['even', 'odd'], nodeFileOperations)
            expect(snapshot()).toEqual(before)
            return
          }
          const isDone = readJournal(root, nodeFileOperations).some((run) => run.state === 'done')
          if (!isDone) migrate(root, changes, nodeFileOperations)
          for (const change of changes)
            expect(nodeFileOperations.read(join(root, change.path)).equals(change.after ?? nothing)).toBe(
              true,
            )
          expect(Object.keys(snapshot() as object)).toEqual(Object.keys(before as object))
        })
      },
    ),
    { numRuns: 150 },
  )
})

test('a process killed while it reverts leaves a state from which the next revert ends at the old bytes', () => {
  fc.assert(
    fc.property(filePlans, fc.nat({ max: 60 }), (plans, lastStep) => {
      withFiles(plans, (root, changes, snapshot) => {
        const before = snapshot()
        migrate(root, changes, nodeFileOperations)
        try {
          revert(root, ['even', 'odd'], dyingOperations(lastStep))
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
        revert(root, ['even', 'odd'], nodeFileOperations)
        expect(snapshot()).toEqual(before)
      })
    }),
    { numRuns: 100 },
  )
})

test('one failing operation, at any step, takes everything back', () => {
  fc.assert(
    fc.property(filePlans, fc.nat({ max: 40 }), (plans, failingStep) => {
      withFiles(plans, (root, changes, snapshot) => {
        const before = snapshot()
        let step = 0
        const rename = (from: string, to: string): void => {
          if (step++ === failingStep) throw new Error('ENOSPC')
          nodeFileOperations.rename(from, to)
        }
        try {
          migrate(root, changes, { ...nodeFileOperations, rename })
          expect(step).toBeLessThanOrEqual(failingStep)
        } catch (error) {
          expect(error).toBeInstanceOf(CodemodError)
          expect((error as CodemodError).code).toBe('WRITE_FAILED')
          expect(snapshot()).toEqual(before)
          expect(readJournal(root, nodeFileOperations)).toEqual([])
        }
      })
    }),
    { numRuns: 60 },
  )
})
