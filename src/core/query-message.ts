import { operationOf, sanitiseSql } from './sanitise-sql'
import { sqlStateOf } from './safe-error'
import type { PoolMessage } from './trace-messages'

/** Who sends a query, and where to. */
export interface QueryOrigin {
  readonly pool: string
  readonly purpose?: string | undefined
  readonly owner: object
}

/** What `pg` tells of a client's server. */
interface ClientAddress {
  readonly host?: unknown
  readonly port?: unknown
  readonly database?: unknown
}

/**
 * Of channel `pgferry:query`: one statement on one connection, from the call to its last row. Values are in no part of it;
 * what the text tells is worked out when a subscriber reads it.
 */
export class QueryMessage implements PoolMessage {
  readonly pool: string
  readonly purpose: string | undefined
  /** Milliseconds; from `asyncStart` on. */
  durationMs?: number
  /** A copy without what could be a value: see `SafeErrorFields`. */
  error?: unknown
  readonly #owner: object
  readonly #rawText: string
  readonly #client: ClientAddress
  #text: string | undefined

  constructor(origin: QueryOrigin, client: object, rawText: string) {
    this.pool = origin.pool
    this.purpose = origin.purpose
    this.#owner = origin.owner
    this.#client = client
    this.#rawText = rawText
  }

  get owner(): object {
    return this.#owner
  }

  /** The statement with `?` for every literal and number. */
  get text(): string {
    this.#text ??= sanitiseSql(this.#rawText)
    return this.#text
  }

  /** The statement's command, such as `SELECT`. */
  get operation(): string | undefined {
    return operationOf(this.#rawText)
  }

  get host(): string | undefined {
    const { host } = this.#client
    return typeof host === 'string' ? host : undefined
  }

  get port(): number | undefined {
    const port = Number(this.#client.port)
    return Number.isInteger(port) ? port : undefined
  }

  get database(): string | undefined {
    const { database } = this.#client
    return typeof database === 'string' ? database : undefined
  }

  /** SQLSTATE, when the server refused. */
  get statusCode(): string | undefined {
    return sqlStateOf(this.error)
  }

  /** For logs: what the properties tell, the worked-out ones too. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { pool, purpose, text, operation, host, port, database, durationMs, error, statusCode } = this
    return { pool, purpose, text, operation, host, port, database, durationMs, error, statusCode }
  }
}
