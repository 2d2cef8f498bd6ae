import { writeLastKnown, type LastKnown } from './last-known'
import { toError } from './to-error'

/** So long an unchanged file may lag behind the server's last word, in ms. */
const maxLagMs = 60_000

/** Keeps the file of last known flags up to date: one write at a time, the newest flags last. */
export class LastKnownWriter {
  #written: LastKnown | undefined
  #next: LastKnown | undefined
  #running: Promise<void> | undefined
  #hasWarned = false

  constructor(private readonly path: string) {}

  /** Takes note of flags that the server vouched for; writes when they changed or the file lags behind. */
  note(known: LastKnown): void {
    const before = this.#written
    const isFresh =
      before !== undefined &&
      known.confirmedAtMs - before.confirmedAtMs < maxLagMs &&
      JSON.stringify(known.values) === JSON.stringify(before.values)
    if (isFresh) return
    this.#written = known
    this.#next = known
    this.#running ??= this.#run()
  }

  /** Resolves when nothing is left to write. */
  async flush(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#next !== undefined) {
      const known = this.#next
      this.#next = undefined
      try {
        await writeLastKnown(this.path, known)
      } catch (error) {
        this.#warnOnce(error)
      }
    }
    this.#running = undefined
  }

  /** The flags themselves are well; only the next start will lack them. */
  #warnOnce(error: unknown): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    process.emitWarning(`cannot write the last known flags: ${toError(error).message}`, 'PgferryWarning')
  }
}
