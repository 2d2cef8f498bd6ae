import type { ClientBase } from 'pg'
import { activityOf } from './pg-client-state'
import { readBaseline, untouched, type Baseline } from './session-baseline'
import {
  irreplaceable,
  namesOf,
  other,
  resettable,
  role,
  touchedBy,
  type SessionStateKind,
} from './session-kinds'
import { resetText } from './session-reset'
import { effectOfTag } from './session-tags'
import { deallocatedNames, effectOfText } from './session-text'

export type { SessionStateKind } from './session-kinds'

/** What brings a session back to its baseline: nothing, one message of the simple protocol, or only a new connection. */
export type ResetPlan =
  | { readonly kind: 'clean' }
  | { readonly kind: 'statement'; readonly text: string }
  | { readonly kind: 'cannot'; readonly why: string }

interface WireStatement {
  readonly text: string
  readonly name?: string
}

interface WirePortal {
  readonly statement?: string
  readonly values?: readonly unknown[]
}

/** What we reach for inside a `pg.Client`; all of it is there from 8.21 to 8.23. */
interface WireConnection {
  query: (text: string) => void
  parse: (statement: WireStatement) => void
  bind: (portal: WirePortal) => void
  on(event: 'commandComplete', listener: (message: { readonly text: string }) => void): void
  readonly parsedStatements?: Record<string, string>
}

/** Where a connection keeps who watches it: the functions that are put on it are then the same ones for all connections. */
const watcher = Symbol('pgferry.sessionState')

interface WatchedConnection extends WireConnection {
  [watcher]: SessionState
}

/** An idle connection does not keep a longer text alive; a SET inside of it is taken for the worst. */
const longestKept = 10_000

/**
 * Knows what session state was touched on one client since it was last clean. It watches what goes over the wire, so that
 * callbacks, cursors, streams and several statements in one text are all seen; the server's command tags judge a statement,
 * its text only where they say too little. In doubt the session counts as touched. Not seen is what a function does inside
 * that is called by SELECT: who has such functions resets `'always'`.
 *
 * On a client that is not `pg`'s own (a mock, a native one) nothing is seen, and it counts as clean.
 */
export class SessionState {
  readonly #client: ClientBase
  readonly #connection: WireConnection | undefined
  /** Its own ways to send. */
  #query: WireConnection['query'] | undefined
  #parse: WireConnection['parse'] | undefined
  #bind: WireConnection['bind'] | undefined
  #isPipelined = false
  #touched = 0
  #baseline: Baseline = untouched
  /** The text sent last, and its effect: the same one is not read twice. */
  #text = ''
  #textEffect = 0
  /** Effects of statements that the driver has prepared under a name, and sends no more than the name of from then on. */
  #namedEffects: Map<string, number> | undefined
  /** What EXECUTE may do on a connection whose hooks have used SQL's PREPARE. */
  #executeEffect = 0
  /** What the connect hooks send, until the baseline is taken. */
  #mentioned: string[] | undefined = []

