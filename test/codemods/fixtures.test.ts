import {
  allFixtures,
  fixtureConnections,
  migrateText,
  type Fixture,
  type Migration,
} from './support/fixtures'

const fixtures = allFixtures()
const migrate = (fixture: Fixture, text: string): Migration =>
  migrateText(fixture.beforePath, text, 'await-using', fixtureConnections, fixture.features)
const changing = fixtures.filter((fixture) => !fixture.isSkip)
const skipped = fixtures.filter((fixture) => fixture.isSkip)

describe('fixtures that change', () => {
  it.each(changing.map((fixture) => [fixture.name, fixture] as const))(
    '%s becomes its after file, byte for byte',
    (_name, fixture) => {
      expect(fixture.after).toBeDefined()
      const { text, sites } = migrate(fixture, fixture.before)
      expect(text).toBe(fixture.after)
      expect(sites.map((site) => site.verdict)).toContain('rewritten')
      expect(sites.filter((site) => site.verdict === 'rewritable')).toEqual([])
    },
  )

  it.each(changing.map((fixture) => [fixture.name, fixture] as const))(
    '%s is left alone by a second run',
    (_name, fixture) => {
      const first = migrate(fixture, fixture.before)
      const second = migrate(fixture, first.text)
      expect(second.text).toBe(first.text)
      expect(second.sites.map((site) => site.verdict)).not.toContain('rewritten')
      expect(second.sites.filter((site) => site.verdict === 'already')).toHaveLength(
        first.sites.filter((site) => site.verdict === 'rewritten' || site.verdict === 'already').length,
      )
    },
  )
})

describe('fixtures that must not change', () => {
  it.each(skipped.map((fixture) => [fixture.name, fixture] as const))(
    '%s keeps its bytes and says why',
    (_name, fixture) => {
      const expected = /^\/\/ expect: (nothing|(\w+) ([\w-]+)(?: (\S+))?)/.exec(fixture.before)
      expect(expected).not.toBeNull()
      const { text, sites } = migrate(fixture, fixture.before)
      expect(text).toBe(fixture.before)
      if (expected?.[1] === 'nothing') {
        expect(sites).toEqual([])
        return
      }
      expect(sites.map((site) => [site.verdict, site.reason])).toContainEqual([expected?.[2], expected?.[3]])
      expect(sites.filter((site) => site.verdict === 'rewritable' || site.verdict === 'rewritten')).toEqual(
        [],
      )
      if (expected?.[4] !== undefined) expect(sites.map((site) => site.shape)).toContain(expected[4])
      for (const site of sites) expect(site.witness?.length ?? 0).toBeGreaterThan(0)
    },
  )

  it('are at least as many as those that change', () => {
    expect(skipped.length).toBeGreaterThanOrEqual(changing.length)
  })
})
