import type { Clock, TimerHandle } from '../../core/clock'
import { compileUnleash } from './compile-unleash'
import type { FlagHealth } from './flag-source'
import { FlagStore } from './flag-store'
import { LastKnownWriter } from './last-known-writer'
import { readLastKnown } from './last-known'
import { toError } from './to-error'
import type { ConnectUnleash, UnleashConnection } from './unleash-client'
import type { UnleashFeature } from './unleash-feature'
import { withoutSecrets, type ResolvedUnleashOptions } from './unleash-options'

/** So many intervals without a good answer make the flags stale. */
const staleAfterIntervals = 5

/**
 * Keeps one connection to the server alive and its last good answer in the store. The client behind a connection gives
 * up after one refusal and backs off for minutes after outages, so a watchdog replaces it; whatever a replaced
 * connection still reports is not heard.
 */
export class UnleashReader {
  readonly store: FlagStore
  readonly #writer: LastKnownWriter | undefined
  #connection: { readonly handle: UnleashConnection; readonly atMs: number } | undefined
  #connectionCount = 0
  /** Whether "unchanged" means an answer that was accepted; after any failure it may mean one that was not. */
  #isTrusted = false
  #wasRefused = false
  /** `atMs` by the clock; `undefined` for flags of an earlier process. */
  #success: { readonly atMs: number | undefined; readonly wallClockMs: number } | undefined
  #failure: { readonly error: Error } | undefined
  #watchdog: TimerHandle | undefined

  constructor(
    private readonly options: ResolvedUnleashOptions,
    private readonly clock: Clock,
    private readonly connect: ConnectUnleash,
  ) {
    this.store = new FlagStore(clock)
    this.#writer =
      options.lastKnownFile === undefined ? undefined : new LastKnownWriter(options.lastKnownFile)
  }

  start(): void {
    this.#restore()
    this.#reconnect()
    this.#scheduleWatchdog()
  }

  health(): FlagHealth {
    if (this.store.isClosed) return { state: 'closed' }
    if (this.#success === undefined) return { state: 'starting', ...this.#failure }
    const { atMs, wallClockMs: lastSuccessAtMs } = this.#success
    const isLive = atMs !== undefined && this.clock.now() - atMs <= staleAfterIntervals * this.#intervalMs
    return isLive ? { state: 'live', lastSuccessAtMs } : { state: 'stale', lastSuccessAtMs, ...this.#failure }
  }

  async close(): Promise<void> {
    this.store.close()
    if (this.#watchdog !== undefined) this.clock.clearTimer(this.#watchdog)
    this.#watchdog = undefined
    this.#connection?.handle.close()
    this.#connection = undefined
    await this.#writer?.flush()
  }

  get #intervalMs(): number {
    return this.options.connect.refreshIntervalMs
  }

  /** What to begin with: the last known flags of an earlier process, else those of the options. */
  #restore(): void {
    const { bootstrap, lastKnownFile, lastKnownMaxAgeMs, connect } = this.options
    if (bootstrap !== undefined) this.store.publish(bootstrap)
    if (lastKnownFile === undefined) return
    try {
      const now = this.clock.wallClockMs()
      const known = readLastKnown(lastKnownFile, connect.environment, now, lastKnownMaxAgeMs)
      this.store.publish(known.values, known.confirmedAtMs)
      this.#success = { atMs: undefined, wallClockMs: known.confirmedAtMs }
    } catch (error) {
      // No usable file is no fault at a first start; what was wrong with it shows in `health()`.
      this.#fail(error)
    }
  }

  /** Replaces the connection, or makes the first: a fresh client asks at once and for the whole answer. */
  #reconnect(): void {
    const id = ++this.#connectionCount
    this.#connection?.handle.close()
    this.#isTrusted = false
    this.#wasRefused = false
    const ifCurrent =
      <A extends unknown[]>(react: (...args: A) => void) =>
      (...args: A) => {
        if (id === this.#connectionCount && !this.store.isClosed) react(...args)
      }
    const handle = this.connect(this.options.connect, {
      answered: ifCurrent((features: readonly UnleashFeature[]) => {
        this.#accept(features)
      }),
      unchanged: ifCurrent((features: readonly UnleashFeature[]) => {
        // After a failure the server may have "unchanged" an answer that was thrown away: ask for all of it.
        if (this.#isTrusted) this.#accept(features)
        else this.#reconnect()
      }),
      failed: ifCurrent((error: Error, isRefusal: boolean) => {
        this.#isTrusted = false
        this.#wasRefused ||= isRefusal
        this.#fail(error)
      }),
    })
    this.#connection = { handle, atMs: this.clock.now() }
  }

  #accept(features: readonly UnleashFeature[]): void {
    const compiled = compileUnleash(features, this.options.components)
    if (compiled.kind === 'rejected') {
      this.#isTrusted = false
      this.#fail(new Error(compiled.reason))
      return
    }
    this.#isTrusted = true
    this.#failure = undefined
    this.#success = { atMs: this.clock.now(), wallClockMs: this.clock.wallClockMs() }
    this.store.publish(compiled.values)
    this.#writer?.note({
      environment: this.options.connect.environment,
      confirmedAtMs: this.#success.wallClockMs,
      values: compiled.values,
    })
  }

  #fail(reason: unknown): void {
    this.#failure = { error: withoutSecrets(toError(reason), this.options.secrets) }
  }

  #scheduleWatchdog(): void {
    const look = () => {
      if (this.#isOverdue()) this.#reconnect()
      // A listener may have closed the source in answer to what came of that.
      if (!this.store.isClosed) this.#scheduleWatchdog()
    }
    this.#watchdog = this.clock.setTimer(look, this.#intervalMs, { isBackground: true })
  }

  #isOverdue(): boolean {
    if (this.#connection === undefined) return false
    const now = this.clock.now()
    if (this.#wasRefused) return now - this.#connection.atMs >= this.#intervalMs
    const patienceMs = Math.max(2 * this.#intervalMs, 3 * this.options.connect.timeoutMs)
    return now - Math.max(this.#connection.atMs, this.#success?.atMs ?? 0) >= patienceMs
  }
}
