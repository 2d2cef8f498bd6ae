import { connect as connectSocket } from 'node:net'
import { Client, type ClientBase, type ClientConfig } from 'pg'
import type { Clock } from '../core/clock'
import { withDeadline } from '../core/deadline'
import { onAbort } from '../core/on-abort'
import type { Driver, OpenOptions } from './driver'
import { activityOf, ignoreError, transactionStateOf } from './pg-client-state'

/** What we reach for inside a `pg.Client`; all of it is there from 8.21 to 8.23. */
interface ClientInternals {
  readonly processID: number | null
  readonly secretKey: number | null
  readonly connection?: {
    readonly stream?: NetworkStream
  }
}

interface NetworkStream {
  readonly remoteAddress?: string
  readonly remotePort?: number
  readonly destroyed?: boolean
  destroy(error?: Error): void
}

/** After this time a server that does not answer our goodbye is left without one. */
const closeGraceMs = 1_000
/** Longer than a round trip over the sea; a cancel that cannot be delivered is given up. */
const cancelTimeoutMs = 2_000
/** The code that asks a server to cancel, as the protocol numbers it. */
const cancelRequestCode = 80877102

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
    cancel: (client) => cancelStatement(client, clock),
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

/**
 * Asks the server to cancel what the client is running, over a socket of its own to the very address that the client is connected
 * to. Resolves when the server has taken the request, or could not be asked; whether it took effect, the client shows.
 */
function cancelStatement(client: ClientBase, clock: Clock): Promise<void> {
  const { processID, secretKey, connection } = client as unknown as ClientInternals
  const { remoteAddress, remotePort } = connection?.stream ?? {}
  const { host, port } = client as unknown as { host?: string; port?: number }
  const path = host?.startsWith('/') === true ? `${host}/.s.PGSQL.${String(port)}` : undefined
  if (processID === null || secretKey === null || (path === undefined && remoteAddress === undefined)) {
    return Promise.resolve()
  }
  return new Promise((resolve) => {
    const socket =
      path === undefined
        ? connectSocket({ host: remoteAddress ?? '', port: remotePort ?? 0 })
        : connectSocket({ path })
    const timer = clock.setTimer(() => socket.destroy(), cancelTimeoutMs, { isBackground: true })
    socket.on('connect', () => socket.end(cancelRequest(processID, secretKey)))
    // The server closes when it has taken the request; an error is as good an end: there is nothing more to do.
    socket.on('error', ignoreError)
    socket.on('close', () => {
      clock.clearTimer(timer)
      resolve()
    })
    socket.resume()
  })
}

function cancelRequest(processId: number, secretKey: number): Buffer {
  const message = Buffer.alloc(16)
  message.writeInt32BE(16, 0)
  message.writeInt32BE(cancelRequestCode, 4)
  message.writeInt32BE(processId, 8)
  message.writeInt32BE(secretKey, 12)
  return message
}
