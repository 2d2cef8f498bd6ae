/** One step of the path that shows why: "acquired here", "leaves here". */
export interface WitnessStep {
  readonly line: number
  readonly column: number
  readonly note: string
  /** Relative to the root; absent when it is the site's own file. */
  readonly file?: string
}
