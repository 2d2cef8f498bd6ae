import { compileUnleash } from '../../../../src/ferry/flags/compile-unleash'
import type { UnleashFeature, UnleashStrategy } from '../../../../src/ferry/flags/unleash-feature'

const rollout = (percent: unknown, more: Partial<UnleashStrategy> = {}): UnleashStrategy => ({
  name: 'flexibleRollout',
  parameters: { rollout: percent },
  isMet: true,
  variants: [],
  ...more,
})
const feature = (name: string, more: Partial<UnleashFeature> = {}): UnleashFeature => ({
  name,
  isEnabled: true,
  strategies: [rollout('100')],
  variants: [],
  dependencies: [],
  isEnabledHere: () => {
    throw new Error('not to be asked')
  },
  ...more,
})
const parent = feature('pgferry.enabled')

/** The share of `portals`, with the parent on. */
function shareOf(more: Partial<UnleashFeature>): number | undefined {
  const compiled = compileUnleash([parent, feature('pgferry.portals', more)], undefined)
  return compiled.kind === 'flags' ? compiled.values.shares?.['portals'] : undefined
}

describe('compileUnleash', () => {
  it('finds the components by the names of the flags, shadows apart', () => {
    const features = [
      parent,
      feature('pgferry.portals', { strategies: [rollout('25')] }),
      feature('pgferry.core.shadow', { strategies: [rollout('5')] }),
      feature('pgferry.'),
      feature('other.flag'),
    ]
    expect(compileUnleash(features, undefined)).toEqual({
      kind: 'flags',
      values: { enabled: true, shares: { portals: 0.25 }, shadows: { core: 0.05 } },
    })
  })

  it('looks for no other components than it is given', () => {
    const compiled = compileUnleash([parent, feature('pgferry.portals'), feature('pgferry.core')], ['core'])
    expect(compiled).toMatchObject({ values: { shares: { core: 1 } } })
    expect(compiled).not.toHaveProperty('values.shares.portals')
  })

  it.each<[string, readonly UnleashFeature[]]>([
    ['missing', []],
    ['disabled', [feature('pgferry.enabled', { isEnabled: false })]],
    ['at 0 %', [feature('pgferry.enabled', { strategies: [rollout('0')] })]],
  ])('turns all off when the parent is %s', (_what, parents) => {
    expect(compileUnleash([...parents, feature('pgferry.portals')], undefined)).toEqual({
      kind: 'flags',
      values: { enabled: false, shares: { portals: 0 }, shadows: {} },
    })
  })

  it('holds every component at or below the share of the parent', () => {
    const half = feature('pgferry.enabled', { strategies: [rollout('50')] })
    const features = [half, feature('pgferry.a', { strategies: [rollout('10')] }), feature('pgferry.b')]
    expect(compileUnleash(features, undefined)).toMatchObject({
      values: { enabled: true, shares: { a: 0.1, b: 0.5 } },
    })
  })

  it.each<[string, Partial<UnleashFeature>, number]>([
    ['disabled', { isEnabled: false }, 0],
    ['enabled without strategies', { strategies: [] }, 1],
    ['default', { strategies: [rollout(undefined, { name: 'default' })] }, 1],
    ['flexibleRollout', { strategies: [rollout('33')] }, 0.33],
    ['flexibleRollout by a number', { strategies: [rollout(33)] }, 0.33],
    [
      'gradualRolloutRandom',
      { strategies: [{ ...rollout(0), name: 'gradualRolloutRandom', parameters: { percentage: '7' } }] },
      0.07,
    ],
    [
      'gradualRolloutUserId',
      { strategies: [{ ...rollout(0), name: 'gradualRolloutUserId', parameters: { percentage: '8' } }] },
      0.08,
    ],
    [
      'gradualRolloutSessionId',
      { strategies: [{ ...rollout(0), name: 'gradualRolloutSessionId', parameters: { percentage: '9' } }] },
      0.09,
    ],
    ['a rollout that is no number', { strategies: [rollout('half')] }, 0],
    ['a rollout beyond 100', { strategies: [rollout('150')] }, 0],
    ['constraints that do not hold', { strategies: [rollout('100', { isMet: false })] }, 0],
    [
      'the greatest of several',
      { strategies: [rollout('10'), rollout('40'), rollout('90', { isMet: false })] },
      0.4,
    ],
    [
      'a strategy of its own kind, on',
      { strategies: [rollout(0, { name: 'userWithId' })], isEnabledHere: () => true },
      1,
    ],
    [
      'a strategy of its own kind, off',
      { strategies: [rollout(0, { name: 'userWithId' })], isEnabledHere: () => false },
      0,
    ],
    [
      'a strategy of its own kind beside a rollout',
      { strategies: [rollout(0, { name: 'userWithId' }), rollout('10')] },
      0.1,
    ],
    [
      'a plain dependency on the parent',
      { dependencies: [{ feature: 'pgferry.enabled', isPlain: true, isMet: () => false }] },
      1,
    ],
    [
      'a reversed dependency on the parent',
      { dependencies: [{ feature: 'pgferry.enabled', isPlain: false, isMet: () => false }] },
      0,
    ],
    ['another dependency, met', { dependencies: [{ feature: 'x', isPlain: true, isMet: () => true }] }, 1],
    [
      'another dependency, not met',
      { dependencies: [{ feature: 'x', isPlain: true, isMet: () => false }] },
      0,
    ],
  ])('reads %s', (_what, more, share) => {
    expect(shareOf(more)).toBe(share)
  })

  it.each<[string | undefined, number]>([
    ['0.0025', 0.0025],
    ['{"share":0.004}', 0.004],
    ['1', 0.5],
    ['{"share":"0.003"}', 0.003],
    ['{"size":1}', 0],
    ['"0.1"', 0],
    ['null', 0],
    ['2', 0],
    ['-1', 0],
    ['0,1', 0],
    [undefined, 0],
  ])('lowers a rollout of 50 %% by a variant "share" of %p to %p', (payload, share) => {
    const variants = [
      { name: 'other', payload: '0' },
      { name: 'share', payload },
    ]
    expect(shareOf({ strategies: [rollout('50')], variants })).toBe(share)
    expect(shareOf({ strategies: [rollout('50', { variants })] })).toBe(share)
  })

  it('lowers a flag without strategies by its variant too', () => {
    expect(shareOf({ strategies: [], variants: [{ name: 'share', payload: '0.001' }] })).toBe(0.001)
  })

  it.each([
    ['no flags', [], /0 flags and none of pgferry\.enabled, pgferry\.portals, pgferry\.portals\.shadow/],
    ['flags of others', [feature('x')], /1 flags and none/],
    [
      'a flag of ours without strategies',
      [parent, feature('pgferry.portals', { strategies: undefined })],
      /pgferry\.portals is malformed/,
    ],
    [
      'a flag of ours neither on nor off',
      [feature('pgferry.enabled', { isEnabled: 'yes' })],
      /pgferry\.enabled is malformed/,
    ],
  ])('rejects an answer of %s', (_what, features, reason) => {
    expect(compileUnleash(features, ['portals'])).toEqual({
      kind: 'rejected',
      reason: expect.stringMatching(reason) as string,
    })
  })

  it('does not mind a malformed flag of others', () => {
    expect(compileUnleash([parent, feature('x', { strategies: undefined })], undefined).kind).toBe('flags')
  })
})
