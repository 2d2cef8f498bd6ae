import type { ClientBase } from 'pg'
import type { Clock, TimerHandle } from '../../core/clock'
import { connectOnce } from '../connect-once'
import type { ClientFields } from './entry'

export interface ConnectFacts {
  readonly clock: Clock
  /** For name look-up, socket, TLS, login and `prepare` together; 0 for no limit. */
  readonly timeoutMs: number
  /** What else must be done before the client is of use. */
  readonly prepare: (client: ClientBase) => Promise<void> | undefined
  readonly log: (message: string, ...details: unknown[]) => void
}

/**
 * Logs a client in. `onSettled` is called exactly once: with nothing when the client is of use, with the client's own error, or with
 * `pg-pool`'s when the time is over. A client that succeeds after that is closed at once, so no session is left behind.
 */
export function connectClient(
  client: ClientBase,
  { clock, timeoutMs, prepare, log }: ConnectFacts,
  onSettled: (error?: Error) => void,
): void {
  let isSettled = false
  let timer: TimerHandle | undefined
  const settle = (error?: Error): void => {
    if (isSettled) return
    isSettled = true
    if (timer !== undefined) clock.clearTimer(timer)
    onSettled(error)
  }
  if (timeoutMs > 0) {
    timer = clock.setTimer(() => {
      if (!isPending(client)) return
      log('ending client due to timeout')
      hangUp(client)
      const cause = new Error(`the connection was not ready within ${String(timeoutMs)} ms`)
      settle(new Error('Connection terminated due to connection timeout', { cause }))
    }, timeoutMs)
  }
  log('connecting new client')
  connectOnce(client, (error) => {
    if (error) {
      log('client failed to connect', error)
      settle(error)
    } else if (isSettled) {
      ;(client as unknown as { end(callback: () => void): void }).end(doNothing)
    } else {
      log('new client connected')
      const prepared = prepare(client)
      if (prepared === undefined) settle()
      else
        prepared.then(() => {
          settle()
        }, settle)
    }
  })
}

/** `pg`'s own client is always given up; the native one only while it has no connection, as `pg-pool` does. */
function isPending(client: ClientBase): boolean {
  const fields = client as unknown as ClientFields
  return fields.connection !== undefined || fields.isConnected?.() !== true
}

/** Drops the socket, whatever it waits for; a client that shows none is asked to end. */
export function hangUp(client: ClientBase): void {
  const fields = client as unknown as ClientFields & { end?(callback?: () => void): unknown }
  if (fields.connection !== undefined) fields.connection.stream?.destroy?.()
  else fields.end?.(doNothing)
}

function doNothing(): void {
  // It is gone as far as the pool is concerned.
}
