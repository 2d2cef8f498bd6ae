import type { ClientBase, ClientConfig } from 'pg'

/**
 * What a client is doing. `settling`: its last query has failed or ended, and the server's word that it is ready is on
 * its way; `ended`: it will never answer again.
 */
export type ClientActivity = 'ready' | 'busy' | 'settling' | 'ended'

/** The transaction as the server last reported it. */
export type TransactionState = 'none' | 'open' | 'failed' | 'unknown'

export interface OpenOptions {
  /** Milliseconds for name look-up, socket, TLS and login together. A driver may keep a deadline of its own instead. */
  readonly timeoutMs: number
  /** Ends the attempt; it rejects then. */
  readonly signal?: AbortSignal
}

/** Opens and closes physical connections. A strategy decides which and when; it knows nothing else of the client library. */
export interface Driver {
  /** Resolves with a client that has logged in; an `error` event of it is never without a listener. */
  open(config: ClientConfig, options?: OpenOptions): Promise<ClientBase>
  activity(client: ClientBase): ClientActivity
  transactionState(client: ClientBase): TransactionState
  /**
   * Asks the server to cancel what the client is running; resolves when that has ended, or when the server does not react or
   * could not be asked. Never rejects. A driver that cannot leaves it out.
   */
  cancel?(client: ClientBase): Promise<void>
  /**
   * Resolves when the connection is closed, by force when the server does not answer. Never rejects. A query that still runs
   * is cut off on this side only: the server keeps the session until it notices, at the end of the query at the latest.
   */
  close(client: ClientBase): Promise<void>
  /** Frees what the driver itself holds, once every connection is closed; `open` rejects from then on. */
  end(): Promise<void>
}
