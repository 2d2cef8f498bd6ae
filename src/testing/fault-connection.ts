import { connect, type Socket } from 'node:net'
import type { Clock } from '../core/clock'
import { createFaultLane, type FaultLane, type LaneSink } from './fault-lane'
import type { FaultMode } from './fault-mode'

/** What one connection through the proxy has carried so far. */
export interface FaultConnectionStats {
  /** Counts from 1 in the order of arrival. */
  readonly id: number
  readonly isOpen: boolean
  /** Bytes that the client sent, delivered or not. */
  readonly bytesFromClient: number
  /** Bytes that the server sent, delivered or not. */
  readonly bytesFromServer: number
  /** Bytes of the server that were passed on to the client. */
  readonly bytesToClient: number
}

export interface FaultConnection {
  stats(): FaultConnectionStats
  modeChanged(): void
  /** Ends both sides with a reset. */
  reset(): void
}

export interface FaultConnectionSpec {
  readonly id: number
  readonly client: Socket
  readonly target: { readonly host: string; readonly port: number }
  readonly currentMode: () => FaultMode
  readonly clock: Clock
}

/** Joins an accepted socket with the target, through one lane in each direction. */
export function createFaultConnection(spec: FaultConnectionSpec): FaultConnection {
  const { id, client, target, currentMode, clock } = spec
  const counts = { bytesFromClient: 0, bytesFromServer: 0, bytesToClient: 0 }
  let isLost = currentMode().kind === 'black-hole'
  // Whoever falls into a black hole at once never reaches the server.
  const server = isLost ? undefined : connect({ ...target, allowHalfOpen: true })
  server?.setNoDelay(true)
  client.setNoDelay(true)

  const reset = (): void => {
    client.resetAndDestroy()
    server?.resetAndDestroy()
  }
  const cut = (): void => {
    toServer.drop()
    toClient.drop()
    client.destroySoon()
    server?.destroy()
  }
  const toServer = createFaultLane('to-server', sinkOf(server, { reset, cut }), currentMode, clock)
  const toClient = createFaultLane('to-client', sinkOf(client, { reset, cut }, count), currentMode, clock)

  function count(byteCount: number): void {
    counts.bytesToClient += byteCount
  }

  const lose = (): void => {
    isLost = true
    toServer.drop()
    toClient.drop()
  }
  if (isLost) lose()

  client.on('data', (bytes: Buffer) => {
    counts.bytesFromClient += bytes.length
    toServer.push(bytes)
  })
  server?.on('data', (bytes: Buffer) => {
    counts.bytesFromServer += bytes.length
    toClient.push(bytes)
  })
  forwardEnding(client, toServer)
  if (server !== undefined) forwardEnding(server, toClient)
  client.once('close', () => {
    // Without a client there is nobody to keep the server's session for, except when the network hides the loss.
    if (!isLost && currentMode().kind !== 'half-open') server?.destroySoon()
    toClient.drop()
  })

  return {
    stats: () => ({ id, isOpen: !client.destroyed, ...counts }),
    reset() {
      toServer.drop()
      toClient.drop()
      reset()
    },
    modeChanged() {
      const { kind } = currentMode()
      if (kind === 'black-hole') lose()
      else if (kind === 'reset') reset()
      toServer.modeChanged()
      toClient.modeChanged()
      if (client.destroyed && !isLost && kind !== 'half-open') server?.destroySoon()
    },
  }
}

/** The way a socket ended travels behind its bytes, so that a lane can hold it back as well. */
function forwardEnding(from: Socket, lane: FaultLane): void {
  from.once('end', () => {
    lane.push('end')
  })
  from.once('error', () => {
    lane.push('reset')
  })
  // Later errors of a socket that is on its way out have nothing to add.
  from.on('error', () => undefined)
}

function sinkOf(
  socket: Socket | undefined,
  { reset, cut }: Pick<LaneSink, 'reset' | 'cut'>,
  count: (byteCount: number) => void = () => undefined,
): LaneSink {
  return {
    write(bytes) {
      if (socket === undefined || socket.destroyed || socket.writableEnded) return
      count(bytes.length)
      socket.write(bytes)
    },
    end: () => socket?.end(),
    reset,
    cut,
  }
}
