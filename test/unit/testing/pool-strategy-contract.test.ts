import { describePoolStrategyContract } from '../../../src/testing/pool-strategy-contract'
import { MockPoolStrategy } from '../../../src/testing'

/** Notes what the contract registers. */
function createRunner(): { readonly run: string[]; readonly skipped: string[]; readonly runner: never } {
  const run: string[] = []
  const skipped: string[] = []
  const it = Object.assign((name: string) => run.push(name), { skip: (name: string) => skipped.push(name) })
  const describe = (_name: string, body: () => void): void => {
    body()
  }
  return { run, skipped, runner: { describe, it } as never }
}

const makeStrategy = (): never => new MockPoolStrategy() as never
const breakConnection = (): Promise<void> => Promise.resolve()

it('a case that is left out is listed with its reason', () => {
  const all = createRunner()
  describePoolStrategyContract('mine', makeStrategy, { breakConnection, runner: all.runner })
  const [title = ''] = all.run
  const { run, skipped, runner } = createRunner()
  const skips = { [title]: 'my pool is shared' }
  describePoolStrategyContract('mine', makeStrategy, { breakConnection, runner, skips })
  expect(skipped).toEqual([`${title} (left out: my pool is shared)`])
  expect(run).toEqual(all.run.slice(1))
})

it('a case that the contract does not have cannot be left out', () => {
  const { runner } = createRunner()
  const options = { breakConnection, runner, skips: { 'flies to the moon': 'too far' } }
  expect(() => {
    describePoolStrategyContract('mine', makeStrategy, options)
  }).toThrow('skips name cases that the contract does not have')
})
