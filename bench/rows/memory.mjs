// Memory for each idle connection and for each caller that waits: heap and buffers, each measurement in a process of its own.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ratioOf, takeTurns, toLine } from '../harness.mjs'
import { startPostgres } from '../support/product.mjs'
import { serverFaces } from '../support/server-pools.mjs'

const runFile = promisify(execFile)
const script = fileURLToPath(new URL('../support/memory-process.mjs', import.meta.url))
const works = { idle: 'memory, an idle connection', waiter: 'memory, a waiter' }

export async function run() {
  const server = await startPostgres()
  const sides = Object.fromEntries(['pg.Pool', ...Object.keys(serverFaces)].map((side) => [side, side]))
  const raw = {}
  const lines = []
  for (const [what, work] of Object.entries(works)) {
    const samples = await takeTurns(sides, async (side) => {
      const order = JSON.stringify({ side, what, connection: server.connection })
      const { stdout } = await runFile(process.execPath, ['--expose-gc', script, order])
      return JSON.parse(stdout)
    })
    raw[work] = samples
    for (const ours of Object.keys(serverFaces)) {
      const summary = ratioOf(samples, [ours, 'pg.Pool'], 'bytes')
      lines.push(toLine({ work, ours, peer: 'pg.Pool', measure: 'bytes', summary, sign: '<=', limit: 1 }))
    }
  }
  await server.stop()
  return { lines, raw }
}
