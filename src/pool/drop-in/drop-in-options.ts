import type { ClientBase, PoolClient, PoolConfig } from 'pg'
import { InvalidOptionError } from '../../core/errors'
import { isDurationMs, isOneOf, isShare, type OptionRule } from '../../core/options'

/** What a pool does beyond `pg.Pool`; durations in milliseconds. Defaults: {@link defaultExtras}. */
export interface DropInExtras {
  /** A client that was idle for longer is asked whether it lives before it is lent; 0 asks always, `Infinity` never. */
  readonly validateAfterIdleMs?: number
  /** For the answer to that question. */
  readonly validationTimeoutMs?: number
  /** Up to this share of `maxLifetimeSeconds` is taken off at random, so that clients do not all end at once. */
  readonly lifetimeJitter?: number
  /**
   * What happens to session state that a borrower leaves behind (SET, roles, LISTEN, temporary tables, session locks): passed
   * on to the next one as `pg.Pool` does, or reset. It is reported by the event `sessionState` in any case.
   */
  readonly resetSession?: 'never' | 'when-dirty' | 'always'
  /** For ROLLBACK and reset at give-back, and for a cursor that was left open; a client that needs longer is closed. */
  readonly resetTimeoutMs?: number
  /**
   * What a caller gets: the client itself, one and the same each time; or a handle for one lease, dead after `release()`, which
   * takes the caller's listeners with it.
   */
  readonly handles?: 'client' | 'lease'
}

/** Everything that `pg.Pool` takes, and {@link DropInExtras}. */
export interface DropInOptions extends Omit<PoolConfig, 'onConnect' | 'verify'>, DropInExtras {
  /** The older name of `max`. */
  readonly poolSize?: number | undefined
  /** Runs for each new client before anybody gets it; it is awaited, and what it sets belongs to the session's baseline. */
  readonly onConnect?: ((client: ClientBase) => unknown) | undefined
  /** Looks at each new client after `connect`; an error given to `done` is the caller's, and the client is closed. */
  readonly verify?: ((client: PoolClient, done: (error?: Error) => void) => void) | undefined
}

/** What nobody has asked for; each value with its reason. */
export const defaultExtras: Required<DropInExtras> = Object.freeze({
  // Firewalls and proxies drop connections that are silent for seconds to minutes, never within a burst of requests.
  validateAfterIdleMs: 1_000,
  // A hundred times a slow round trip; who is slower than that would not serve a request either.
  validationTimeoutMs: 2_000,
  // Spreads the end of connections that were opened in one burst.
  lifetimeJitter: 0.1,
  // Users of pg.Pool may lean on what they have set; who does not turns it on.
  resetSession: 'never',
  // A rollback is instant in PostgreSQL.
  resetTimeoutMs: 5_000,
  // Users of pg.Pool compare clients, and hang data on them.
  handles: 'client',
})

const isLimitMs: OptionRule = (value) => value === Infinity || isDurationMs()(value)

const rules: Readonly<Record<keyof DropInExtras, OptionRule>> = {
  validateAfterIdleMs: isLimitMs,
  validationTimeoutMs: isDurationMs(1),
  lifetimeJitter: isShare,
  resetSession: isOneOf('never', 'when-dirty', 'always'),
  resetTimeoutMs: isDurationMs(1),
  handles: isOneOf('client', 'lease'),
}

/**
 * The extras with their defaults. The options of `pg` itself are not checked: the pool takes them as `pg.Pool` does.
 *
 * @throws InvalidOptionError
 */
export function resolveExtras(options: DropInExtras = {}): Required<DropInExtras> {
  const resolved: Record<string, unknown> = { ...defaultExtras }
  for (const [key, rule] of Object.entries(rules)) {
    const value = options[key as keyof DropInExtras]
    if (value === undefined) continue
    const verdict = rule(value)
    if (verdict !== true) throw new InvalidOptionError(key, value, verdict)
    resolved[key] = value
  }
  return Object.freeze(resolved) as unknown as Required<DropInExtras>
}
