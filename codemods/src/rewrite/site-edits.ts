import type ts from 'typescript'
import type { TextEdit } from '../model/text-edit'

/** Moves the lines that begin inside `(start, end)` one step in or out. */
export interface Shift {
  readonly start: number
  readonly end: number
  readonly unit: string
  readonly direction: 'in' | 'out'
}

/** Where a block that was opened ends: behind a statement, or in its place when it goes away. */
export interface Closing {
  readonly last: ts.Statement
  /** From here on the lines move in. */
  readonly start: number
  readonly indent: string
  readonly unit: string
  readonly text: string
}

/** What one site's rewrite does to the text. Shifts are kept apart because those of nested sites add up. */
export interface SiteEdits {
  readonly edits: readonly TextEdit[]
  readonly shifts: readonly Shift[]
  /** Statements that go away, and with them what they leave empty. */
  readonly removals?: readonly ts.Statement[]
  readonly closing?: Closing
}
