import type { ClientBase, ClientConfig } from 'pg'
import type { Driver } from '../../src/pool/driver'
import { waitFor } from '../support/wait-for'

/** A driver and the server that it leads to. */
export interface DriverBench {
  readonly driver: Driver
  readonly config: ClientConfig
  /** A config with which the server refuses the login; a server without logins is told to refuse the next one. */
  refuseLogin(): ClientConfig
  /** Whether this end of the connection is open still. */
  isOpen(client: ClientBase): boolean
  /** Connections of this bench that the server has right now. */
  openCount(): number | Promise<number>
  /** Ends a connection from the server's side. */
  kill(client: ClientBase): Promise<void>
}

type MakeDriverBench = () => DriverBench | Promise<DriverBench>
type Case = (bench: DriverBench) => Promise<void>

/** The server answers this with an error. */
const wrong = 'SELECT * FROM no_such_table'

/** Registers the suite that every driver passes, the one in memory included: unit tests rely on it being like the real one. */
export function describeDriverContract(name: string, makeBench: MakeDriverBench): void {
  describe(`${name} keeps the contract of drivers`, () => {
    it.each(Object.entries(cases))('%s', async (_title, run) => {
      await run(await makeBench())
    })
  })
}

const cases: Readonly<Record<string, Case>> = {
  'opens a client that has logged in, is ready and has no transaction': async (bench) => {
    const { driver } = bench
    const client = await driver.open(bench.config)
    expect(driver.activity(client)).toBe('ready')
    expect(driver.transactionState(client)).toBe('none')
    expect(await bench.openCount()).toBe(1)
    await client.query('SELECT 1')
    await closeAll(driver, [client])
  },

  'opens clients side by side, each of its own': async (bench) => {
    const { driver } = bench
    const clients = await Promise.all([1, 2, 3].map(() => driver.open(bench.config)))
    expect(new Set(clients).size).toBe(3)
    expect(await bench.openCount()).toBe(3)
    await closeAll(driver, clients)
    expect(await bench.openCount()).toBe(0)
  },

  'rejects with an error when the server refuses the login, leaves nothing behind and goes on': async (
    bench,
  ) => {
    const { driver } = bench
    await expect(driver.open(bench.refuseLogin())).rejects.toBeInstanceOf(Error)
    expect(await bench.openCount()).toBe(0)
    const client = await driver.open(bench.config)
    expect(driver.activity(client)).toBe('ready')
    await closeAll(driver, [client])
  },

  'is busy while a query is under way or queued, and ready when the last one is answered': async (bench) => {
    const { driver } = bench
    const client = await driver.open(bench.config)
    const first = client.query('SELECT 1')
    const last = client.query('SELECT 2')
    expect(driver.activity(client)).toBe('busy')
    await first
    expect(driver.activity(client)).toBe('busy')
    await last
    expect(driver.activity(client)).toBe('ready')
    await closeAll(driver, [client])
  },

  'is settling from the error of a query until the server is ready, which the client tells by drain': async (
    bench,
  ) => {
    const { driver } = bench
    const client = await driver.open(bench.config)
    const drained = new Promise((resolve) => client.once('drain', resolve))
    const atError = await activityInCallback(driver, client, wrong)
    expect(atError).toEqual({ hasFailed: true, activity: 'settling' })
    await drained
    expect(driver.activity(client)).toBe('ready')
    expect(await activityInCallback(driver, client, 'SELECT 1')).toEqual({
      hasFailed: false,
      activity: 'ready',
    })
    await closeAll(driver, [client])
  },

  'answers queries that are sent from the callback of another, in order, and drains after the last': async (
    bench,
  ) => {
    const { driver } = bench
    const client = await driver.open(bench.config)
    const answered: string[] = []
    const drainedAfter: number[] = []
    client.on('drain', () => drainedAfter.push(answered.length))
    await new Promise<void>((resolve) => {
      client.query('SELECT 1', () => {
        answered.push('first')
        client.query('SELECT 2', () => {
          answered.push('second')
        })
        client.query('SELECT 3', () => {
          answered.push('third')
          resolve()
        })
      })
    })
    expect(answered).toEqual(['first', 'second', 'third'])
    await waitFor(() => driver.activity(client) === 'ready' && drainedAfter.length > 0, { what: 'drain' })
    expect(drainedAfter).toEqual([3])
    await closeAll(driver, [client])
  },

  'knows the transaction as the server reported it': async (bench) => {
    const { driver } = bench
    const client = await driver.open(bench.config)
    const stateAfter = async (statement: string) => {
      const { command } = await client.query(statement).catch(() => ({ command: 'failed' }))
      return [command, driver.transactionState(client)]
    }
    expect(await stateAfter('BEGIN')).toEqual(['BEGIN', 'open'])
    expect(await stateAfter('SELECT 1')).toEqual(['SELECT', 'open'])
    expect(await stateAfter('COMMIT')).toEqual(['COMMIT', 'none'])
    expect(await stateAfter(wrong)).toEqual(['failed', 'none'])
    expect(await stateAfter('BEGIN')).toEqual(['BEGIN', 'open'])
    await client.query(wrong).catch(() => undefined)
    await waitFor(() => driver.activity(client) === 'ready')
    expect(driver.transactionState(client)).toBe('failed')
    expect(await stateAfter('SELECT 1')).toEqual(['failed', 'failed'])
    expect(await stateAfter('COMMIT')).toEqual(['ROLLBACK', 'none'])
    await closeAll(driver, [client])
  },

  'has ended when the server ends it, and the query under way fails': async (bench) => {
    const { driver } = bench
    const client = await driver.open(bench.config)
    // The driver's own listener is what keeps this from ending the process.
    expect(client.listenerCount('error')).toBeGreaterThan(0)
    const ended = new Promise((resolve) => client.once('end', resolve))
    await bench.kill(client)
    await ended
    expect(driver.activity(client)).toBe('ended')
    await expect(client.query('SELECT 1')).rejects.toBeInstanceOf(Error)
    // A connection that is gone already is closed without further ado.
    await closeAll(driver, [client])
  },

  'has ended when its borrower ends it, and can be closed still': async (bench) => {
    const { driver } = bench
    const client = await driver.open(bench.config)
    await (client as ClientBase & { end(): Promise<void> }).end()
    expect(driver.activity(client)).toBe('ended')
    await closeAll(driver, [client])
    expect(await bench.openCount()).toBe(0)
  },

  'closes: has ended at once, and resolves when the server has the connection no more': async (bench) => {
    const { driver } = bench
    const [closed, kept] = await Promise.all([driver.open(bench.config), driver.open(bench.config)])
    const closing = driver.close(closed)
    expect(driver.activity(closed)).toBe('ended')
    await closing
    expect([bench.isOpen(closed), bench.isOpen(kept)]).toEqual([false, true])
    expect(await bench.openCount()).toBe(1)
    await expect(closed.query('SELECT 1')).rejects.toBeInstanceOf(Error)
    await kept.query('SELECT 1')
    await closeAll(driver, [kept])
  },

  'closes under a query that is running, which then fails': async (bench) => {
    const { driver } = bench
    const client = await driver.open(bench.config)
    const running = expect(client.query('SELECT pg_sleep(0.05)')).rejects.toBeInstanceOf(Error)
    await driver.close(client)
    await running
    expect(driver.activity(client)).toBe('ended')
    // The server may finish the query before it looks whether somebody is still there.
    await waitFor(async () => (await bench.openCount()) === 0, { what: 'the end of the session' })
    await driver.end()
  },

  'opens nothing any more once it has ended': async (bench) => {
    const { driver } = bench
    await closeAll(driver, [await driver.open(bench.config)])
    await expect(driver.open(bench.config)).rejects.toBeInstanceOf(Error)
    expect(await bench.openCount()).toBe(0)
  },
}

/** What the driver says of a client at the moment at which a query is answered. */
function activityInCallback(driver: Driver, client: ClientBase, statement: string): Promise<object> {
  return new Promise((resolve) => {
    client.query(statement, (error: Error | null | undefined) => {
      resolve({ hasFailed: error instanceof Error, activity: driver.activity(client) })
    })
  })
}

async function closeAll(driver: Driver, clients: readonly ClientBase[]): Promise<void> {
  await Promise.all(clients.map((client) => driver.close(client)))
  await driver.end()
}
