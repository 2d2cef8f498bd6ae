/** A check of a flag in a package that has none any more by its stage. Line and column count from 1. */
export interface StaleFlag {
  /** Relative to the root, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Its name, variable or expression. */
  readonly flag: string
}
