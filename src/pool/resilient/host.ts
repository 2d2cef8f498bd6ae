import type { HostFinding } from '../../core/errors'
import type { HostStats } from '../pool-strategy'
import { initialBreakerState, type BreakerState } from './breaker'

export interface HostAddress {
  /** A name, an address or the directory of a socket. */
  readonly host: string
  readonly port: number
}

export type HostRole = 'unknown' | 'primary' | 'standby'

/** One host of a {@link HostTable}, which alone changes it. */
export interface Host extends HostAddress {
  /** Its place in the table. */
  readonly index: number
  readonly role: HostRole
  /** Counts up when connections made before are not to be lent any more. */
  readonly generation: number
}

/** What the table keeps of a host. Instants are on the pool's clock; `-Infinity` is never. */
export class HostRecord implements Host {
  readonly host: string
  readonly port: number
  readonly index: number
  role: HostRole = 'unknown'
  generation = 0
  breaker: BreakerState = initialBreakerState
  /** Connections that failed or were lost since the last success. */
  failureCount = 0
  /** Pauses since the last success; failures during a pause begin none. */
  pauseCount = 0
  /** The end of the pause after a failure. */
  retryAtMs = -Infinity
  failingSinceMs: number | undefined
  lastFailureAtMs = -Infinity
  lastError: unknown
  recoveredAtMs = -Infinity
  /** When it was last asked for its role, or for its lag. */
  checkedAtMs = -Infinity
  isRoleInDoubt = false
  /** Since when it says that it is the primary, believed or not; undefined once it has been a standby. */
  claimedAtMs: number | undefined
  lagMs: number | undefined

  constructor({ host, port }: HostAddress, index: number) {
    this.host = host
    this.port = port
    this.index = index
  }

  get isFailing(): boolean {
    return this.failureCount > 0
  }

  /** It says that it is the primary, and another one is believed. */
  get isSuperseded(): boolean {
    return this.role === 'unknown' && this.claimedAtMs !== undefined
  }

  get lastErrorMessage(): string | undefined {
    return this.lastError === undefined ? undefined : describeError(this.lastError)
  }

  forgetFailures(): void {
    this.failureCount = 0
    this.pauseCount = 0
    this.retryAtMs = -Infinity
    this.failingSinceMs = undefined
    this.lastError = undefined
  }

  /** Its connections are of an old generation, and what it is has to be asked. */
  forgetRole(): void {
    this.generation++
    this.role = 'unknown'
    this.lagMs = undefined
  }

  finding(): HostFinding {
    const { host, port, role, lastErrorMessage: lastError } = this
    return { host, port, role, ...(lastError === undefined ? {} : { lastError }) }
  }

  stats(): HostStats {
    const { host, port, role, generation, lagMs, lastErrorMessage } = this
    return {
      host,
      port,
      role,
      breaker: this.breaker.kind,
      consecutiveFailures: this.failureCount,
      generation,
      ...(lagMs === undefined ? {} : { lagMs }),
      ...(lastErrorMessage === undefined ? {} : { lastErrorMessage }),
    }
  }
}

/** A message without what a careless `connection` function may have put into it. */
function describeError(error: unknown): string {
  const { message, code } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >
  const text = typeof message === 'string' && message !== '' ? message : typeof code === 'string' ? code : ''
  return (text === '' ? 'unknown error' : text)
    .replace(/(\/\/[^\s/:@]*):[^\s@]*@/g, '$1:***@')
    .replace(/\b(password|passwd|pwd|passphrase)(\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;]+)/gi, '$1$2***')
}
