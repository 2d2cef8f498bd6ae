import type { ClientBase } from 'pg'

/** What a server lets a session know without being asked, beyond the answers to its statements. */
export interface ServerSignals {
  /** The session has been told that the server goes down or has thrown it out (57P01 and its sisters). */
  onLeaving(): void
  /** A statement was refused because the server, or the transaction, only reads. */
  onReadOnly(): void
  /** A standby has been promoted. */
  onPromoted(): void
}

/** Where a connection keeps who is told: its listeners are then the same ones for all connections. */
const told = Symbol('pgferry.serverSignals')

interface WatchedConnection {
  [told]: ServerSignals
}

type Listener = (this: WatchedConnection, message: Record<string, unknown>) => void

interface Emitter {
  on(event: string, listener: Listener): void
}

const leavingCodes = new Set(['57P01', '57P02', '57P03'])

/** Listens to the protocol of a `pg.Client`; a client without one (a mock, a native one) has no signals. */
export function watchServer(client: ClientBase, signals: ServerSignals): void {
  const { connection } = client as unknown as { connection?: Partial<Emitter> }
  if (typeof connection?.on !== 'function') return
  Object.defineProperty(connection, told, { value: signals })
  const emitter = connection as Emitter
  emitter.on('errorMessage', onMessage)
  // A server that stops at once says so in a notice, before it is gone.
  emitter.on('notice', onMessage)
  emitter.on('parameterStatus', onParameter)
}

function onMessage(this: WatchedConnection, { code }: Record<string, unknown>): void {
  if (code === '25006') this[told].onReadOnly()
  else if (leavingCodes.has(String(code))) this[told].onLeaving()
}

function onParameter(
  this: WatchedConnection,
  { parameterName, parameterValue }: Record<string, unknown>,
): void {
  if (parameterName === 'in_hot_standby' && parameterValue === 'off') this[told].onPromoted()
}
