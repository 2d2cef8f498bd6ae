import { Client, type ClientBase, type ClientConfig } from 'pg'
import type { Clock } from '../core/clock'
import { withDeadline } from '../core/deadline'
import { onAbort } from '../core/on-abort'
import { connectOnce } from './connect-once'
import type { Driver, OpenOptions } from './driver'
import { activityOf, ignoreError, transactionStateOf } from './pg-client-state'
import { requestCancel } from './pg-driver-cancel'
import { useLeanQueries } from './pg-driver-lean-query'

/** What we reach for inside a client beyond its published types; one of the user's own may lack any. */
interface ClientInternals {
  readonly connection?: {
    readonly stream?: { destroy(): void }
    removeAllListeners?(event: string): void
  }
}

/** After this time a server that does not answer our goodbye is left without one. */
const closeGraceMs = 1_000

/** How long a cancel request is given to show before it is sent again. */
const cancelPausesMs = [2, 8, 40, 200]

export interface ClientDriverOptions {
  readonly clock: Clock
  /** Makes the client of one connection; default `pg.Client`. */
  readonly createClient?: (config: ClientConfig) => ClientBase
}

/** The driver on `pg.Client` itself: nothing stands between a strategy and its connections. */
export function createClientDriver({ clock, createClient = newClient }: ClientDriverOptions): Driver {
  let isEnded = false
  return {
    async open(config, options) {
      if (isEnded) throw new Error('the driver has ended')
      const client = createClient(config)
      client.on('error', ignoreError)
      await connectInTime(client, clock, options)
      forgetLogin(client)
      useLeanQueries(client)
      return client
    },
    activity: activityOf,
    transactionState: transactionStateOf,
    cancel: (client) => cancelRunning(client, clock),
    close: (client) => closeClient(client, clock),
    end() {
      isEnded = true
      return Promise.resolve()
    },
  }
}

/**
 * A request travels on its own and may overtake the statement that it is meant for. It has no effect then, and the server would
 * run what nobody waits for: it is sent again while the client is still busy.
 */
async function cancelRunning(client: ClientBase, clock: Clock): Promise<void> {
  const isBusy = (): boolean => activityOf(client) === 'busy'
  for (const pauseMs of cancelPausesMs) {
    await requestCancel(client, { clock, isStillWanted: isBusy })
    if (!isBusy()) return
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, pauseMs)
    })
    if (!isBusy()) return
  }
}

function newClient(config: ClientConfig): ClientBase {
  return new Client(config)
}

/** A stalled name look-up, handshake or login ends here too: the socket is destroyed, whatever it is waiting for. */
async function connectInTime(client: ClientBase, clock: Clock, options?: OpenOptions): Promise<void> {
  const connecting = new Promise<void>((resolve, reject) => {
    connectOnce(client, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
  if (options === undefined) return connecting
  const { timeoutMs, signal } = options
  const makeError = (): Error =>
    new Error(`it gave no answer within connectTimeoutMs (${String(timeoutMs)} ms)`)
  const stopListening = onAbort(signal, () => {
    destroySocket(client)
  })
  try {
    await withDeadline(connecting, { clock, timeoutMs, makeError })
  } catch (error) {
    destroySocket(client)
    throw error
  } finally {
    stopListening()
  }
}

/** What a client listens to on its connection until it has logged in. */
const loginEvents = [
  'connect',
  'sslconnect',
  'authenticationCleartextPassword',
  'authenticationMD5Password',
  'authenticationSASL',
  'authenticationSASLContinue',
  'authenticationSASLFinal',
]

/** A client logs in once; its listeners for that would be kept for as long as it lives, and are a twentieth of what it takes. */
function forgetLogin(client: ClientBase): void {
  const { connection } = client as unknown as ClientInternals
  for (const event of loginEvents) connection?.removeAllListeners?.(event)
}

function destroySocket(client: ClientBase): void {
  ;(client as unknown as ClientInternals).connection?.stream?.destroy()
}

/** Says goodbye, and hangs up when nobody answers; a query that runs is cut off. */
function closeClient(client: ClientBase, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const force = clock.setTimer(() => {
      destroySocket(client)
      // A socket that does not even say that it is gone is none of the pool's any more.
      resolve()
    }, closeGraceMs)
    const finish = (): void => {
      clock.clearTimer(force)
      resolve()
    }
    // Not the promise form: `pg` has none for clients of the user's own, and a dead client answers the callback at once.
    ;(client as unknown as { end(callback: () => void): void }).end(finish)
  })
}
