import { Connection, type ClientBase } from 'pg'
import type { Clock } from '../core/clock'

/** What we use of a client and of pg's connection beyond their published types; all of it is there from 8.21 to 8.23. */
interface ClientInternals {
  readonly host: string
  readonly port: number
  readonly ssl: boolean | object
  readonly sslNegotiation?: string
  readonly processID: number | null
  readonly secretKey: number | null
  readonly connection?: { readonly stream?: { readonly remoteAddress?: string } }
}

interface BareConnection extends NodeJS.EventEmitter {
  readonly stream: { destroy(): void }
  connect(port: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
}

type ConnectionClass = new (config: object) => BareConnection

/** Longer than a round trip over the sea with TLS; a request that cannot be delivered is given up. */
const cancelTimeoutMs = 5_000

export interface CancelRequest {
  readonly clock: Clock
  /** Asked again when the way to the server is open: by then the statement may have ended, and the next would be hit. */
  readonly isStillWanted: () => boolean
}

/**
 * Asks the server to cancel what `client` is running, over a connection of its own to the same host, with TLS where the client
 * has it. Resolves with whether the request was sent, once the server has taken it; never rejects.
 */
export function requestCancel(client: ClientBase, { clock, isStillWanted }: CancelRequest): Promise<boolean> {
  const { host, port, ssl, sslNegotiation, processID, secretKey, connection } =
    client as unknown as ClientInternals
  if (processID === null || secretKey === null) return Promise.resolve(false)
  return new Promise((resolve) => {
    const messenger = new (Connection as unknown as ConnectionClass)({ ssl, sslNegotiation })
    let isSent = false
    const hangUp = (): void => {
      messenger.stream.destroy()
    }
    const timer = clock.setTimer(hangUp, cancelTimeoutMs, { isBackground: true })
    const send = (): void => {
      isSent = isStillWanted()
      if (isSent) messenger.cancel(processID, secretKey)
      else hangUp()
    }
    messenger.on('connect', () => {
      if (!ssl) send()
      else if (sslNegotiation !== 'direct') messenger.requestSsl()
    })
    messenger.on('sslconnect', send)
    messenger.on('error', hangUp)
    // The server closes when it has taken the request.
    messenger.on('end', () => {
      clock.clearTimer(timer)
      resolve(isSent)
    })
    if (host.startsWith('/')) messenger.connect(`${host}/.s.PGSQL.${String(port)}`)
    // A name may lead elsewhere by now; a certificate is made out to the name.
    else messenger.connect(port, ssl ? host : (connection?.stream?.remoteAddress ?? host))
  })
}
