import { AsyncResource } from 'node:async_hooks'
import { isSubmittable } from './guard-client'
import type { Lender, LenderOwner, Loan, Waiter } from './lender'

export type QueryDone = (error: unknown, result?: unknown) => void
type SendQuery = (text: unknown, values: unknown, callback: QueryDone) => unknown

/**
 * One statement on a client of its own. The client goes back before the caller is told, and is closed after an error, as in
 * `pg.Pool`.
 */
export class PoolQuery implements Waiter {
  sinceMs = 0
  #isOver = false
  /** That of the caller, who is served in the turn of whoever has released a client. */
  #scope: AsyncResource | undefined

  constructor(
    private readonly owner: LenderOwner,
    private readonly text: unknown,
    private readonly values: unknown,
    private readonly done: QueryDone,
  ) {}

  run(lender: Lender): void {
    const loan = lender.tryLend()
    if (loan === undefined) {
      this.#scope = new AsyncResource('pgferry.query')
      lender.wait(this)
    } else {
      this.#send(loan)
    }
  }

  refuse(error: unknown): void {
    this.done(error)
  }

  deliver(loan: Loan): void {
    if (this.#scope === undefined) this.#send(loan)
    else this.#scope.runInAsyncScope(this.#send, this, loan)
  }

  #send(loan: Loan): void {
    const { owner, text } = this
    const finish: QueryDone = (error, result) => {
      this.#finish(loan, error, result)
    }
    loan.onError = finish
    owner.log('dispatching query')
    try {
      const { client } = loan
      ;(client.query as SendQuery)(text, this.values, finish)
      // A cursor or a stream calls nobody back; it is over when its connection is ready for the next query.
      if (typeof text === 'object' && isSubmittable(text)) {
        client.once('drain', () => {
          finish(undefined, text)
        })
      }
    } catch (error) {
      process.nextTick(finish, error)
    }
  }

  #finish(loan: Loan, error: unknown, result: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.owner.log('query dispatched')
    loan.giveBack(error)
    if (error) this.done(error)
    else this.done(undefined, result)
  }
}
