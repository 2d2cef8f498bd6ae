import ts from 'typescript'
import type { Dialect } from '../model/dialect'
import { CodemodError } from '../project/codemod-error'
import { toRelative } from '../project/find-workspace'
import { CleanupPrograms } from './cleanup-program'
import { CleanupContext } from './context'
import type { CleanupWorkspace } from './load-workspace'
import { passes, refusalPasses } from './passes'
import { stepKey, type FileEdit, type Refusal, type Step } from './step'
import { WorkspaceTexts } from './workspace-texts'

/** What a clean-up comes to: the texts afterwards, what was done, what had to stay. */
export interface CleanupPlan {
  readonly texts: WorkspaceTexts
  readonly done: readonly DoneStep[]
  readonly refusals: readonly Refusal[]
  /** Types errors that the workspace had before. */
  readonly existingErrors: number
}

/** What the analysis of call sites knows. */
export interface CleanupKnowledge {
  readonly dialects: readonly Dialect[]
  /** Absolute paths of files with call sites that migrate would rewrite. */
  readonly unmigrated: ReadonlySet<string>
}

/** A step with the offset that it has in the original text. */
export interface DoneStep extends Step {
  readonly originalStart: number
}

/** A step that would bring in a type error is left out, and everything is planned again without it; then nothing at all is done. */
const maxAttempts = 12
const maxRounds = 400

/**
 * Takes steps until none is left, each on the result of those before. The result must parse and must not bring in a type
 * error. Pure: reads files, writes nothing.
 *
 * @throws CodemodError `SOURCE_SYNTAX`.
 */
export function planCleanup(workspace: CleanupWorkspace, knowledge: CleanupKnowledge): CleanupPlan {
  const programs = new CleanupPrograms(workspace.packages, workspace.ambient)
  const unchanged = new WorkspaceTexts(workspace.texts)
  const first = programs.create(unchanged)
  refuseBrokenSources(first, workspace)
  const before = errorsOf(first, unchanged)
  const banned = new Map<string, Refusal>()
  for (let attempt = 1; ; attempt++) {
    const run = runSteps(workspace, knowledge, programs, banned)
    const introduced = newErrors(before, errorsOf(programs.create(run.texts), run.texts))
    if (introduced.length === 0) {
      return { ...run, refusals: [...run.refusals, ...banned.values()], existingErrors: before.length }
    }
    const known = banned.size
    for (const problem of introduced) {
      for (const step of blamed(problem, run, attempt)) {
        banned.set(stepKey(step), {
          reason: 'type-error',
          what: problem.message,
          path: step.path,
          start: step.originalStart,
        })
      }
    }
    if (banned.size === known || attempt === maxAttempts) {
      // nobody can be blamed for it: a defect, so nothing is written
      throw new Error(
        `a clean-up that does not type-check: ${introduced[0]?.path ?? ''} ${introduced[0]?.message ?? ''}`,
      )
    }
  }
}

function refuseBrokenSources(program: ts.Program, { packages, root }: CleanupWorkspace): void {
  const paths = packages.filter(({ isSelected }) => isSelected).flatMap(({ files }) => files)
  const errors = paths.flatMap((path) => {
    const file = program.getSourceFile(path)
    if (file === undefined) return []
    return program.getSyntacticDiagnostics(file).map(({ start, messageText }) => {
      const { line, character } = file.getLineAndCharacterOfPosition(start)
      const message = ts.flattenDiagnosticMessageText(messageText, ' ')
      return `${toRelative(root, path)}:${String(line + 1)}:${String(character + 1)} ${message}`
    })
  })
  if (errors.length > 0)
    throw new CodemodError('SOURCE_SYNTAX', 'sources of the named packages do not parse', errors)
}

interface Run {
  readonly texts: WorkspaceTexts
  readonly done: readonly DoneStep[]
  readonly refusals: readonly Refusal[]
}

function runSteps(
  workspace: CleanupWorkspace,
  { dialects, unmigrated }: CleanupKnowledge,
  programs: CleanupPrograms,
  banned: ReadonlyMap<string, Refusal>,
): Run {
  const texts = new WorkspaceTexts(workspace.texts)
  const suspects = new Set<string>()
  const done: DoneStep[] = []
  const original = new CleanupContext(
    programs.create(texts),
    workspace,
    texts,
    dialects,
    suspects,
    unmigrated,
  )
  let context = original
  for (let round = 0; round < maxRounds; round++) {
    context = new CleanupContext(
      programs.create(texts),
      workspace,
      texts,
      dialects,
      suspects,
      unmigrated,
      original,
    )
    const steps = nextSteps(context, banned)
    if (steps.length === 0) break
    for (const step of steps)
      done.push({ ...step, originalStart: texts.originalOffset(step.path, step.start) })
    takeSteps(steps, texts, suspects)
  }
  for (const refuse of refusalPasses) refuse(context)
  const refusals = context.refusals.map((refusal) => ({
    ...refusal,
    start: texts.originalOffset(refusal.path, refusal.start),
  }))
  return { texts, done, refusals }
}

