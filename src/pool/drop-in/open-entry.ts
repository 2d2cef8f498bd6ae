import type { ClientBase } from 'pg'
import type { Clock } from '../../core/clock'
import type { Driver } from '../driver'
import { activityOf } from '../pg-client-state'
import { connectClient, hangUp } from './connect-client'
import { SessionState } from '../session-state'
import { Entry, type Keeper } from './entry'
import { guardClient } from './guard-client'

export interface OpenDeps {
  readonly clock: Clock
  readonly driver: Driver
  readonly createClient: () => ClientBase
  /** The user's own hook; a mistake in it, thrown or rejected, fails the attempt. */
  readonly onConnect: ((client: ClientBase) => Promise<unknown>) | undefined
  readonly log: (message: string, ...details: unknown[]) => void
}

export interface OpenListener {
  readonly keeper: Keeper
  /** The client is made; nothing has been asked of it yet. */
  made(entry: Entry): void
  /** The client has logged in and is prepared; what the listener sends now belongs to the session's baseline. */
  announced(entry: Entry): void
  /** The client is ready for a borrower. */
  opened(entry: Entry): void
  /** The client is gone. */
  failed(entry: Entry | undefined, error: Error): void
  /** The client has emitted `error`, at any time of its life. */
  errored(entry: Entry, error: Error): void
  /** The client has come to its end, by whomever. */
  ended(entry: Entry): void
}

/** Makes a client and logs it in; the listener is told how it goes, possibly before this returns. */
export function openEntry(deps: OpenDeps, timeoutMs: number, listener: OpenListener): void {
  let client: ClientBase
  try {
    client = deps.createClient()
  } catch (error) {
    listener.failed(undefined, error as Error)
    return
  }
  const entry = new Entry(client, listener.keeper)
  let isLoggedIn = false
  client.on('error', (error) => {
    listener.errored(entry, error)
  })
  client.on('end', () => {
    listener.ended(entry)
  })
  listener.made(entry)
  const { clock, log } = deps
  const prepare = (): Promise<void> | undefined => {
    isLoggedIn = true
    return prepareEntry(entry, deps, listener)
  }
  connectClient(client, { clock, timeoutMs, prepare, log }, (error) => {
    if (error === undefined) {
      listener.opened(entry)
    } else if (isLoggedIn && entry.isAlive) {
      void deps.driver.close(client).then(() => {
        listener.failed(entry, error)
      })
    } else {
      hangUp(client)
      listener.failed(entry, error)
    }
  })
}

/** `undefined` when there is nothing to wait for. */
function prepareEntry(
  entry: Entry,
  { onConnect }: OpenDeps,
  listener: OpenListener,
): Promise<void> | undefined {
  const { client } = entry
  const send = guardClient(client, () => entry.isAtRest)
  entry.send = (text) => send(text) as Promise<unknown>
  const session = new SessionState(client)
  entry.session = session
  const announce = (): Promise<void> | undefined => {
    listener.announced(entry)
    const isUntouched = !session.isTouched && activityOf(client) === 'ready'
    const taken = session.takeBaseline()
    return isUntouched ? undefined : taken
  }
  return onConnect === undefined ? announce() : onConnect(client).then(announce)
}
