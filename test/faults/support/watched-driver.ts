import type { ClientBase } from 'pg'
import type { Clock } from '../../../src/core/clock'
import type { Driver } from '../../../src/pool/driver'
import { createClientDriver } from '../../../src/pool/pg-driver-client'

/** The real driver, and a second count of what it has open: the pool must not be asked about itself alone. */
export class WatchedDriver implements Driver {
  /** Connections from the first attempt to the end of the close. */
  liveCount = 0
  attemptCount = 0
  readonly #open = new Set<ClientBase>()
  readonly #driver: Driver
  readonly #onChange: () => void

  constructor(clock: Clock, onChange: () => void) {
    this.#driver = createClientDriver({ clock })
    this.#onChange = onChange
  }

  /** Server processes behind the connections that have logged in. */
  get processIds(): readonly number[] {
    return [...this.#open].map(processIdOf)
  }

  async open(...args: Parameters<Driver['open']>): Promise<ClientBase> {
    this.liveCount++
    this.attemptCount++
    this.#onChange()
    try {
      const client = await this.#driver.open(...args)
      this.#open.add(client)
      return client
    } catch (error) {
      this.liveCount--
      throw error
    }
  }

  async close(client: ClientBase): Promise<void> {
    await this.#driver.close(client)
    if (!this.#open.delete(client)) throw new Error('a connection was closed twice')
    this.liveCount--
  }

  activity(client: ClientBase) {
    return this.#driver.activity(client)
  }

  transactionState(client: ClientBase) {
    return this.#driver.transactionState(client)
  }

  async cancel(client: ClientBase): Promise<void> {
    await this.#driver.cancel?.(client)
  }

  end(): Promise<void> {
    return this.#driver.end()
  }
}

export function processIdOf(client: ClientBase): number {
  return (client as unknown as { processID: number }).processID
}
