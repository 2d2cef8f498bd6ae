import { createServer, type Server, type Socket } from 'node:net'
import { systemClock, type Clock } from '../core/clock'
import { InvalidOptionError } from '../core/errors'
import { isOneOf } from '../core/options'
import { createFaultConnection, type FaultConnection, type FaultConnectionStats } from './fault-connection'
import type { FaultMode } from './fault-mode'

export type { FaultConnectionStats } from './fault-connection'
export type { FaultMode } from './fault-mode'

const HOST = '127.0.0.1'

export interface FaultProxyOptions {
  /** Where connections are forwarded to. */
  readonly target: { readonly host: string; readonly port: number }
}

/** A TCP proxy that breaks connections on demand; it belongs to who created it, until `close()`. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: string
  /** Stays the same through all modes. */
  readonly port: number
  readonly mode: FaultMode
  /**
   * Changes what happens to the bytes, for existing connections and new ones; see {@link FaultMode}.
   * Resolves when the change is in force.
   *
   * @throws {InvalidOptionError} for an unknown mode, or a bad number in it; nothing has changed then.
   */
  setMode(mode: FaultMode | PlainKind): Promise<void>
  /** Resets (RST) the connections that exist now; the mode stays. */
  resetConnections(): void
  /** Every connection so far, in order of arrival, ended ones too. */
  connections(): readonly FaultConnectionStats[]
  /** How many connections are open now. */
  openCount(): number
  /** Ends all connections and stops listening. Calling it again does nothing. */
  close(): Promise<void>
}

/** The modes that need no numbers: their name is enough. */
export type PlainKind = 'pass' | 'refuse' | 'black-hole' | 'half-open' | 'reset'

/**
 * Starts a fault proxy on a free port of 127.0.0.1, in mode `pass`.
 *
 * @example
 * await using proxy = await createFaultProxy({ target: postgres })
 * await proxy.setMode('black-hole')
 */
export async function createFaultProxy(
  { target }: FaultProxyOptions,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<FaultProxy> {
  const all: FaultConnection[] = []
  let mode: FaultMode = { kind: 'pass' }
  let isClosed = false

  const accept = (client: Socket): void => {
    if (mode.kind === 'reset' || isClosed) {
      client.resetAndDestroy()
      return
    }
    all.push(createFaultConnection({ id: all.length + 1, client, target, currentMode: () => mode, clock }))
  }
  let listener: Server | undefined = await listen(0, accept)
  const port = portOf(listener)

  const resetConnections = (): void => {
    for (const connection of all) connection.reset()
  }
  const close = (): Promise<void> => {
    isClosed = true
    listener?.close()
    listener = undefined
    resetConnections()
    return Promise.resolve()
  }

  return {
    host: HOST,
    port,
    get mode() {
      return mode
    },
    async setMode(wanted) {
      const next = typeof wanted === 'string' ? { kind: wanted } : wanted
      checkMode(next)
      mode = next
      if (mode.kind === 'refuse') {
        // Only the listening socket goes; the callback would wait for the connections too.
        listener?.close()
        listener = undefined
      } else if (!isClosed) {
        listener ??= await listen(port, accept)
      }
      for (const connection of all) connection.modeChanged()
    },
    resetConnections,
    connections: () => all.map((connection) => connection.stats()),
    openCount: () => all.filter((connection) => connection.stats().isOpen).length,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, accept)
    server.once('error', reject)
    server.listen(port, HOST, () => {
      resolve(server)
    })
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('a TCP listener has an address')
  return address.port
}

const modeKinds: Readonly<Record<FaultMode['kind'], true>> = {
  pass: true,
  refuse: true,
  'black-hole': true,
  'half-open': true,
  reset: true,
  delay: true,
  cut: true,
  trickle: true,
}

function checkMode(mode: FaultMode): void {
  const kind: unknown = (mode as Partial<FaultMode> | undefined | null)?.kind
  const kinds = Object.keys(modeKinds)
  const verdict = isOneOf(...kinds)(kind)
  if (verdict !== true) throw new InvalidOptionError('mode', kind, verdict)
  if (mode.kind === 'delay') checkNumber('delayMs', mode.delayMs, 0)
  if (mode.kind === 'cut') checkNumber('afterBytes', mode.afterBytes, 0)
  if (mode.kind === 'trickle') {
    checkNumber('bytesPerTick', mode.bytesPerTick, 1)
    checkNumber('everyMs', mode.everyMs, 0)
  }
}

function checkNumber(option: string, value: number, min: number): void {
  if (!Number.isInteger(value) || value < min)
    throw new InvalidOptionError(option, value, `an integer, ${min} or more`)
}
