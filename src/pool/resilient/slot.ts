import type { ClientBase } from 'pg'
import type { CloseReason } from '../../core/events'
import type { AcquireRequest, PooledConnection } from '../pool-strategy'
import type { SessionState } from '../session-state'
import type { Host } from './host-table'

/** Where a physical connection is; it is in exactly one of these. One that is being opened has no slot yet. */
export type SlotState = 'idle' | 'leased' | 'resetting' | 'closing'

export interface SlotFacts {
  readonly client: ClientBase
  readonly id: number
  readonly host: Host
  readonly session: SessionState
  /** When it is too old to be lent; infinite without a limit. */
  readonly expiresAtMs: number
}

/** One physical connection of a pool, from its login to its end. */
export class Slot {
  readonly client: ClientBase
  readonly id: number
  readonly host: Host
  /** The host's generation at login; it is not lent again when the host has moved on to another. */
  generation: number
  readonly session: SessionState
  readonly expiresAtMs: number
  state: SlotState = 'resetting'
  /** The pool it belongs to, by its set of slots. */
  pool: object | undefined
  /** Number of the lease that is out, 0 for none; whoever brings another one is a stranger. */
  lease = 0
  /** Until then it may be lent without asking the server whether it is still there. */
  freshUntilMs = 0
  idleSinceMs = 0
  /** When the server last gave a sign of life that the pool knows of. */
  checkedAtMs = 0
  leasedAtMs = 0
  /** Since when it is being cleaned, if it is. */
  cleaningSinceMs: number | undefined
  uses = 0
  /** The socket has failed, or the borrower has ended the client. */
  isBroken = false
  /** Set when it must not be lent again for a reason that came while it was out. */
  retireReason: CloseReason | undefined
  /** The server has said something that only a standby says, or a replica would. */
  isRoleInDoubt = false
  /** Called once it is closed; there is a list once somebody waits for it. */
  onClosed: (() => void)[] | undefined

  constructor(facts: SlotFacts) {
    this.client = facts.client
    this.id = facts.id
    this.host = facts.host
    this.generation = facts.host.generation
    this.session = facts.session
    this.expiresAtMs = facts.expiresAtMs
  }
}

/** What a borrower holds: the same client under a new lease each time. */
export class Lease implements PooledConnection {
  readonly client: ClientBase
  /** Its number among those of its connection. */
  readonly number: number

  constructor(
    readonly slot: Slot,
    readonly request: AcquireRequest,
  ) {
    this.client = slot.client
    this.number = slot.uses
  }

  static {
    // Whatever a promise is resolved with is asked for `then` first; answered here, the search does not go on through what is above.
    Object.defineProperty(this.prototype, 'then', { value: undefined })
  }

  get id(): number {
    return this.slot.id
  }
}

/** Resolves once the connection is closed. */
export function whenClosed(slot: Slot): Promise<void> {
  return new Promise((resolve) => (slot.onClosed ??= []).push(resolve))
}
