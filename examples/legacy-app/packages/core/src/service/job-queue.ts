import type { Pool, PoolClient } from 'pg'

export interface Job {
  readonly id: string
  readonly kind: string
  readonly payload: Record<string, unknown>
}

/** A queue of indexing jobs in a table. */
export class JobQueue {
  /** How many jobs were finished by this object. */
  finished = 0
  private readonly pool: Pool
  private readonly collection: string

  constructor(pool: Pool, collection: string) {
    this.pool = pool
    this.collection = collection
  }

  async enqueue(kind: string, payload: Record<string, unknown>): Promise<string> {
    const client = await this.pool.connect()
    try {
      const added = await client.query<{ id: string }>(
        'INSERT INTO legacy_app.jobs (collection, kind, payload) VALUES ($1, $2, $3) RETURNING id',
        [this.collection, kind, JSON.stringify(payload)],
      )
      return added.rows[0]!.id
    } finally {
      client.release()
    }
  }

  /** The oldest queued job, now running; undefined when there is none. */
  async claim(): Promise<Job | undefined> {
    const client = await this.pool.connect()
    try {
      await client.query('BEGIN')
      const next = await client.query<Job>(
        `SELECT id, kind, payload FROM legacy_app.jobs WHERE collection = $1 AND state = 'queued'
         ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`,
        [this.collection],
      )
      const job = next.rows[0]
      if (!job) {
        await client.query('ROLLBACK')
        return undefined
      }
      await client.query(`UPDATE legacy_app.jobs SET state = 'running', attempts = attempts + 1 WHERE id = $1`, [
        job.id,
      ])
      await client.query('COMMIT')
      return job
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  }

  async finish(id: string): Promise<void> {
    const client = await this.pool.connect()
    try {
      await client.query(`UPDATE legacy_app.jobs SET state = 'done' WHERE id = $1`, [id])
    } finally {
      this.finished += 1
      client.release()
    }
  }

  /** Runs a claimed job's effects in one transaction; `commit` and `rollback` below give the connection back. */
  async runInTransaction(job: Job, work: (client: PoolClient) => Promise<void>): Promise<void> {
    const client = await begin(this.pool)
    try {
      await work(client)
      await client.query(`UPDATE legacy_app.jobs SET state = 'done' WHERE id = $1`, [job.id])
    } catch (error) {
      await rollback(client)
      throw error
    }
    await commit(client)
    this.finished += 1
  }

  /** How many jobs are in a state. */
  async count(state: string): Promise<number> {
    const counted = await this.pool.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM legacy_app.jobs WHERE collection = $1 AND state = $2',
      [this.collection, state],
    )
    return counted.rows[0]!.n
  }

  /** Puts running jobs back in the queue, one connection a job so that a broken one stops nobody. */
  async requeue(ids: readonly string[]): Promise<number> {
    let requeued = 0
    for (const id of ids) {
      const client = await this.pool.connect()
      try {
        const changed = await client.query(
          `UPDATE legacy_app.jobs SET state = 'queued' WHERE id = $1 AND state = 'running'`,
          [id],
        )
        if (changed.rowCount === 0) continue
        requeued += 1
      } finally {
        client.release()
      }
    }
    return requeued
  }
}

async function begin(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect()
  await client.query('BEGIN')
  return client
}

async function commit(client: PoolClient): Promise<void> {
  await client.query('COMMIT')
  client.release()
}

async function rollback(client: PoolClient): Promise<void> {
  await client.query('ROLLBACK')
  client.release()
}
