import { describeOnEachPool } from '../../clients/pools'
import { describeTransactions } from '../../clients/transactions'

describeOnEachPool('node-postgres itself', (rig) => {
  describeTransactions(rig, (pool) => ({
    run: async (sql) => (await pool.query(sql)).rows,
    transaction: async (work) => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        const result = await work(async (sql) => (await client.query(sql)).rows)
        await client.query('COMMIT')
        return result
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
    },
  }))
})
