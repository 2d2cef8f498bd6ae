import { AsyncResource } from 'node:async_hooks'
import type { PoolClient } from 'pg'
import { isConnectionHandle } from '../../core/connection-handle'
import type { LentClient, Loan, ReleaseClient, Waiter } from './lender'

export type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: ReleaseClient,
) => void

/** A caller who awaits a client. */
export class PromiseWaiter implements Waiter {
  sinceMs = 0

  constructor(
    private readonly resolve: (client: LentClient) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  deliver(loan: Loan): void {
    this.resolve(loan.handOut())
  }

  refuse(error: unknown): void {
    this.reject(error)
  }
}

/** A caller who is called back: in its own async context, although the client comes free in somebody else's. */
export class CallbackWaiter implements Waiter {
  sinceMs = 0
  readonly #callback: ConnectCallback

  constructor(callback: ConnectCallback) {
    this.#callback = AsyncResource.bind(callback)
  }

  deliver(loan: Loan): void {
    const client = loan.handOut()
    this.#callback(undefined, client as unknown as PoolClient, releaseOf(client))
  }

  refuse(error: unknown): void {
    this.#callback(error as Error, undefined, doNothing)
  }
}

/** What a callback gets to give the client back with. */
export function releaseOf(client: LentClient): ReleaseClient {
  if (!isConnectionHandle(client)) return client.release
  return (error) => {
    client.release(error as Error)
  }
}

function doNothing(): void {
  // There is nothing to give back.
}
