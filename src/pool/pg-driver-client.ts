import { Client, type ClientBase, type ClientConfig } from 'pg'
import type { Clock } from '../core/clock'
import { withDeadline } from '../core/deadline'
import { onAbort } from '../core/on-abort'
import type { Driver, OpenOptions } from './driver'
import { activityOf, ignoreError, transactionStateOf } from './pg-client-state'
import { requestCancel } from './pg-driver-cancel'

/** What closing a client by force reaches for. */
interface ClientInternals {
  readonly connection?: { readonly stream?: { destroy(): void } }
}

/** After this time a server that does not answer our goodbye is left without one. */
const closeGraceMs = 1_000

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
      return client
    },
    activity: activityOf,
    transactionState: transactionStateOf,
    async cancel(client) {
      await requestCancel(client, { clock, isStillWanted: () => activityOf(client) === 'busy' })
    },
    close: (client) => closeClient(client, clock),
    end() {
      isEnded = true
      return Promise.resolve()
    },
  }
}

function newClient(config: ClientConfig): ClientBase {
  return new Client(config)
}

/** A stalled name look-up, handshake or login ends here too: the socket is destroyed, whatever it is waiting for. */
async function connectInTime(client: ClientBase, clock: Clock, options?: OpenOptions): Promise<void> {
  // Where a client of the user's own has no promise form, it has the callback form of `pg`.
  const connecting = new Promise<void>((resolve, reject) => {
    client.connect((error: Error | undefined) => {
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
