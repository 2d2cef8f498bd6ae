import type { QueryConfig, QueryResult } from 'pg'
import type { ClientActivity, TransactionState } from './driver'
import type { MockServer } from './mock-server'
import { PgClient } from './pg-driver'

type Callback = (error: Error | null, result?: QueryResult) => void

interface Job {
  readonly text: string
  readonly values: readonly unknown[]
  readonly done: Callback
}

/**
 * A client without a socket. It answers one statement after the other, as its server's rules say, and keeps track of the
 * transaction as a server does: BEGIN opens, an error fails it, COMMIT and ROLLBACK end it.
 */
export class MockClient extends PgClient {
  connectionId = 0
  readonly #server: MockServer
  readonly #jobs: Job[] = []
  #running: Job | undefined
  #transaction: TransactionState = 'none'
  #isSettling = false
  #isEnded = false

  constructor(server: MockServer) {
    super({ host: 'mock', user: 'mock', database: 'mock', password: '' })
    this.#server = server
    Object.assign(this, { query: this.#query.bind(this), end: this.#end.bind(this) })
  }

  get activity(): ClientActivity {
    if (this.#isEnded) return 'ended'
    if (this.#running !== undefined || this.#jobs.length > 0) return 'busy'
    return this.#isSettling ? 'settling' : 'ready'
  }

  get transactionState(): TransactionState {
    return this.#transaction
  }

  override getTransactionStatus(): 'I' | 'T' | 'E' {
    if (this.#transaction === 'open') return 'T'
    return this.#transaction === 'failed' ? 'E' : 'I'
  }

  /** Ends the connection from the server's side: statements under way fail, `error` and `end` are emitted. */
  break(error: Error): void {
    if (this.#isEnded) return
    this.#finish(error)
    this.emit('error', error)
    this.emit('end')
  }

  #query(...args: unknown[]): unknown {
    const [first, second] = args
    if (isSubmittable(first)) {
      process.nextTick(() => {
        first.handleError(new Error('a mock connection runs no submittable queries'), undefined)
      })
      return first
    }
    const config: Partial<QueryConfig> = typeof first === 'string' ? { text: first } : (first as QueryConfig)
    const values = Array.isArray(second) ? (second as unknown[]) : (config.values ?? [])
    const callback = args.find((arg) => typeof arg === 'function') as Callback | undefined
    const job = { text: config.text ?? '', values: values as readonly unknown[] }
    if (callback !== undefined) {
      this.#enqueue({ ...job, done: callback })
      return undefined
    }
    return new Promise<QueryResult>((resolve, reject) => {
      const done: Callback = (error, result) => {
        if (error === null) resolve(result as QueryResult)
        else reject(error)
      }
      this.#enqueue({ ...job, done })
    })
  }

  #enqueue(job: Job): void {
    if (this.#isEnded) {
      process.nextTick(job.done, new Error('Client was closed and is not queryable'))
      return
    }
    this.#jobs.push(job)
    if (this.#running === undefined) void this.#runNext()
  }

  async #runNext(): Promise<void> {
    const job = this.#jobs.shift()
    if (job === undefined) return
    this.#running = job
    const { text, values } = job
    let outcome: Parameters<Callback>
    try {
      const answer = this.#server.answer({ connectionId: this.connectionId, text, values })
      if (this.#transaction === 'failed' && !isTransactionEnd(text)) {
        // The statement is recorded; what it would have been answered with, nobody hears.
        answer.catch(ignore)
        throw createAbortedError()
      }
      outcome = [null, completeResult(await answer, this.#commandOf(text))]
    } catch (error) {
      outcome = [error instanceof Error ? error : new Error(String(error))]
    }
    // Broken while it was under way: `break` has answered the job.
    if (this.#running !== job) return
    this.#transaction = nextTransactionState(this.#transaction, text, outcome[0] !== null)
    this.#running = undefined
    this.#tell(job, outcome)
    this.#goOn()
  }

  #goOn(): void {
    // The callback may have sent the next statement, or ended the client.
    if (this.#running !== undefined || this.#isEnded) return
    if (this.#jobs.length > 0) void this.#runNext()
    else this.emit('drain')
  }

  /** As a real client, which tells an error before the server is ready again, and a result when it is. */
  #tell(job: Job, outcome: Parameters<Callback>): void {
    this.#isSettling = outcome[0] !== null
    try {
      job.done(...outcome)
    } finally {
      this.#isSettling = false
    }
  }

  /** COMMIT of a failed transaction is answered with ROLLBACK, as the server does. */
  #commandOf(text: string): string {
    const command = firstWord(text)
    return command === 'COMMIT' && this.#transaction === 'failed' ? 'ROLLBACK' : command
  }

  #end(callback?: () => void): Promise<void> | undefined {
    if (!this.#isEnded) {
      this.#finish(new Error('Connection terminated'))
      process.nextTick(() => this.emit('end'))
    }
    if (callback === undefined) return Promise.resolve()
    process.nextTick(callback)
    return undefined
  }

  #finish(error: Error): void {
    this.#isEnded = true
    this.#server.forget(this.connectionId)
    const unanswered = [...(this.#running === undefined ? [] : [this.#running]), ...this.#jobs.splice(0)]
    this.#running = undefined
    for (const job of unanswered) process.nextTick(job.done, error)
  }
}

interface Submittable {
  submit: unknown
  handleError(error: Error, connection: unknown): void
}

function isSubmittable(value: unknown): value is Submittable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Submittable>).submit === 'function'
  )
}

function ignore(): void {
  // Nobody waits for it.
}

function firstWord(text: string): string {
  return /^\s*([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? ''
}

function isTransactionEnd(text: string): boolean {
  return ['COMMIT', 'END', 'ROLLBACK', 'ABORT'].includes(firstWord(text))
}

function nextTransactionState(state: TransactionState, text: string, hasFailed: boolean): TransactionState {
  if (hasFailed) return state === 'none' ? 'none' : 'failed'
  if (isTransactionEnd(text)) return 'none'
  return ['BEGIN', 'START'].includes(firstWord(text)) ? 'open' : state
}

function createAbortedError(): Error {
  const message = 'current transaction is aborted, commands ignored until end of transaction block'
  return Object.assign(new Error(message), { code: '25P02', severity: 'ERROR' })
}

function completeResult(result: Partial<QueryResult>, command: string): QueryResult {
  return { command, rowCount: null, oid: 0, fields: [], rows: [], ...result }
}
