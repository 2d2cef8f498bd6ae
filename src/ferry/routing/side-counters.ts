import type { Side } from '../catalog/side'

/** Acquires of one side since the start. */
export interface SideCount {
  /** Acquires that ended, one way or the other. */
  readonly attempts: number
  readonly failures: number
  /** Milliseconds of all attempts together, waiting included. */
  readonly totalAcquireMs: number
}

/** Counts each attempt once, on one side, with one outcome. */
export class SideCounters {
  readonly #counts: Record<Side, { attempts: number; failures: number; totalAcquireMs: number }> = {
    legacy: { attempts: 0, failures: 0, totalAcquireMs: 0 },
    service: { attempts: 0, failures: 0, totalAcquireMs: 0 },
  }

  succeeded(side: Side, tookMs: number): void {
    const counts = side === 'service' ? this.#counts.service : this.#counts.legacy
    counts.attempts += 1
    if (tookMs > 0) counts.totalAcquireMs += tookMs
  }

  failed(side: Side, tookMs: number): void {
    this.succeeded(side, tookMs)
    this.#counts[side].failures += 1
  }

  read(): Readonly<Record<Side, SideCount>> {
    return { legacy: { ...this.#counts.legacy }, service: { ...this.#counts.service } }
  }
}
