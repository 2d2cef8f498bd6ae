import type { Pool } from 'pg'
import type { ClientRig } from './pools'

type Row = Record<string, unknown>
/** One statement without parameters, in whatever way the library runs it. */
type Run = (sql: string) => Promise<readonly Row[]>

/** A library at work on a pool, seen only through what all libraries can do. */
export interface LibrarySession {
  readonly run: Run
  /** A transaction of the library: commits when `work` resolves, rolls back and rejects when it rejects. */
  transaction<T>(work: (run: Run) => Promise<T>): Promise<T>
  /** Shuts the library down; it may end the pool. */
  close?(): unknown
}

/** Transactions, as an application relies on them, whatever library sends the statements. */
export function describeTransactions(
  rig: ClientRig,
  open: (pool: Pool) => LibrarySession | Promise<LibrarySession>,
): void {
  const openOn = async (pool: Pool): Promise<LibrarySession> => {
    const session = await open(pool)
    if (session.close !== undefined) rig.beforeEnd(() => session.close?.())
    await session.run('CREATE TABLE IF NOT EXISTS entry (owner text NOT NULL, amount int NOT NULL)')
    await session.run('TRUNCATE entry')
    return session
  }

  test('a committed transaction is seen by others only once it has committed', async () => {
    const session = await openOn(rig.pool())
    const during = await session.transaction(async (run) => {
      await run("INSERT INTO entry VALUES ('ada', 1)")
      return { inside: await count(run), outside: await count(session.run) }
    })
    expect(during).toEqual({ inside: 1, outside: 0 })
    expect(await count(session.run)).toBe(1)
  })

  test('a transaction whose work fails leaves nothing and passes its error on', async () => {
    const session = await openOn(rig.pool())
    const failure = new Error('the work failed')
    const work = session.transaction(async (run) => {
      await run("INSERT INTO entry VALUES ('ada', 1)")
      throw failure
    })
    await expect(work).rejects.toThrow('the work failed')
    expect(await count(session.run)).toBe(0)
  })

  test('a statement that fails inside a transaction undoes it, and the connection serves the next caller', async () => {
    const session = await openOn(rig.pool({ max: 1 }))
    const work = session.transaction(async (run) => {
      await run("INSERT INTO entry VALUES ('ada', 1)")
      await run("INSERT INTO entry VALUES ('ada', NULL)")
    })
    await expect(work).rejects.toThrow()
    expect(await count(session.run)).toBe(0)
    await session.transaction((run) => run("INSERT INTO entry VALUES ('ben', 2)"))
    expect(await count(session.run)).toBe(1)
  })

  test('two transactions that are open at the same time have a connection each and do not see each other', async () => {
    const session = await openOn(rig.pool())
    const bothWrote = meetingOf(2)
    const bothRead = meetingOf(2)
    const one = async (owner: string): Promise<{ backends: number[]; seen: number }> =>
      session.transaction(async (run) => {
        const backends = [await backend(run)]
        await run(`INSERT INTO entry VALUES ('${owner}', 1)`)
        await bothWrote()
        const seen = await count(run)
        await bothRead()
        backends.push(await backend(run))
        return { backends: [...new Set(backends)], seen }
      })
    const [ada, ben] = await Promise.all([one('ada'), one('ben')])
    expect([ada.seen, ben.seen]).toEqual([1, 1])
    expect([ada.backends.length, ben.backends.length]).toEqual([1, 1])
    expect(ada.backends).not.toEqual(ben.backends)
    expect(await count(session.run)).toBe(2)
  })

  test('twenty transactions at once share what the pool allows and lose no update', async () => {
    const pool = rig.pool({ max: 3 })
    const session = await openOn(pool)
    await session.run("INSERT INTO entry VALUES ('ada', 0)")
    const backends = await Promise.all(
      Array.from({ length: 20 }, () =>
        session.transaction(async (run) => {
          const [row] = await run("SELECT amount FROM entry WHERE owner = 'ada' FOR UPDATE")
          await run(`UPDATE entry SET amount = ${Number(row?.['amount']) + 1} WHERE owner = 'ada'`)
          return backend(run)
        }),
      ),
    )
    expect(await session.run('SELECT amount FROM entry')).toEqual([{ amount: 20 }])
    expect(new Set(backends).size).toBeLessThanOrEqual(3)
    expect(pool.totalCount).toBeLessThanOrEqual(3)
  })

  test('one connection is enough for work done one after the other', async () => {
    const pool = rig.pool()
    const session = await openOn(pool)
    const backends = [
      await backend(session.run),
      await session.transaction(backend),
      await backend(session.run),
    ]
    expect(new Set(backends).size).toBe(1)
    expect(pool.totalCount).toBe(1)
  })
}

async function count(run: Run): Promise<number> {
  const [row] = await run('SELECT count(*)::int AS count FROM entry')
  return Number(row?.['count'])
}

async function backend(run: Run): Promise<number> {
  const [row] = await run('SELECT pg_backend_pid() AS pid')
  return Number(row?.['pid'])
}

/** Each caller waits until `size` callers have come. */
function meetingOf(size: number): () => Promise<void> {
  let arrivals = 0
  let open: () => void
  const everyone = new Promise<void>((resolve) => {
    open = resolve
  })
  return () => {
    arrivals++
    if (arrivals === size) open()
    return everyone
  }
}
