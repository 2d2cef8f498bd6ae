import { decideSide, type SideInput } from '../../../../src/ferry/routing/decide-side'
import { bucketCount, toBucket } from '../../../../src/ferry/routing/unit-bucket'
import type { Stage } from '../../../../src/ferry/catalog/side'

const base: SideInput = { stage: 'live', share: 0.5, enabled: undefined, isForced: false, bucket: 0 }
const sideOf = (input: Partial<SideInput>) => decideSide({ ...base, ...input }).side
/** The share of units that go to the service side, found by trying every bucket. */
const shareOf = (input: Partial<SideInput>) =>
  Array.from({ length: bucketCount }, (_, bucket) => sideOf({ ...input, bucket })).filter(
    (side) => side === 'service',
  ).length / bucketCount

describe('decideSide', () => {
  test.each<[Stage, number, number, number]>([
    ['off', 0, 0, 0],
    ['shadow', 0, 0, 0],
    ['canary', 0, 0.1, 0.1],
    ['live', 0, 0.5, 1],
    ['complete', 1, 1, 1],
  ])('keeps stage %s inside its floor and ceiling', (stage, atZero, atHalf, atOne) => {
    expect(shareOf({ stage, share: 0 })).toBe(atZero)
    expect(shareOf({ stage, share: 0.5 })).toBe(atHalf)
    expect(shareOf({ stage, share: 1 })).toBe(atOne)
  })

  test('takes a lost flag for the safe side of the stage', () => {
    for (const stage of ['off', 'shadow', 'canary', 'live'] as const) {
      expect(decideSide({ ...base, stage, share: undefined })).toEqual({
        side: 'legacy',
        reason: 'flag-lost',
      })
    }
    expect(decideSide({ ...base, stage: 'complete', share: undefined, bucket: 9999 })).toEqual({
      side: 'service',
      reason: 'flag-lost',
    })
    expect(decideSide({ ...base, share: Number.NaN }).reason).toBe('flag-lost')
    for (const odd of ['a lot', null, {}, true]) {
      const input = { ...base, stage: 'complete' as const, share: odd as never, bucket: 9999 }
      expect(decideSide(input)).toEqual({ side: 'service', reason: 'flag-lost' })
    }
  })

  test('turns the master switch to legacy inside the bounds of the stage', () => {
    expect(decideSide({ ...base, share: 1, enabled: false })).toEqual({
      side: 'legacy',
      reason: 'master-off',
    })
    expect(sideOf({ stage: 'complete', share: 1, enabled: false })).toBe('service')
    expect(sideOf({ share: 1, enabled: true })).toBe('service')
  })

  test('lets a kill switch win over everything', () => {
    expect(decideSide({ ...base, stage: 'complete', share: 1, enabled: true, isForced: true })).toEqual({
      side: 'legacy',
      reason: 'forced',
    })
  })

  test('has a resolution of 1/10000', () => {
    expect(shareOf({ share: 0.0001 })).toBe(0.0001)
    expect(shareOf({ share: 0.3333 })).toBe(0.3333)
  })
})

describe('toBucket', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `user-${index}`)

  test('keeps a key that is in at 5 % in at 25 %', () => {
    for (const bucket of keys.map(toBucket)) {
      if (sideOf({ share: 0.05, bucket }) === 'service')
        expect(sideOf({ share: 0.25, bucket })).toBe('service')
    }
  })

  test('spreads keys that differ in little evenly', () => {
    const tenths = new Array<number>(10).fill(0)
    for (const key of keys) {
      const tenth = Math.floor(toBucket(key) / 1000)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })

  test('answers the same in every version: units must not change sides with an upgrade', () => {
    expect(['', 'a', 'user-1', 'Straße'].map(toBucket)).toMatchInlineSnapshot(`
     [
       8923,
       1715,
       5916,
       635,
     ]
    `)
  })
})
