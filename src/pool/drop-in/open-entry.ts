import type { ClientBase } from 'pg'
import type { Clock } from '../../core/clock'
import type { Driver } from '../driver'
import { activityOf } from '../pg-client-state'
import { useLeanQueries } from '../pg-driver-lean-query'
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

/** One for all clients of a pool. */
export interface OpenListener extends Keeper {
  /** The client is made; nothing has been asked of it yet. */
  made(entry: Entry): void
  /** The client has logged in and is prepared; what the listener sends now belongs to the session's baseline. */
  announced(entry: Entry): void
  /** The client is ready for a borrower. */
  opened(entry: Entry): void
  /** The client is gone; there is no entry where it could not even be made. */
  failed(entry: Entry | undefined, error: Error, startedAtMs: number): void
}

/** Where a client keeps its entry: its listeners are then the same ones for all clients. */
const known = Symbol('pgferry.entry')

interface KnownClient {
  readonly [known]: Entry
}

/** Makes a client and logs it in; the listener is told how it goes, possibly before this returns. */
export function openEntry(deps: OpenDeps, timeoutMs: number, listener: OpenListener): void {
  const { clock, log } = deps
  const startedAtMs = clock.now()
  let client: ClientBase
  try {
    client = deps.createClient()
  } catch (error) {
    listener.failed(undefined, error as Error, startedAtMs)
    return
  }
  const entry = new Entry(client, listener, startedAtMs)
  Object.defineProperty(client, known, { value: entry })
  client.on('error', onError)
  client.on('end', onEnded)
  listener.made(entry)
  let isLoggedIn = false
  const prepare = (): Promise<void> | undefined => {
    isLoggedIn = true
    return prepareEntry(entry, deps, listener)
  }
  connectClient(client, { clock, timeoutMs, prepare, log }, (error) => {
    if (error === undefined) {
      listener.opened(entry)
    } else if (isLoggedIn && entry.isAlive) {
      void deps.driver.close(client).then(() => {
        listener.failed(entry, error, startedAtMs)
      })
    } else {
      hangUp(client)
      listener.failed(entry, error, startedAtMs)
    }
  })
}

function onError(this: KnownClient, error: Error): void {
  this[known].keeper.errored(this[known], error)
}

function onEnded(this: KnownClient): void {
  this[known].keeper.ended(this[known])
}

/** What node keeps of the listeners of an emitter: one function as it is, several in an array. */
interface EmitterFields {
  readonly _events?: { readonly error?: unknown; readonly end?: unknown }
}

/**
 * Listens again to a client whose borrower has removed all listeners, ours among them: at rest nobody else would hear of its end,
 * and an `error` without a listener would be that of the process.
 */
export function keepListening({ client }: Entry): void {
  const { _events: heard } = client as EmitterFields
  if (heard?.error === onError && heard.end === onEnded) return
  if (!client.listeners('error').includes(onError)) client.on('error', onError)
  if (!client.listeners('end').includes(onEnded)) client.on('end', onEnded)
}

/** `undefined` when there is nothing to wait for. */
function prepareEntry(
  entry: Entry,
  { onConnect }: OpenDeps,
  listener: OpenListener,
): Promise<void> | undefined {
  useLeanQueries(entry.client)
  guardClient(entry)
  const session = new SessionState(entry.client)
  entry.session = session
  const announce = (): Promise<void> | undefined => {
    listener.announced(entry)
    const isUntouched = !session.isTouched && activityOf(entry.client) === 'ready'
    const taken = session.takeBaseline()
    return isUntouched ? undefined : taken
  }
  return onConnect === undefined ? announce() : onConnect(entry.client).then(announce)
}
