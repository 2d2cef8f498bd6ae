import { InvalidOptionError } from '../../../../src/core/errors'
import { envFlagName, envFlags } from '../../../../src/ferry/flags/env-flags'

const components = ['test-systems', 'portals', 'core']

describe('envFlags', () => {
  it('knows nothing when no variable is set', () => {
    const flags = envFlags({ PATH: '/bin', USE_NEW_CONNECTION_SERVICEX: '1' }, { components })
    expect(flags.snapshot()).toMatchObject({ enabled: undefined, shares: {}, shadows: {} })
    expect(flags.health()).toMatchObject({ state: 'live' })
  })

  it('reads the environment of the process by default', () => {
    expect(envFlags().kind).toBe('env')
  })

  it('names a variable after its component', () => {
    expect(envFlagName('test-systems')).toBe('USE_NEW_CONNECTION_SERVICE_TEST_SYSTEMS')
    expect(envFlagName('rag.adapters/v2')).toBe('USE_NEW_CONNECTION_SERVICE_RAG_ADAPTERS_V2')
  })

  it.each([
    ['0', 0],
    ['1', 1],
    ['true', 1],
    ['FALSE', 0],
    [' 0.25 ', 0.25],
    ['.5', 0.5],
    ['1.0', 1],
    ['0.00014', 0.0001],
  ])('reads %p as the share %p', (text, share) => {
    const flags = envFlags({ USE_NEW_CONNECTION_SERVICE_PORTALS: text }, { components })
    expect(flags.snapshot().shares).toEqual({ portals: share })
    expect(flags.snapshot().enabled).toBeUndefined()
  })

  it.each(['yes', '-1', '1.5', '50%', '1e-3', '0x1', 'NaN', '2', '.'])(
    'refuses %p, naming variable and value',
    (text) => {
      const create = () => envFlags({ USE_NEW_CONNECTION_SERVICE_PORTALS: text }, { components })
      expect(create).toThrow(InvalidOptionError)
      expect(create).toThrow(/USE_NEW_CONNECTION_SERVICE_PORTALS: .*expected 0, 1, true, false or a share/)
      expect(create).toThrow(`received ${JSON.stringify(text)}`)
      expect(() => envFlags({ USE_NEW_CONNECTION_SERVICE: text })).toThrow(InvalidOptionError)
    },
  )

  it('does not spell out what looks like a token', () => {
    const env = { USE_NEW_CONNECTION_SERVICE: 'default:production.pasted9f1c2b7e4d' }
    expect(() => envFlags(env)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('pasted') as string }) as Error,
    )
  })

  it('takes an empty variable for one that is not set', () => {
    const flags = envFlags(
      { USE_NEW_CONNECTION_SERVICE: '', USE_NEW_CONNECTION_SERVICE_CORE: ' ' },
      { components },
    )
    expect(flags.snapshot()).toMatchObject({ enabled: undefined, shares: {} })
  })

  it('lets the master variable be the share of all who have none of their own', () => {
    const env = { USE_NEW_CONNECTION_SERVICE: '0.5', USE_NEW_CONNECTION_SERVICE_CORE: '0' }
    const { enabled, shares } = envFlags(env, { components }).snapshot()
    expect(enabled).toBe(true)
    expect(shares).toEqual({ 'test-systems': 0.5, portals: 0.5, core: 0 })
  })

  it('turns everything off by a master of 0, whatever the components say', () => {
    const env = { USE_NEW_CONNECTION_SERVICE: 'false', USE_NEW_CONNECTION_SERVICE_CORE: '1' }
    expect(envFlags(env, { components }).snapshot().enabled).toBe(false)
  })

  it('reads names back as kebab-case until it is told the components', () => {
    const flags = envFlags({
      USE_NEW_CONNECTION_SERVICE: '0.1',
      USE_NEW_CONNECTION_SERVICE_TEST_SYSTEMS: '1',
    })
    expect(flags.snapshot().shares).toEqual({ 'test-systems': 1 })
    const generations: number[] = []
    flags.onChange((snapshot) => generations.push(snapshot.generation))
    flags.useComponents(['test.systems', 'core'])
    expect(flags.snapshot().shares).toEqual({ 'test.systems': 1, core: 0.1 })
    expect(generations).toEqual([2])
  })

  it('keeps to the components of its options when told others', () => {
    const flags = envFlags({ USE_NEW_CONNECTION_SERVICE: '1' }, { components: ['core'] })
    flags.useComponents(['portals'])
    expect(flags.snapshot().shares).toEqual({ core: 1 })
  })

  it('refuses a variable of no component, with the nearest name', () => {
    const create = () => envFlags({ USE_NEW_CONNECTION_SERVICE_PORTLAS: '1' }, { components })
    expect(create).toThrow(/did you mean USE_NEW_CONNECTION_SERVICE_PORTALS\?/)
    const flags = envFlags({ USE_NEW_CONNECTION_SERVICE_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ: '1' })
    const tell = () => {
      flags.useComponents(components)
    }
    expect(tell).toThrow(
      /expected the variable of a component; known: USE_NEW_CONNECTION_SERVICE_TEST_SYSTEMS, /,
    )
  })

  it('says what a malformed value was, once', () => {
    expect(() => envFlags({ USE_NEW_CONNECTION_SERVICE_PORTALS: 'yes' })).toThrow(
      'invalid option USE_NEW_CONNECTION_SERVICE_PORTALS: received "yes", expected 0, 1, true, false or a share such as 0.25',
    )
  })

  it('refuses two components that share a variable', () => {
    expect(() => envFlags({}, { components: ['a-b', 'a.b'] })).toThrow(
      /USE_NEW_CONNECTION_SERVICE_A_B is not 'a-b's/,
    )
    expect(() => envFlags({}, { components: ['a', 'a'] })).not.toThrow()
  })
})
