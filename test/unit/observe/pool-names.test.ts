import { ObservedPools } from '../../../src/observe/observed-pools'
import { PoolNames } from '../../../src/observe/pool-names'
import { emptyStats } from './support'

test('a name that is taken gets a number, and is free again when every claim was given back', () => {
  const names = new PoolNames()
  const [a, b, c] = [{}, {}, {}]
  expect([names.claim('main', a), names.claim('main', b), names.claim('main', a)]).toEqual([
    'main',
    'main-2',
    'main',
  ])
  names.giveBack('main')
  expect(names.claim('main', c)).toBe('main-3')
  names.giveBack('main')
  names.giveBack('main')
  expect(names.claim('main', {})).toBe('main')
  expect(names.claim('main', b)).toBe('main-2')
})

test('a source of several databases that names no pools tells them apart by the names in its messages', () => {
  const source = { stats: () => ({ databases: { a: emptyStats, b: emptyStats } }) }
  const pools = new ObservedPools(source, new PoolNames(), undefined)
  expect(pools.nameOf({ owner: source, pool: 'a' })).toBe('a')
  expect(pools.nameOf({ owner: source, pool: 'b' })).toBe('b')
  expect(pools.nameOf({ owner: {}, pool: 'b' })).toBeUndefined()
})

test('a database that was not there when the observation began has its own name', () => {
  let databases: Record<string, typeof emptyStats> = { a: emptyStats }
  const pools = new ObservedPools({ stats: () => ({ databases }) }, new PoolNames(), undefined)
  databases = { a: emptyStats, late: emptyStats }
  expect(pools.list().map(({ name }) => name)).toEqual(['a', 'late'])
})
