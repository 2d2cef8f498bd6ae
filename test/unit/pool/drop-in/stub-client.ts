import { EventEmitter } from 'node:events'
import type { ClientBase } from 'pg'

type Callback = (error?: Error | null, result?: unknown) => void

/** A client without a server; what it does can be scripted before the pool makes it. */
export class StubClient extends EventEmitter {
  _queryable = true
  _ending = false
  readyForQuery = true
  _activeQuery: object | null = null
  status: 'I' | 'T' | 'E' = 'I'
  readonly sent: string[] = []
  endCount = 0
  isReferenced = true

  constructor(private readonly script: StubScript) {
    super()
    script.clients.push(this)
  }

  connect(callback: Callback): void {
    const outcome = this.script.connect(this)
    if (outcome === 'pending') this.script.pending.push(callback)
    else process.nextTick(callback, outcome)
  }

  end(callback?: () => void): void {
    this._ending = true
    this.endCount++
    process.nextTick(() => {
      this.emit('end')
      callback?.()
    })
  }

  getTransactionStatus(): string {
    return this.status
  }

  query(text: string, _values?: unknown, callback?: Callback): Promise<unknown> | undefined {
    this.sent.push(text)
    const answer = this.script.query(this, text)
    if (callback === undefined) return answer
    answer.then(
      (result) => {
        callback(null, result)
      },
      (error: unknown) => {
        callback(error as Error)
      },
    )
    return undefined
  }

  ref(): void {
    this.isReferenced = true
  }

  unref(): void {
    this.isReferenced = false
  }
}

/** What the clients of one pool do; all of it can be replaced at any time. */
export class StubScript {
  readonly clients: StubClient[] = []
  readonly pending: Callback[] = []
  /** An error refuses, `null` accepts, `'pending'` leaves the client without an answer. */
  connect: (client: StubClient) => Error | null | 'pending' = () => null
  query: (client: StubClient, text: string) => Promise<unknown> = (client, text) => {
    if (text === 'BEGIN') client.status = 'T'
    if (text === 'ROLLBACK' || text === 'COMMIT') client.status = 'I'
    return Promise.resolve({ rows: [] })
  }

  /** For the option `Client`. */
  get Client(): new () => ClientBase {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- a constructor has a `this` of its own
    const script = this
    return class extends StubClient {
      constructor() {
        super(script)
      }
    } as unknown as new () => ClientBase
  }
}
