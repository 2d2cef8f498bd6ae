import type { ClientBase } from 'pg'
import {
  PipelinedQuery,
  toWireValue,
  type AnswerSink,
  type PipelineStatement,
  type PreparedStatement,
} from './pg-driver-query'
import { StatementWriter } from './statement-writer'

/** What we use of a client beyond its published types; all of it is there in `pg` 8.23. */
interface ClientInternals {
  pipeline: boolean
  readonly binary?: boolean
  readonly _types: { getTypeParser(oid: number, format: string): unknown }
  readonly connectionParameters?: { readonly query_timeout?: number | false }
  readonly connection: { readonly stream: PipelineStream }
  query(query: PipelinedQuery): void
}

interface PipelineStream {
  readonly writable: boolean
  readonly writableLength?: number
  write(bytes: Buffer): unknown
}

/** A server keeps this many statements for each connection; each costs it some 10 kB, plan included. */
export const maxPrepared = 200

/** What each client's server session keeps, for as long as the client lives: a lane that comes back finds it again. */
const preparedOf = new WeakMap<ClientBase, Map<string, PreparedStatement>>()

/**
 * Whether statements can be sent on this client without waiting for the answers of those before: `pg` 8.23, results as text,
 * and no `query_timeout`, with which pg would destroy the connection under everybody who shares it.
 */
export function canPipeline(client: ClientBase): boolean {
  const internals = client as unknown as Partial<ClientInternals> & {
    _sentQueryQueue?: unknown
    processID?: number | null
  }
  return (
    Array.isArray(internals._sentQueryQueue) &&
    // Logged in to a server: one in memory has the methods, and no socket behind them.
    typeof internals.processID === 'number' &&
    internals.binary !== true &&
    !internals.connectionParameters?.query_timeout &&
    typeof internals.connection?.stream.write === 'function'
  )
}

/** A client while many statements are on their way through it. All that were sent in one turn go out in one write. */
export class Pipeline {
  readonly client: ClientBase
  readonly #internals: ClientInternals
  readonly #writer = new StatementWriter()
  readonly #prepared: Map<string, PreparedStatement>
  #unsent: PipelinedQuery[] = []

  /** From here to {@link Pipeline.close} nobody else may use `client`. */
  constructor(client: ClientBase) {
    this.client = client
    this.#internals = client as unknown as ClientInternals
    this.#prepared = preparedOf.get(client) ?? new Map<string, PreparedStatement>()
    preparedOf.set(client, this.#prepared)
    this.#internals.pipeline = true
  }

  /** Bytes that the socket has not taken yet. */
  get backlogBytes(): number {
    return this.#internals.connection.stream.writableLength ?? 0
  }

  /**
   * Sends a statement behind those that are on their way.
   *
   * @param name the server keeps the statement under it, and from the second time on need not parse it; it always means this text
   * @throws whatever the conversion of a value throws; nothing is sent then
   */
  send(statement: PipelineStatement, sink: AnswerSink, name?: string): PipelinedQuery {
    const values = statement.values.map(toWireValue)
    const start = this.#writer.length
    const prepared = name === undefined ? undefined : this.#usePrepared(name, statement.text)
    if (prepared === undefined) {
      this.#writer.parse('', statement.text)
      this.#writer.bind('', values)
      this.#writer.describePortal()
    } else {
      this.#writer.bind(prepared.name, values)
    }
    this.#writer.executeAndSync()
    const query = new PipelinedQuery(statement, this.#internals._types, sink, prepared)
    if (start === 0) process.nextTick(flush, this)
    this.#unsent.push(query)
    this.#internals.query(query)
    return query
  }

  /** The server does not know the statement any more, or knows it otherwise. */
  forget(name: string): void {
    this.#prepared.delete(name)
  }

  /** Everything was answered; the client is an ordinary one again. */
  close(): void {
    this.#internals.pipeline = false
  }

  flush(): void {
    const { stream } = this.#internals.connection
    const bytes = this.#writer.take()
    const sent = this.#unsent
    this.#unsent = []
    // Otherwise the client is about to report its loss, and what was not sent can go elsewhere.
    if (!stream.writable) return
    for (const query of sent) query.isSent = true
    stream.write(bytes)
  }

  #usePrepared(name: string, text: string): PreparedStatement {
    const known = this.#prepared.get(name)
    if (known !== undefined) return known
    if (this.#prepared.size >= maxPrepared) {
      for (const oldest of this.#prepared.keys()) {
        this.#prepared.delete(oldest)
        this.#writer.closeStatement(oldest)
        break
      }
    }
    const prepared: PreparedStatement = { name }
    this.#prepared.set(name, prepared)
    // It may be there, of a time whose end was not seen; closing what is not there is no error.
    this.#writer.closeStatement(name)
    this.#writer.parse(name, text)
    // Not the portal: the columns are then known even when binding the values fails.
    this.#writer.describeStatement(name)
    return prepared
  }
}

function flush(pipeline: Pipeline): void {
  pipeline.flush()
}
