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
    this.#counts[side].attempts += 1
    this.#counts[side].totalAcquireMs += tookMs
  }

  failed(side: Side, tookMs: number): void {
    this.succeeded(side, tookMs)
    this.#counts[side].failures += 1
  }

  read(): Readonly<Record<Side, SideCount>> {
    return { legacy: { ...this.#counts.legacy }, service: { ...this.#counts.service } }
  }
}
