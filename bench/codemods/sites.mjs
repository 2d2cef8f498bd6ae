// Modules that take connections, one or more in every built-in dialect, and what they stand on.
import { helpers } from './modules.mjs'

const header = (imports) =>
  imports.map(({ file, exported }) => `import { ${exported} } from '../${file}.js'`).join('\n')

/** Turns `imports` into statements that use them, so that nothing is unused. */
const used = (imports) => imports.map(({ exported }) => `void ${exported}`).join('\n')

/**
 * Files that take connections are longer than others: in eight published packages (bench/README.md) 1.5 to 5.2 times as long as the average
 * file, 2.3 times in the middle. Here twice, by functions that take none.
 */
const timesAsLong = 2

const rest = (context) => helpers({ ...context, targetLines: timesAsLong * context.targetLines })

/** The files of every package that sites stand on; one of them is what `pgferry.config` names. */
export const supportModules = {
  'pool.ts': `import { Pool } from 'pg'

export const pool = new Pool({ max: 10 })
`,
  'database.ts': `import type { QueryResult } from 'pg'

export interface Handle {
  query(sql: string, values?: readonly unknown[]): Promise<QueryResult>
}

export interface Connections {
  connection(purpose: string): Promise<Handle & AsyncDisposable>
  withConnection<T>(purpose: string, work: (handle: Handle) => Promise<T>): Promise<T>
  acquireConnection(purpose: string): Promise<Handle>
  releaseConnection(handle: Handle, error?: unknown): void
}

export declare const connections: Connections
`,
  'legacy.ts': `import type { Handle } from './database.js'

export class InfraDelegate {
  async getDbConnection(): Promise<Handle> {
    throw new Error('no database in a benchmark')
  }
  releaseDbConnection(connection: Handle): void {
    void connection
  }
}

export class ResilientPoolManager {
  async getconn(): Promise<Handle> {
    throw new Error('no database in a benchmark')
  }
  putconn(connection: Handle): void {
    void connection
  }
  async withConnection<T>(work: (connection: Handle) => Promise<T>): Promise<T> {
    return work(await this.getconn())
  }
}

export const infra = new InfraDelegate()
export const pools = new ResilientPoolManager()
`,
}

function poolModule(context) {
  const { number, imports } = context
  return {
    exported: `store${number}`,
    sites: 2,
    text: `import { pool } from '../pool.js'
${header(imports)}

/** Writes one row and answers with its number. */
export async function store${number}(name: string, amount: number): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const { rows } = await client.query('insert into entry${number} (name, amount) values ($1, $2) returning id', [name, amount])
    await client.query('commit')
    return Number(rows[0]?.id)
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

export async function read${number}(id: number): Promise<string | undefined> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('select name from entry${number} where id = $1', [id])
    return rows[0]?.name
  } finally {
    client.release()
  }
}
${rest(context)}
${used(imports)}
`,
  }
}

function leakyModule(context) {
  const { number, imports } = context
  return {
    exported: `touch${number}`,
    sites: 1,
    text: `import { pool } from '../pool.js'
${header(imports)}

export async function touch${number}(id: number): Promise<void> {
  const client = await pool.connect()
  await client.query('update entry${number} set seen = now() where id = $1', [id])
  client.release()
}
${rest(context)}
${used(imports)}
`,
  }
}

function delegateModule(context) {
  const { number, imports } = context
  return {
    exported: `Repository${number}`,
    sites: 2,
    text: `import type { InfraDelegate } from '../legacy.js'
${header(imports)}

export class Repository${number} {
  constructor(private readonly infra: InfraDelegate) {}

  async find(id: number): Promise<unknown> {
    const connection = await this.infra.getDbConnection()
    if (id < 0) throw new RangeError('id must not be negative')
    try {
      const { rows } = await connection.query('select * from document${number} where id = $1', [id])
      return rows[0]
    } finally {
      this.infra.releaseDbConnection(connection)
    }
  }

  async remove(ids: readonly number[]): Promise<number> {
    const connection = await this.infra.getDbConnection()
    try {
      let removed = 0
      for (const id of ids) {
        const { rowCount } = await connection.query('delete from document${number} where id = $1', [id])
        removed += rowCount ?? 0
      }
      return removed
    } finally {
      this.infra.releaseDbConnection(connection)
    }
  }
}
${rest(context)}
${used(imports)}
`,
  }
}

function managerModule(context) {
  const { number, imports } = context
  return {
    exported: `count${number}`,
    sites: 2,
    text: `import { pools } from '../legacy.js'
${header(imports)}

export async function count${number}(): Promise<number> {
  const connection = await pools.getconn()
  try {
    const { rows } = await connection.query('select count(*) as total from part${number}')
    return Number(rows[0]?.total ?? 0)
  } finally {
    pools.putconn(connection)
  }
}

export async function names${number}(): Promise<readonly string[]> {
  return pools.withConnection(async (connection) => {
    const { rows } = await connection.query('select name from part${number} order by name')
    return rows.map((row: { readonly name: string }) => row.name)
  })
}
${rest(context)}
${used(imports)}
`,
  }
}

export const siteModules = [poolModule, poolModule, leakyModule, delegateModule, managerModule]
