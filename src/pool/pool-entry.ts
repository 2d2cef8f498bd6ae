import type { ClientBase } from 'pg'
import type { CloseReason } from '../core/events'
import type { Driver } from './driver'
import type { AcquireRequest, PoolStats } from './pool-strategy'

/** Where a physical connection is; it is in exactly one of these. A connection being opened has no entry yet. */
export type EntryState =
  | { readonly kind: 'idle'; readonly sinceMs: number }
  | { readonly kind: 'leased'; readonly request: AcquireRequest }
  | { readonly kind: 'resetting' }
  | { readonly kind: 'closing'; readonly reason: CloseReason }

/** One physical connection of a pool. */
export interface PoolEntry {
  readonly client: ClientBase
  readonly id: number
  /** The pool's generation when it was opened; an older one than the pool's is not lent again. */
  readonly generation: number
  /** When it is too old to be lent; infinite without a limit. */
  readonly expiresAtMs: number
  uses: number
  /** The socket has failed, or the borrower has ended the client. */
  isBroken: boolean
  state: EntryState
  /** Called once it is closed. */
  readonly onClosed: (() => void)[]
}

/** A connection that was opened just now and is on its way to the idle ones. */
export function createEntry(
  facts: Pick<PoolEntry, 'client' | 'id' | 'generation' | 'expiresAtMs'>,
): PoolEntry {
  return { ...facts, uses: 0, isBroken: false, state: { kind: 'resetting' }, onClosed: [] }
}

/** Whether nothing can be sent on it any more, although it is not closed yet. */
export function isLost(entry: PoolEntry, driver: Driver): boolean {
  return entry.isBroken || driver.activity(entry.client) === 'ended'
}

/** Resolves once the connection is closed. */
export function whenClosed(entry: PoolEntry): Promise<void> {
  return new Promise((resolve) => entry.onClosed.push(resolve))
}

export interface RetireFacts {
  readonly generation: number
  readonly nowMs: number
  /** 0 for no limit. */
  readonly maxUses: number
  readonly isOverMax: boolean
}

/** Why a sound connection has served its time, if it has. */
export function whyRetire(entry: PoolEntry, facts: RetireFacts): CloseReason | undefined {
  if (entry.generation !== facts.generation) return 'drained'
  if (entry.expiresAtMs <= facts.nowMs) return 'expired'
  if (facts.maxUses > 0 && entry.uses >= facts.maxUses) return 'worn'
  return facts.isOverMax && entry.state.kind !== 'idle' ? 'surplus' : undefined
}

/** The counts of a pool. A connection that is being closed is in the total: the server has it until it is gone. */
export function summarize(
  entries: Iterable<PoolEntry>,
  opening: number,
  waiting: number,
  max: number,
): PoolStats {
  const counts = { idle: 0, leased: 0, resetting: 0, closing: 0 }
  for (const entry of entries) counts[entry.state.kind]++
  const { idle, leased, resetting, closing } = counts
  const total = idle + leased + resetting + closing + opening
  return { total, idle, leased, resetting, closing, opening, waiting, max }
}