  /** @param client one that has logged in and has run nothing yet; its connect hooks come after */
  constructor(client: ClientBase) {
    this.#client = client
    this.#connection = wireConnectionOf(client)
    if (this.#connection !== undefined) this.#watch(this.#connection)
  }

  /** Whether anything was touched since the baseline or the last reset. */
  get isTouched(): boolean {
    return this.#touched !== 0
  }

  /** What was touched, by kind. */
  touched(): readonly SessionStateKind[] {
    return namesOf(this.#touched)
  }

  /**
   * Makes what the session has now its baseline. To be called once, after the connect hooks; asks the server, in one round
   * trip, only where they have touched something or are still at work.
   */
  async takeBaseline(): Promise<void> {
    const mentioned = this.#mentioned ?? []
    const isUntouched = this.#touched === 0 && activityOf(this.#client) === 'ready'
    if (this.#connection !== undefined && !isUntouched) {
      const baseline = await readBaseline(this.#client, mentioned)
      this.#baseline = { ...baseline, kinds: baseline.kinds | (this.#touched & role) }
      const isPreparing = mentioned.some((text) => /\bprepare\b/i.test(text))
      if (isPreparing) this.#executeEffect = mentioned.reduce((sum, text) => sum | effectOfText(text), 0)
    }
    this.#mentioned = undefined
    this.#touched = 0
    this.#text = ''
    this.#textEffect = 0
  }

  /** How to bring the baseline back. `'always'` resets what could have been touched unseen too. */
  resetPlan(mode: 'when-dirty' | 'always'): ResetPlan {
    const kept = this.#baseline.kinds & irreplaceable
    const mixed = this.#touched & kept
    if ((this.#touched & other) !== 0) {
      return { kind: 'cannot', why: 'it has loaded or opened what only the end of the session takes back' }
    }
    if (mixed !== 0) {
      const names = namesOf(mixed).join(', ')
      return {
        kind: 'cannot',
        why: `what the borrower left (${names}) is mixed with what a connect hook had set up`,
      }
    }
    const kinds = mode === 'always' ? this.#touched | (resettable & ~kept) : this.#touched
    if (kinds === 0) return { kind: 'clean' }
    return { kind: 'statement', text: resetText(kinds, this.#baseline) }
  }

  /** To be called when the reset has succeeded. */
  markClean(): void {
    this.#touched = 0
  }

  #watch(connection: WireConnection): void {
    const { query, parse, bind } = connection
    this.#query = query
    this.#parse = parse
    this.#bind = bind
    this.#isPipelined = (this.#client as { readonly pipeline?: boolean }).pipeline === true
    Object.defineProperty(connection, watcher, { value: this })
    connection.query = SessionState.#queryOnWire
    connection.parse = SessionState.#parseOnWire
    connection.bind = SessionState.#bindOnWire
    connection.on('commandComplete', SessionState.#completedOnWire)
  }

  static #queryOnWire(this: WatchedConnection, text: string): void {
    const state = this[watcher]
    state.#sent(text)
    state.#query?.call(this, text)
  }

  static #parseOnWire(this: WatchedConnection, statement: WireStatement): void {
    const state = this[watcher]
    state.#sent(statement.text)
    if (statement.name) state.#named(statement.name)
    state.#parse?.call(this, statement)
  }

  static #bindOnWire(this: WatchedConnection, portal: WirePortal): void {
    const state = this[watcher]
    if (portal.statement) state.#bound(portal.statement)
    if (state.#mentioned !== undefined) state.#mention(portal.values ?? [])
    state.#bind?.call(this, portal)
  }

  static #completedOnWire(this: WatchedConnection, { text: tag }: { readonly text: string }): void {
    this[watcher].#completed(tag, this)
  }

  #completed(tag: string, connection: WireConnection): void {
    // With several texts on their way it is not known which of them a tag belongs to.
    const effect = effectOfTag(tag, this.#isPipelined ? '' : this.#text)
    if (effect === 0) return
    this.#touched |= touchedBy(effect, this.#baseline.kinds)
    if (tag.startsWith('D')) this.#forgetStatements(tag, connection.parsedStatements ?? {})
  }

  #sent(text: string): void {
    if (text !== this.#text) {
      this.#text = text.length > longestKept ? '' : text
      this.#textEffect = effectOfText(text)
      if (this.#executeEffect !== 0 && /\bexecute\b/i.test(text)) this.#textEffect |= this.#executeEffect
    }
    if (this.#mentioned !== undefined) this.#mention([text])
    if (this.#textEffect !== 0) this.#touched |= touchedBy(this.#textEffect, this.#baseline.kinds)
  }

  #named(name: string): void {
    if (this.#textEffect !== 0) (this.#namedEffects ??= new Map<string, number>()).set(name, this.#textEffect)
    else this.#namedEffects?.delete(name)
  }

  /** The driver may have sent the text of it long ago. */
  #bound(name: string): void {
    this.#text = ''
    this.#textEffect = 0
    const effect = this.#namedEffects?.get(name)
    if (effect !== undefined) this.#touched |= touchedBy(effect, this.#baseline.kinds)
  }

  #mention(values: readonly unknown[]): void {
    for (const value of values) if (typeof value === 'string') this.#mentioned?.push(value)
  }

  /** `pg` would name for ever what the borrower has deallocated behind its back, and fail each time (26000). */
  #forgetStatements(tag: string, statements: Record<string, string>): void {
    const isAll = tag === 'DISCARD ALL' || tag === 'DEALLOCATE ALL'
    const names = isAll ? Object.keys(statements) : tag === 'DEALLOCATE' ? deallocatedNames(this.#text) : []
    for (const name of names) Reflect.deleteProperty(statements, name)
  }
}

function wireConnectionOf(client: ClientBase): WireConnection | undefined {
  const { connection } = client as { readonly connection?: Partial<WireConnection> }
  const methods = [connection?.query, connection?.parse, connection?.bind, connection?.on]
  return methods.every((method) => typeof method === 'function') ? (connection as WireConnection) : undefined
}
