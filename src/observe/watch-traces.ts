import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { QueryMessage } from '../core/query-message'
import type { AcquireMessage, ConnectMessage, PoolMessage, ReleaseMessage } from '../core/trace-messages'

/** Hears what came out of each traced call that concerns it. Durations are in seconds, as the conventions want them. */
export interface TraceObserver {
  /** The pool's name, or `undefined` for a pool that is not observed. */
  nameOf(message: PoolMessage): string | undefined
  onAcquired(pool: string, seconds: number): void
  onAcquireTimeout(pool: string): void
  onConnected(pool: string, seconds: number): void
  onReleased(pool: string, seconds: number): void
  /** Without it, queries are not traced on its account. */
  readonly onQueried?: (pool: string, seconds: number, query: QueryMessage) => void
}

/** Starts to listen; the answer stops it. */
export function watchTraces(observer: TraceObserver): () => void {
  const stops = [
    listen('pgferry:acquire:asyncEnd', (message: AcquireMessage) => {
      const pool = observer.nameOf(message)
      if (pool === undefined) return
      if (message.error === undefined) observer.onAcquired(pool, toSeconds(message.waitMs))
      else if (codeOf(message.error) === 'ACQUIRE_TIMEOUT') observer.onAcquireTimeout(pool)
    }),
    listen('pgferry:release:end', (message: ReleaseMessage) => {
      const pool = observer.nameOf(message)
      if (pool !== undefined && message.heldMs !== undefined)
        observer.onReleased(pool, toSeconds(message.heldMs))
    }),
    listen('pgferry:connect:asyncEnd', (message: ConnectMessage) => {
      const pool = observer.nameOf(message)
      if (pool !== undefined && message.error === undefined)
        observer.onConnected(pool, toSeconds(message.durationMs))
    }),
  ]
  const { onQueried } = observer
  if (onQueried !== undefined) {
    const stop = listen('pgferry:query:asyncEnd', (message: QueryMessage) => {
      const pool = observer.nameOf(message)
      if (pool !== undefined) onQueried(pool, toSeconds(message.durationMs), message)
    })
    stops.push(stop)
  }
  return () => {
    for (const stop of stops) stop()
  }
}

/** @param event a channel and one of its five events, as `TracingChannel` names them */
function listen(event: string, listener: (message: never) => void): () => void {
  const name = `tracing:${event}`
  const onMessage = (message: unknown): void => {
    listener(message as never)
  }
  subscribe(name, onMessage)
  return () => {
    unsubscribe(name, onMessage)
  }
}

function toSeconds(ms = 0): number {
  return ms / 1_000
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null)?.code
}
