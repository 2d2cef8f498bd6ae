import { createHash } from 'node:crypto'
import { StatementPace } from './statement-pace'
import { decideRoute, type StatementRoute } from './statement-route'

/** What is known of one text. */
export class StatementRecord {
  readonly route: StatementRoute
  readonly pace = new StatementPace()
  #uses = 0
  #name: string | undefined

  constructor(private readonly text: string) {
    this.route = decideRoute(text)
  }

  /**
   * Counts one use; from the second on it answers the name under which a server keeps the statement. The name tells the text,
   * so that behind a pooler, too, it never stands for another one.
   */
  nameForUse(): string | undefined {
    if (++this.#uses < 2) return undefined
    this.#name ??= `pgferry_${createHash('sha256').update(this.text).digest('base64url').slice(0, 32)}`
    return this.#name
  }
}

/** A text beyond this length is not worth remembering. */
const longestRemembered = 20_000

/** What is known of the texts used lately; bounded by two generations of `capacity` texts each. */
export class StatementCatalog {
  #young = new Map<string, StatementRecord>()
  #old = new Map<string, StatementRecord>()

  constructor(private readonly capacity = 1_000) {}

  recordOf(text: string): StatementRecord {
    const young = this.#young.get(text)
    if (young !== undefined) return young
    const record = this.#old.get(text) ?? new StatementRecord(text)
    if (text.length > longestRemembered) return record
    if (this.#young.size >= this.capacity) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(text, record)
    return record
  }
}
