import type { CustomTypesConfig, QueryResult } from 'pg'
import type { Clock, TimerHandle } from '../../core/clock'
import { onAbort } from '../../core/on-abort'
import type { PipelinedQuery, PipelineStatement } from '../../pool/pg-driver-query'
import { createAbortedError, createLateError, type StatementProgress } from './query-errors'
import type { StatementRecord } from './statement-catalog'

/** Whatever works on a job: a lane, or a lease of its own. */
export interface JobHolder {
  /** Whether the server has the statement already. */
  hasSent(job: Job): boolean
  /** The caller has gone; what runs for nobody may be cancelled. */
  abandon(job: Job): void
}

export interface JobPatience {
  /** Milliseconds for everything: waiting, running, the answer. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** The caller works with a connection and keeps others from getting one: it waits as everybody does who asks for a second one. */
  readonly isNested?: boolean
}

export interface JobDeps {
  readonly clock: Clock
  /** What the caller is told instead of `error`: the same with more in it. */
  readonly explain?: (error: unknown) => unknown
}

interface Promised {
  resolve(result: QueryResult): void
  reject(error: unknown): void
}

/** One call of `query()`, from the call to its one outcome. What comes after the outcome is ignored. */
export class Job implements PipelineStatement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly rowMode: string | undefined
  readonly types: CustomTypesConfig | undefined
  isSettled = false
  /** The server has forgotten its prepared form once; it goes without from now on. */
  isUnprepared = false
  /** Its run tells how fast its text is. */
  isProbe = false
  holder: JobHolder | undefined
  /** The attempt that is under way; answers to earlier ones count no more. */
  query: PipelinedQuery | undefined
  #timer: TimerHandle | undefined
  #stopListening: (() => void) | undefined

  constructor(
    statement: PipelineStatement,
    /** Unknown where the text is not what counts: cursors, named statements. */
    readonly record: StatementRecord | undefined,
    public queuedAtMs: number,
    private readonly promised: Promised,
    private readonly deps: JobDeps,
    readonly patience: JobPatience,
  ) {
    this.text = statement.text
    this.values = statement.values
    this.rowMode = statement.rowMode
    this.types = statement.types
    this.#watch(patience)
  }

  get isReadOnly(): boolean {
    return this.record?.route.isReadOnly === true
  }

  #watch({ timeoutMs, signal }: JobPatience): void {
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      this.#timer = this.deps.clock.setTimer(() => {
        this.interrupt((progress) => createLateError(timeoutMs, progress))
      }, timeoutMs)
    }
    if (signal !== undefined) {
      this.#stopListening = onAbort(signal, () => {
        this.interrupt((progress) => createAbortedError(signal, progress))
      })
    }
  }

  resolve(result: QueryResult): void {
    if (this.#settle()) this.promised.resolve(result)
  }

  reject(error: unknown): void {
    if (!this.#settle()) return
    const { explain } = this.deps
    this.promised.reject(explain === undefined ? error : explain(error))
  }

  /** The caller is told at once; whoever holds the statement sees to the rest. */
  interrupt(makeError: (progress: StatementProgress) => Error): void {
    if (this.isSettled) return
    const { holder, isReadOnly } = this
    this.reject(makeError({ isSent: holder?.hasSent(this) === true, isReadOnly }))
    holder?.abandon(this)
  }

  #settle(): boolean {
    if (this.isSettled) return false
    this.isSettled = true
    if (this.#timer !== undefined) this.deps.clock.clearTimer(this.#timer)
    this.#stopListening?.()
    return true
  }
}
