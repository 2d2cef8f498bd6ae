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

interface Emitter {
  on(event: string, listener: (message: Record<string, unknown>) => void): void
}

const leavingCodes = new Set(['57P01', '57P02', '57P03'])

/** Listens to the protocol of a `pg.Client`; a client without one (a mock, a native one) has no signals. */
export function watchServer(client: ClientBase, signals: ServerSignals): void {
  const { connection } = client as unknown as { connection?: Partial<Emitter> }
  if (typeof connection?.on !== 'function') return
  const emitter = connection as Emitter
  const onMessage = ({ code }: Record<string, unknown>): void => {
    if (code === '25006') signals.onReadOnly()
    else if (leavingCodes.has(String(code))) signals.onLeaving()
  }
  emitter.on('errorMessage', onMessage)
  // A server that stops at once says so in a notice, before it is gone.
  emitter.on('notice', onMessage)
  emitter.on('parameterStatus', ({ parameterName, parameterValue }) => {
    if (parameterName === 'in_hot_standby' && parameterValue === 'off') signals.onPromoted()
  })
}
