import { unleashFlags, type UnleashFlagSource } from '../../src/ferry/flags/unleash-flags'
import { startFakeUnleash, type FakeUnleash } from '../support/fake-unleash'
import { waitFor } from '../support/wait-for'

/** What a server says about flags with constraints, segments, dependencies and rarer strategies, as the real client judges it. */
const constraint = (contextName: string, ...values: readonly string[]) => ({
  contextName,
  operator: 'IN',
  inverted: false,
  values,
})
const rollout = (percent: number, more: object = {}) => ({
  name: 'flexibleRollout',
  parameters: { rollout: String(percent), stickiness: 'random', groupId: 'g' },
  constraints: [],
  ...more,
})
const feature = (name: string, more: object = {}) => ({
  name,
  enabled: true,
  strategies: [rollout(10)],
  variants: [],
  ...more,
})
const variants = [{ name: 'blue', weight: 1000, weightType: 'variable', stickiness: 'default' }]
const share = [{ name: 'share', weight: 1000, payload: { type: 'json', value: '{"share":0.0007}' } }]

const features = [
  feature('pgferry.enabled', { strategies: [{ name: 'default' }] }),
  feature('other.on', { strategies: [], variants }),
  feature('other.off', { enabled: false, strategies: [] }),
  feature('pgferry.here', { strategies: [rollout(10, { constraints: [constraint('region', 'eu')] })] }),
  feature('pgferry.elsewhere', { strategies: [rollout(10, { constraints: [constraint('region', 'us')] })] }),
  feature('pgferry.by-environment', {
    strategies: [rollout(10, { constraints: [constraint('environment', 'production')] })],
  }),
  feature('pgferry.in-segment', { strategies: [rollout(20, { segments: [1] })] }),
  feature('pgferry.out-of-segment', { strategies: [rollout(20, { segments: [2] })] }),
  feature('pgferry.lost-segment', { strategies: [rollout(20, { segments: [3] })] }),
  feature('pgferry.for-me', {
    strategies: [{ name: 'userWithId', parameters: { userIds: 'a,me' }, constraints: [] }],
  }),
  feature('pgferry.for-you', {
    strategies: [{ name: 'userWithId', parameters: { userIds: 'you' }, constraints: [] }],
  }),
  feature('pgferry.bare', { strategies: [{ name: 'flexibleRollout' }, {}] }),
  feature('pgferry.after-parent', { dependencies: [{ feature: 'pgferry.enabled' }] }),
  feature('pgferry.after-on', { dependencies: [{ feature: 'other.on', enabled: true }] }),
  feature('pgferry.after-off', { dependencies: [{ feature: 'other.off' }] }),
  feature('pgferry.unless-off', { dependencies: [{ feature: 'other.off', enabled: false }] }),
  feature('pgferry.unless-on', { dependencies: [{ feature: 'other.on', enabled: false }] }),
  feature('pgferry.after-blue', { dependencies: [{ feature: 'other.on', variants: ['blue'] }] }),
  feature('pgferry.after-green', { dependencies: [{ feature: 'other.on', variants: ['green'] }] }),
  feature('pgferry.fine', { strategies: [rollout(100, { variants: share })] }),
  feature('pgferry.fine-flag', { strategies: [rollout(100)], variants: share }),
]
const segments = [
  { id: 1, constraints: [constraint('region', 'eu')] },
  { id: 2, constraints: [constraint('region', 'us')] },
]

let server: FakeUnleash
let flags: UnleashFlagSource
beforeAll(async () => {
  server = await startFakeUnleash()
  server.behave({ kind: 'body', body: JSON.stringify({ version: 2, features, segments }), etag: '"1"' })
  flags = unleashFlags({
    url: server.url,
    appName: 'rules',
    token: 'default:production.secret',
    projectName: 'default',
    refreshIntervalMs: 50,
    context: { userId: 'me', region: 'eu' },
  })
  await waitFor(() => flags.health().state === 'live', { what: 'the first answer' })
})
afterAll(async () => {
  await flags.close()
  await server.stop()
})

describe('the rules of flags of an Unleash server', () => {
  it.each([
    ['here', 0.1],
    ['elsewhere', 0],
    ['by-environment', 0.1],
    ['in-segment', 0.2],
    ['out-of-segment', 0],
    ['lost-segment', 0],
    ['for-me', 1],
    ['for-you', 0],
    ['bare', 0],
    ['after-parent', 0.1],
    ['after-on', 0.1],
    ['after-off', 0],
    ['unless-off', 0.1],
    ['unless-on', 0],
    ['after-blue', 0.1],
    ['after-green', 0],
    ['fine', 0.0007],
    ['fine-flag', 0.0007],
  ])('give %s the share %p', (component, expected) => {
    expect(flags.snapshot().shares[component]).toBe(expected)
  })

  it('are judged to one and the same snapshot at each poll, random stickiness or not', async () => {
    const before = flags.snapshot()
    const asked = server.requestCount
    await waitFor(() => server.requestCount > asked + 10, { what: 'more polls' })
    expect(flags.snapshot()).toBe(before)
  })

  it('keep the last known flags when the client itself trips over an answer', async () => {
    const before = flags.snapshot()
    const broken = [{ ...constraint('region'), values: undefined }]
    const answer = [feature('pgferry.here', { strategies: [rollout(100, { constraints: broken })] })]
    server.behave({ kind: 'body', body: JSON.stringify({ version: 2, features: answer }), etag: '"2"' })
    await waitFor(() => flags.health().state === 'stale', { what: 'staleness' })
    expect(flags.snapshot()).toBe(before)
    expect(flags.health()).toHaveProperty('error')
  })
})
