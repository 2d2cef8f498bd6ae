import type ts from 'typescript'
import type { CleanupKind, CleanupReason } from '../model/cleanup'
import type { TextEdit } from '../model/text-edit'

/** One thing to take away: all of its edits or none. */
export interface Step {
  readonly kind: CleanupKind
  /** In a few words; with kind and file it tells steps apart over several rounds. */
  readonly what: string
  /** Where it is shown; absolute path and offset into the text of this round. */
  readonly path: string
  readonly start: number
  readonly edits: readonly FileEdit[]
  /** Absolute paths of files to delete. */
  readonly deletes?: readonly string[]
}

export interface FileEdit extends TextEdit {
  /** Absolute path. */
  readonly path: string
}

/** Something of the ferry that has to stay. */
export interface Refusal {
  readonly reason: CleanupReason
  readonly what: string
  readonly path: string
  readonly start: number
}

/** Names a step over rounds and over repeated planning. */
export function stepKey(step: Pick<Step, 'kind' | 'path' | 'what'>): string {
  return `${step.kind}\0${step.path}\0${step.what}`
}

export function editOf(node: ts.Node, text: string): FileEdit {
  const sourceFile = node.getSourceFile()
  return { path: sourceFile.fileName, start: node.getStart(sourceFile), end: node.end, text }
}

export function refusalAt(node: ts.Node, reason: CleanupReason, what: string): Refusal {
  const sourceFile = node.getSourceFile()
  return { reason, what, path: sourceFile.fileName, start: node.getStart(sourceFile) }
}
