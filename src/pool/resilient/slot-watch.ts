import { emitSafely } from '../../core/events'
import { ignoreError } from '../pg-client-state'
import type { PoolContext } from '../pool-context'
import type { Health } from './health'
import { watchServer, type ServerSignals } from './server-signals'
import type { Slot } from './slot'
import type { SlotSet } from './slot-set'

export interface SlotWatchDeps {
  readonly context: PoolContext
  readonly slots: SlotSet
  readonly health: Health
}

/** Where a client keeps who listens to it. */
const watch = Symbol('pgferry.slotWatch')

interface WatchedClient {
  [watch]: SlotWatch
}

/** Listens to a connection for as long as it lives: to its end, and to what its server says of itself. */
export function watchSlot(slot: Slot, deps: SlotWatchDeps): void {
  const { client } = slot
  const watching = new SlotWatch(slot, deps)
  Object.defineProperty(client, watch, { value: watching })
  client.on('error', onError)
  client.on('end', onEnd)
  // There is somebody now who hears its errors, for as long as it lives.
  client.removeListener('error', ignoreError)
  watchServer(client, watching)
}

function onError(this: WatchedClient, error: unknown): void {
  this[watch].lose(error)
}

function onEnd(this: WatchedClient): void {
  this[watch].lose(new Error('the server closed the connection'))
}

/** One object for a connection, instead of a closure for each event: a pool keeps them for as long as its connections. */
class SlotWatch implements ServerSignals {
  constructor(
    private readonly slot: Slot,
    private readonly deps: SlotWatchDeps,
  ) {}

  lose(error: unknown): void {
    lose(this.slot, error, this.deps)
  }

  onLeaving(): void {
    const { health } = this.deps
    health.suspect(this.slot.host)
    health.askRolesSoon()
  }

  onReadOnly(): void {
    this.slot.isRoleInDoubt = true
  }

  onPromoted(): void {
    this.deps.health.learnRole(this.slot.host, 'primary')
  }
}

/** A borrower learns it from its own query; an idle connection has nobody else to notice. */
function lose(slot: Slot, error: unknown, { context, slots, health }: SlotWatchDeps): void {
  if (slot.isBroken || slot.state === 'closing') return
  slot.isBroken = true
  if (slot.state === 'leased') markOutcome(error)
  // What struck one may have struck all: none is lent unseen.
  health.suspect(slot.host)
  health.askRolesSoon()
  if (slot.state !== 'idle') return
  emitSafely(context.onEvent, { kind: 'connection-failed', pool: context.name, error })
  slots.close(slot, 'failed')
}

/**
 * The error of a connection that is lost is the very one that its unanswered statements are rejected with. `pg` gives it no code; a
 * caller must learn that the statement may have taken effect, and its message stays what old code looks for.
 */
function markOutcome(error: unknown): void {
  if (error instanceof Error && !('code' in error)) Object.assign(error, { code: 'OUTCOME_UNKNOWN' })
}
