import { release as kernelRelease } from 'node:os'
import { Gate } from '@legacy-app/core'
import { infra } from './database'

const gate = new Gate()

/** Runs `work` in this process alone, then with an advisory lock in this database alone. */
export async function runExclusively<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
  // A lock of this process: taken and released, but no database connection.
  const pass = await gate.acquire()
  try {
    const conn = await infra.getDbConnection()
    const owner = `${process.pid} on ${kernelRelease()}`
    try {
      await conn.query('BEGIN')
      const locked = await conn.query<{ locked: boolean }>(
        'SELECT pg_try_advisory_xact_lock(hashtext($1)) AS locked',
        [name],
      )
      const result = locked.rows[0]?.locked === true ? await work() : undefined
      await conn.query('COMMIT')
      return result
    } catch (error) {
      await conn.query('ROLLBACK')
      throw new Error(`${name} failed for ${owner}`, { cause: error })
    } finally {
      infra.releaseDbConnection(conn)
    }
  } finally {
    pass.release()
  }
}
