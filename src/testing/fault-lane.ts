import type { Clock, TimerHandle } from '../core/clock'
import type { FaultDirection, FaultMode } from './fault-mode'

/** What travels: bytes, or how the sender's side ended. */
export type Parcel = Buffer | 'end' | 'reset'

/** Where a lane delivers to. */
export interface LaneSink {
  write(bytes: Buffer): void
  end(): void
  reset(): void
  /** The mode says that the whole connection ends here, after what was written. */
  cut(): void
}

/** One direction of one connection: holds parcels back, in order, for as long as the mode says. */
export interface FaultLane {
  push(parcel: Parcel): void
  /** To be called after each change of the mode. */
  modeChanged(): void
  /** Forgets everything held and takes nothing more. */
  drop(): void
}

interface Held {
  parcel: Parcel
  readonly arrivedAtMs: number
}

export function createFaultLane(
  direction: FaultDirection,
  sink: LaneSink,
  currentMode: () => FaultMode,
  clock: Clock,
): FaultLane {
  const queue: Held[] = []
  let timer: TimerHandle | undefined
  let nextTickAtMs = 0
  let sentSinceChange = 0
  let isDropped = false

  const wakeIn = (delayMs: number): void => {
    timer = clock.setTimer(() => {
      timer = undefined
      run()
    }, delayMs)
  }

  const run = (): void => {
    if (timer !== undefined) clock.clearTimer(timer)
    timer = undefined
    for (let head = queue[0]; head !== undefined && !isDropped; head = queue[0]) {
      const mode = currentMode()
      const waitMs = holdMs(mode, direction, head, nextTickAtMs, clock.now())
      if (waitMs === 'forever') return
      if (waitMs > 0) {
        wakeIn(waitMs)
        return
      }
      deliver(head, mode)
    }
  }

  const deliver = (head: Held, mode: FaultMode): void => {
    const { parcel } = head
    if (typeof parcel === 'string') {
      queue.shift()
      if (parcel === 'end') sink.end()
      else sink.reset()
      return
    }
    const limit = direction === 'to-server' ? Infinity : byteLimit(mode, sentSinceChange)
    const piece = parcel.subarray(0, limit)
    if (piece.length > 0) sink.write(piece)
    sentSinceChange += piece.length
    if (piece.length === parcel.length) queue.shift()
    else head.parcel = parcel.subarray(piece.length)
    if (mode.kind === 'trickle') nextTickAtMs = clock.now() + mode.everyMs
    if (mode.kind === 'cut' && direction === 'to-client' && sentSinceChange >= mode.afterBytes) sink.cut()
  }

  return {
    push(parcel) {
      if (isDropped) return
      queue.push({ parcel, arrivedAtMs: clock.now() })
      if (timer === undefined) run()
    },
    modeChanged() {
      sentSinceChange = 0
      nextTickAtMs = 0
      run()
    },
    drop() {
      isDropped = true
      queue.length = 0
      if (timer !== undefined) clock.clearTimer(timer)
      timer = undefined
    },
  }
}

/** How long the first parcel of a lane has to wait from now on. */
function holdMs(
  mode: FaultMode,
  direction: FaultDirection,
  head: Held,
  nextTickAtMs: number,
  nowMs: number,
): number | 'forever' {
  if (mode.kind === 'half-open') return 'forever'
  if (mode.kind === 'delay') return head.arrivedAtMs + mode.delayMs - nowMs
  if (mode.kind === 'trickle' && direction === 'to-client') return nextTickAtMs - nowMs
  return 0
}

function byteLimit(mode: FaultMode, sentSinceChange: number): number {
  if (mode.kind === 'trickle') return mode.bytesPerTick
  if (mode.kind === 'cut') return Math.max(0, mode.afterBytes - sentSinceChange)
  return Infinity
}
