import type { QueryResult } from 'pg'
import type { Clock } from '../core/clock'

/** What a statement is answered with: rows, a whole result, an error, or a function of the statement that gives one of these. */
export type MockReply =
  | readonly Record<string, unknown>[]
  | Partial<QueryResult>
  | Error
  | ((statement: MockStatement) => MockReply | Promise<MockReply>)

export interface MockStatement {
  /** Number of the connection, from 1 in the order of opening. */
  readonly connectionId: number
  readonly text: string
  readonly values: readonly unknown[]
}

interface Rule {
  readonly matcher: string | RegExp
  readonly reply: MockReply
  readonly delayMs: number
  remaining: number
}

export interface ReplyOptions {
  /** Milliseconds by the pool's clock until the answer. */
  readonly delayMs?: number
  /** How often the rule applies; default always. */
  readonly times?: number
}

/** The imaginary server behind a mock pool: it answers by rules, records what it is sent, and fails when it is told to. */
export class MockServer {
  /** Every statement in order of arrival, the pool's own (`ROLLBACK`) included. */
  readonly statements: MockStatement[] = []
  /** Milliseconds by the pool's clock that opening a connection takes. */
  connectDelayMs = 0
  readonly #clock: Clock
  readonly #rules: Rule[] = []
  readonly #connectFailures: Error[] = []
  readonly #kills = new Map<number, (error: Error) => void>()
  #openedCount = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Connections that have been opened so far. */
  get openedCount(): number {
    return this.#openedCount
  }

  /** Connections that are open now. */
  get openCount(): number {
    return this.#kills.size
  }

  /** Answers statements that contain a string or match a pattern; the rule added last is asked first. */
  reply(
    matcher: string | RegExp,
    reply: MockReply,
    { delayMs = 0, times = Infinity }: ReplyOptions = {},
  ): this {
    this.#rules.unshift({ matcher, reply, delayMs, remaining: times })
    return this
  }

  /** Lets the next `times` attempts to connect fail. */
  failConnect(error: Error, times = 1): this {
    for (let count = 0; count < times; count++) this.#connectFailures.push(error)
    return this
  }

  /** Breaks an open connection as a server does that is shut down. */
  kill(connectionId: number, error: Error = new Error('Connection terminated unexpectedly')): void {
    this.#kills.get(connectionId)?.(error)
  }

  /** @internal */
  async accept(kill: (error: Error) => void): Promise<number> {
    await this.#delay(this.connectDelayMs)
    const failure = this.#connectFailures.shift()
    if (failure !== undefined) throw failure
    const id = ++this.#openedCount
    this.#kills.set(id, kill)
    return id
  }

  /** @internal */
  forget(connectionId: number): void {
    this.#kills.delete(connectionId)
  }

  /** @internal */
  async answer(statement: MockStatement): Promise<Partial<QueryResult>> {
    this.statements.push(statement)
    const rule = this.#rules.find(
      ({ matcher, remaining }) => remaining > 0 && isMatch(matcher, statement.text),
    )
    if (rule !== undefined) rule.remaining--
    await this.#delay(rule?.delayMs ?? 0)
    return resolveReply(rule?.reply ?? [], statement)
  }

  async #delay(delayMs: number): Promise<void> {
    if (delayMs <= 0) return
    await new Promise<void>((resolve) => {
      this.#clock.setTimer(resolve, delayMs)
    })
  }
}

function isMatch(matcher: string | RegExp, text: string): boolean {
  return typeof matcher === 'string'
    ? text.includes(matcher)
    : new RegExp(matcher.source, matcher.flags).test(text)
}

async function resolveReply(reply: MockReply, statement: MockStatement): Promise<Partial<QueryResult>> {
  if (typeof reply === 'function') return resolveReply(await reply(statement), statement)
  if (reply instanceof Error) throw reply
  return isRows(reply) ? { rows: [...reply], rowCount: reply.length } : reply
}

function isRows(
  reply: readonly Record<string, unknown>[] | Partial<QueryResult>,
): reply is readonly Record<string, unknown>[] {
  return Array.isArray(reply)
}
