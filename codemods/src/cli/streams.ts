/** The part of a stream that the command line writes to. */
export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Where a call of the command line reads from and writes to; tests pass their own. */
export interface CliContext {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** Absolute path. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}
