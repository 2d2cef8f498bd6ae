import type { TextEdit } from '../model/text-edit'

/** Moves the lines that begin inside `(start, end)` one step in or out. */
export interface Shift {
  readonly start: number
  readonly end: number
  readonly unit: string
  readonly direction: 'in' | 'out'
}

/** What one site's rewrite does to the text. Shifts are kept apart because those of nested sites add up. */
export interface SiteEdits {
  readonly edits: readonly TextEdit[]
  readonly shifts: readonly Shift[]
}
