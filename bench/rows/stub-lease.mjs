// Acquire and release without a server: what a pool itself costs. One caller after the other, and 50 at once on 10 connections. Each pool
// in a process of its own.
import { ratioOf, toLine } from '../harness.mjs'
import { takeProcessTurns } from '../support/contender-processes.mjs'
import { createStubPgPool, genericPeers, stubFaces } from '../support/stub-pools.mjs'

const works = {
  'acquire + release, stub, 1 caller': { callers: 1 },
  'acquire + release, stub, 50 callers on 10': { callers: 50 },
}

export const contenders = { 'pg.Pool': createStubPgPool, ...genericPeers, ...stubFaces }

export async function run() {
  const generic = Object.keys(genericPeers)
  const raw = {}
  const lines = []
  for (const [work, load] of Object.entries(works)) {
    const samples = await takeProcessTurns(import.meta.url, Object.keys(contenders), load)
    raw[work] = samples
    for (const ours of Object.keys(stubFaces)) {
      const against = (peer) => ratioOf(samples, [ours, peer], 'perSecond')
      const base = { work, ours, measure: 'leases/s' }
      lines.push(toLine({ ...base, peer: 'pg.Pool', summary: against('pg.Pool'), sign: '>=', limit: 5 }))
      // The one that is hardest to beat stands for all of them.
      const [hardest] = generic.toSorted((a, b) => against(a).value - against(b).value)
      const peer = `${hardest} (fastest of ${generic.length})`
      lines.push(toLine({ ...base, peer, summary: against(hardest), sign: '>', limit: 1 }))
    }
  }
  return { lines, raw }
}
