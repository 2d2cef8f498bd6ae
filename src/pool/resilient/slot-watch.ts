import { emitSafely } from '../../core/events'
import type { PoolContext } from '../pool-context'
import type { Health } from './health'
import { watchServer } from './server-signals'
import type { Slot } from './slot'
import type { SlotSet } from './slot-set'

export interface SlotWatchDeps {
  readonly context: PoolContext
  readonly slots: SlotSet
  readonly health: Health
}

/** Listens to a connection for as long as it lives: to its end, and to what its server says of itself. */
export function watchSlot(slot: Slot, deps: SlotWatchDeps): void {
  const { client, host } = slot
  const { health } = deps
  client.on('error', (error) => {
    lose(slot, error, deps)
  })
  client.on('end', () => {
    lose(slot, new Error('the server closed the connection'), deps)
  })
  watchServer(client, {
    onLeaving: () => {
      health.suspect(host)
      health.askRolesSoon()
    },
    onReadOnly: () => {
      slot.isRoleInDoubt = true
    },
    onPromoted: () => {
      health.learnRole(host, 'primary')
    },
  })
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