function nextSteps(context: CleanupContext, banned: ReadonlyMap<string, Refusal>): readonly Step[] {
  for (const group of passes) {
    const found = group.flatMap((pass) => pass(context)).filter((step) => !banned.has(stepKey(step)))
    const steps = withoutOverlap(found)
    if (steps.length > 0) return steps
  }
  return []
}

/** Steps of one round are found on one text: of two that touch each other the first is taken, the other is found again. */
function withoutOverlap(steps: readonly Step[]): readonly Step[] {
  const taken: Step[] = []
  for (const step of steps) {
    const deleted = new Set(taken.flatMap((other) => other.deletes ?? []))
    const clashes = step.edits.some(
      (edit) =>
        deleted.has(edit.path) ||
        taken.some((other) =>
          other.edits.some((one) => one.path === edit.path && one.start <= edit.end && edit.start <= one.end),
        ),
    )
    const deletesEdited = (step.deletes ?? []).some((path) =>
      taken.some((other) => other.edits.some((one) => one.path === path)),
    )
    if (!clashes && !deletesEdited) taken.push(step)
  }
  return taken
}

function takeSteps(steps: readonly Step[], texts: WorkspaceTexts, suspects: Set<string>): void {
  const addNames = (text: string): void => {
    for (const [name] of text.matchAll(/[A-Za-z_$][\w$]*/g)) suspects.add(name)
  }
  for (const { edits, deletes } of steps) {
    for (const { path, start, end } of edits) addNames((texts.text(path) ?? '').slice(start, end))
    for (const path of deletes ?? []) addNames(texts.text(path) ?? '')
  }
  texts.apply(
    joinRemovals(
      steps.flatMap(({ edits }) => edits),
      texts,
    ),
  )
  for (const path of steps.flatMap(({ deletes }) => deletes ?? [])) texts.delete(path)
}

/** Neighbours that go together leave one blank line, not two. */
function joinRemovals(edits: readonly FileEdit[], texts: WorkspaceTexts): readonly FileEdit[] {
  const ordered = [...edits].sort((a, b) =>
    a.path === b.path ? a.start - b.start : a.path < b.path ? -1 : 1,
  )
  const joined: FileEdit[] = []
  let count = 0
  const finish = (): void => {
    const last = joined.at(-1)
    if (last === undefined || count < 2) return
    const text = texts.text(last.path) ?? ''
    const blank = /^[ \t]*\r?\n/.exec(text.slice(last.end))?.[0]
    if (blank !== undefined && /(^|\n)[ \t]*\r?\n$/.test(text.slice(0, last.start)))
      joined[joined.length - 1] = { ...last, end: last.end + blank.length }
  }
  for (const edit of ordered) {
    const last = joined.at(-1)
    const text = texts.text(edit.path) ?? ''
    const isNext =
      last?.path === edit.path &&
      last.text === '' &&
      edit.text === '' &&
      text.slice(last.end, edit.start).trim() === '' &&
      /\n$/.test(text.slice(last.start, last.end))
    if (isNext) {
      joined[joined.length - 1] = { ...last, end: edit.end }
      count++
      continue
    }
    finish()
    joined.push(edit)
    count = 1
  }
  finish()
  return joined
}

interface Problem {
  readonly path: string
  readonly start: number
  readonly code: number
  readonly message: string
}

function errorsOf(program: ts.Program, texts: WorkspaceTexts): readonly Problem[] {
  return texts.paths().flatMap((path) => {
    const file = program.getSourceFile(path)
    if (file === undefined) return []
    const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    return diagnostics.map(({ start = 0, code, messageText }) => ({
      path,
      start,
      code,
      message: ts.flattenDiagnosticMessageText(messageText, ' '),
    }))
  })
}

function newErrors(before: readonly Problem[], after: readonly Problem[]): readonly Problem[] {
  const keyOf = ({ path, code, message }: Problem): string => `${path}\0${String(code)}\0${message}`
  const left = new Map<string, number>()
  for (const problem of before) left.set(keyOf(problem), (left.get(keyOf(problem)) ?? 0) + 1)
  return after.filter((problem) => {
    const count = left.get(keyOf(problem)) ?? 0
    left.set(keyOf(problem), count - 1)
    return count <= 0
  })
}

/** The step whose place is nearest above the error; after that did not help, all of the file; then all. */
function blamed(problem: Problem, { texts, done }: Run, attempt: number): readonly DoneStep[] {
  const touching = done.filter(
    (step) =>
      step.edits.some(({ path }) => path === problem.path) || step.deletes?.includes(problem.path) === true,
  )
  if (touching.length === 0) return done
  const at = texts.originalOffset(problem.path, problem.start)
  const near = touching
    .filter(({ path }) => path === problem.path)
    .sort((a, b) => Math.abs(a.originalStart - at) - Math.abs(b.originalStart - at))
  const [nearest] = near
  return attempt < maxAttempts / 2 && nearest !== undefined ? [nearest] : touching
}
