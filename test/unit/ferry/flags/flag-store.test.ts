import { emptySnapshot } from '../../../../src/ferry/flags/flag-source'
import { FlagStore } from '../../../../src/ferry/flags/flag-store'
import { isSameTable } from '../../../../src/ferry/flags/flag-values'
import { ManualClock } from './manual-clock'

describe('FlagStore', () => {
  it('begins empty and takes the first flags for a change even when they say nothing', () => {
    const store = new FlagStore(new ManualClock())
    expect(store.snapshot()).toBe(emptySnapshot)
    expect(store.publish({})).toBe(true)
    expect(store.snapshot()).toMatchObject({ generation: 1, enabled: undefined, shares: {}, shadows: {} })
  })

  it.each([
    ['the master switch', { enabled: false, shares: { a: 0.1 }, shadows: { b: 0.2 } }],
    ['a share', { enabled: true, shares: { a: 0.2 }, shadows: { b: 0.2 } }],
    ['a shadow', { enabled: true, shares: { a: 0.1 }, shadows: { b: 0.3 } }],
    ['which components there are', { enabled: true, shares: { c: 0.1 }, shadows: { b: 0.2 } }],
  ])('takes another value of %s for a change, and the same values for none', (_what, values) => {
    const store = new FlagStore(new ManualClock())
    store.publish({ enabled: true, shares: { a: 0.1 }, shadows: { b: 0.2 } })
    expect(store.publish({ enabled: true, shares: { a: 0.10001 }, shadows: { b: 0.2 } })).toBe(false)
    expect(store.publish(values)).toBe(true)
    expect(store.snapshot().generation).toBe(2)
  })

  it('tells each listener the newest flags once when a listener publishes itself', () => {
    const store = new FlagStore(new ManualClock())
    const told: number[] = []
    store.onChange(({ shares }) => {
      if (shares['a'] === 0.1) store.publish({ shares: { a: 0.2 } })
    })
    store.onChange(({ shares }) => told.push(shares['a'] ?? -1))
    store.publish({ shares: { a: 0.1 } })
    expect(told).toEqual([0.2])
  })

  it('does not call a listener that another has taken off meanwhile', () => {
    const store = new FlagStore(new ManualClock())
    const second = jest.fn()
    const taken: (() => void)[] = []
    store.onChange(() => {
      taken.forEach((stop) => {
        stop()
      })
    })
    taken.push(store.onChange(second))
    store.publish({})
    expect(second).not.toHaveBeenCalled()
  })

  it('warns about what a listener throws, whatever it is', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const store = new FlagStore(new ManualClock())
    store.onChange(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a careless listener does
      throw 'a word'
    })
    store.publish({})
    expect(warn).toHaveBeenCalledWith('a flag listener threw: a word', 'PgferryWarning')
    warn.mockRestore()
  })

  it('changes nothing for a bad share, and nothing once closed', () => {
    const store = new FlagStore(new ManualClock())
    expect(() => store.publish({ shares: { a: 2 } })).toThrow(/shares\.a/)
    store.close()
    expect(store.publish({ shares: { a: 1 } })).toBe(false)
    expect(store.snapshot()).toBe(emptySnapshot)
  })
})

describe('isSameTable', () => {
  it('does not care about order, but about every entry', () => {
    expect(isSameTable({ a: 1, b: 0 }, { b: 0, a: 1 })).toBe(true)
    expect(isSameTable({ a: 1 }, { a: 1, b: 0 })).toBe(false)
    expect(isSameTable({ a: 1 }, { b: 1 })).toBe(false)
  })
})
