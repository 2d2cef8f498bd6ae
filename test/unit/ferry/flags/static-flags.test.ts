import { InvalidOptionError } from '../../../../src/core/errors'
import { staticFlags } from '../../../../src/ferry/flags/static-flags'

describe('staticFlags', () => {
  it('holds the shares that it was given, rounded to 1/10000', () => {
    const flags = staticFlags({ portals: 0.1, core: 0.00004, rag: 0.12345 })
    expect(flags.snapshot().shares).toEqual({ portals: 0.1, core: 0, rag: 0.1235 })
    expect(flags.snapshot().enabled).toBeUndefined()
    expect(flags.kind).toBe('static')
    expect(flags.health()).toMatchObject({ state: 'live' })
  })

  it.each([-0.1, 1.0001, Number.NaN, Number.POSITIVE_INFINITY, '0.5', true, undefined])(
    'refuses %p as a share and changes nothing',
    (share) => {
      const flags = staticFlags({ portals: 0.5 })
      const before = flags.snapshot()
      expect(() => {
        flags.set('portals', share as number)
      }).toThrow(InvalidOptionError)
      expect(() => {
        flags.setShadow('portals', share as number)
      }).toThrow(/shadows\.portals/)
      expect(() => staticFlags({ portals: share as number })).toThrow(/shares\.portals.*a share from 0 to 1/)
      expect(flags.snapshot()).toBe(before)
    },
  )

  it('sets share, shadow and master switch independently', () => {
    const flags = staticFlags({ portals: 0.1 })
    flags.set('core', 1)
    flags.setShadow('core', 0.25)
    flags.setEnabled(false)
    expect(flags.snapshot()).toMatchObject({
      generation: 4,
      enabled: false,
      shares: { portals: 0.1, core: 1 },
      shadows: { core: 0.25 },
    })
    flags.setEnabled(undefined)
    expect(flags.snapshot().enabled).toBeUndefined()
  })

  it('does not find a component that bears the name of an object member', () => {
    const flags = staticFlags()
    expect(flags.snapshot().shares['constructor']).toBeUndefined()
    flags.set('__proto__', 0.5)
    expect(flags.snapshot().shares['__proto__']).toBe(0.5)
  })

  it('refuses a component without a name', () => {
    expect(() => staticFlags({ '': 1 })).toThrow(/component name/)
  })

  it('is frozen through and through', () => {
    const flags = staticFlags({ portals: 0.1 })
    expect(Object.isFrozen(flags.snapshot())).toBe(true)
    expect(Object.isFrozen(flags.snapshot().shares)).toBe(true)
    expect(Object.isFrozen(flags.snapshot().shadows)).toBe(true)
  })
})
