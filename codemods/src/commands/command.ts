import type { Knowledge } from '../engine/knowledge'
import type { PackageRunner } from '../engine/package-runner'
import type { Shard } from '../engine/shard'
import type { FileOperations } from '../engine/file-operations'
import type { Paint } from '../report/paint'

/** What every command works with; tests pass their own. */
export interface CommandDeps {
  /** Absolute path that arguments are relative to. */
  readonly cwd: string
  readonly knowledge: Knowledge
  /** Where packages are looked at; absent: here, with `knowledge`. */
  readonly runner?: PackageRunner
  readonly files: FileOperations
  readonly processId: number
  isProcessAlive(processId: number): boolean
  /** Instant that a run is recorded with. */
  now(): Date
  /** Called before each package: how many are done, of how many, and the next. */
  onProgress(done: number, total: number, label: string): void
}

/** What a command found out. Writing it down is the caller's affair. */
export interface CommandOutcome {
  readonly exitCode: number
  /** The value of `--json`. */
  readonly json: unknown
  /** The report for people. */
  render(paint: Paint): string
  /** Makes the page of `--html`; absent: the command has none. */
  html?(): string
  /** Makes the value of `--sarif`, given the version of the tool; absent: the command has none. */
  sarif?(version: string): unknown
  /** A result that is text already and belongs on standard output instead of the report, such as a diff. */
  readonly output?: string
  /** Remarks for standard error. */
  readonly notes: readonly string[]
}

/** Options that every command on packages takes. */
export interface PackageOptions {
  /** Path of the configuration file; absent: the nearest. */
  readonly config?: string
  readonly includeTests?: boolean
  /** Only this part of the packages. */
  readonly shard?: Shard
  /** How many packages at a time; absent: as many as make sense. */
  readonly jobs?: number
}
