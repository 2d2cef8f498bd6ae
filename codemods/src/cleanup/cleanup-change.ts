/** New bytes for one file; `after` null deletes it. */
export interface CleanupChange {
  readonly package: string
  readonly path: string
  readonly before: Buffer
  readonly after: Buffer | null
}
