import { durationBuckets } from './duration-buckets'

/** Counts of durations by bucket, for text that a scraper reads. */
export class DurationHistogram {
  readonly #counts = durationBuckets.map(() => 0)
  #count = 0
  #sum = 0

  record(seconds: number): void {
    const bucket = durationBuckets.findIndex((bound) => seconds <= bound)
    if (bucket !== -1) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    this.#sum += seconds
  }

  get count(): number {
    return this.#count
  }

  /** Seconds. */
  get sum(): number {
    return this.#sum
  }

  /** How many were at most as long as each upper bound; the last bound is `+Inf`. */
  cumulative(): readonly { readonly bound: string; readonly count: number }[] {
    let total = 0
    const bounded = durationBuckets.map((bound, index) => {
      total += this.#counts[index] ?? 0
      return { bound: String(bound), count: total }
    })
    return [...bounded, { bound: '+Inf', count: this.#count }]
  }
}
