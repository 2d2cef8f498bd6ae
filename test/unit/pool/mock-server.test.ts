import { MockPoolStrategy } from '../../../src/pool/mock-pool'

async function borrow() {
  const pool = new MockPoolStrategy()
  return { pool, server: pool.server, client: (await pool.acquire({ purpose: 'test' })).client }
}

test('a statement is answered by the rule added last, as rows, result, error or function', async () => {
  const { server, client } = await borrow()
  server.reply(/^select/i, [{ id: 1 }]).reply('count', { rows: [{ n: 2 }], rowCount: 7 })
  server.reply('mirror', ({ text, values }) => [{ text, values }]).reply('fail', () => new Error('as told'))
  expect(await client.query('select 1')).toMatchObject({ command: 'SELECT', rows: [{ id: 1 }], rowCount: 1 })
  expect(await client.query('select count(*)')).toMatchObject({ rows: [{ n: 2 }], rowCount: 7 })
  expect((await client.query({ text: 'mirror', values: [3] })).rows).toEqual([
    { text: 'mirror', values: [3] },
  ])
  await expect(client.query('fail')).rejects.toThrow('as told')
  expect(server.statements).toHaveLength(4)
})

test('a rule applies as often as it says', async () => {
  const { server, client } = await borrow()
  server.reply('SELECT', [{ once: true }], { times: 1 })
  expect((await client.query('SELECT 1')).rows).toEqual([{ once: true }])
  expect((await client.query('SELECT 1')).rows).toEqual([])
})

test('callbacks and submittables are answered in their own form', async () => {
  const { client } = await borrow()
  const result = await new Promise((resolve) => {
    client.query('SELECT $1', [1], (_error, answer) => {
      resolve(answer)
    })
  })
  expect(result).toMatchObject({ rows: [] })
  const error = await new Promise((resolve) => {
    client.query({ submit: () => undefined, handleError: resolve } as never)
  })
  expect(String(error)).toContain('a mock connection runs no submittable queries')
})

test('a commit of a failed transaction is answered with rollback', async () => {
  const { server, client } = await borrow()
  server.reply('wrong', new Error('no'))
  await client.query('BEGIN')
  expect(client.getTransactionStatus()).toBe('T')
  await client.query('wrong').catch(() => undefined)
  expect(client.getTransactionStatus()).toBe('E')
  expect((await client.query('COMMIT')).command).toBe('ROLLBACK')
  expect(client.getTransactionStatus()).toBe('I')
})

test('a client that has ended answers nothing any more', async () => {
  const { server, client } = await borrow()
  server.kill(1)
  server.kill(99)
  await expect(client.query('SELECT 1')).rejects.toThrow('Client was closed')
  expect(server.openCount).toBe(0)
})
