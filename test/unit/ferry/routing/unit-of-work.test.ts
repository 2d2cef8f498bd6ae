import { staticFlags } from '../../../../src/ferry/flags/static-flags'
import { SideTable } from '../../../../src/ferry/routing/side-table'
import { UnitScope, type Unit } from '../../../../src/ferry/routing/unit-of-work'

const [portals, scripts, reports] = [0, 1, 2]

function createScope(share: number, chances: readonly number[] = []) {
  const names = ['portals', 'scripts', 'reports']
  const components = names.map((name) => ({ name, stage: 'live' as const }))
  const flags = staticFlags(Object.fromEntries(names.map((name) => [name, share])))
  const drawn = [...chances]
  const random = jest.fn(() => drawn.shift() ?? 0.5)
  return { scope: new UnitScope(names.length, new SideTable(components, flags), random), random }
}

function unitNow(scope: UnitScope, component: number): Unit | undefined {
  return scope.current(component, scope.innermost())
}

test('a unit inside one of another component agrees with it, and one inside that joins the first', async () => {
  const { scope, random } = createScope(0.5, [0.1])
  await scope.run(portals, undefined, async () => {
    const outer = unitNow(scope, portals)
    await scope.run(scripts, undefined, async () => {
      expect(unitNow(scope, scripts)).toMatchObject({ side: 'service', bucket: outer?.bucket })
      await scope.run(portals, undefined, () => {
        expect(unitNow(scope, portals)).toBe(outer)
      })
    })
    expect(unitNow(scope, scripts)).toBeUndefined()
  })
  expect(unitNow(scope, portals)).toBeUndefined()
  expect(random).toHaveBeenCalledTimes(1)
  expect(scope.begunUnits(portals)).toEqual({ legacy: 0, service: 1 })
})

test('a unit ends with its work when that throws, at once or later, or answers at once', async () => {
  const { scope } = createScope(1)
  const units: (Unit | undefined)[] = []
  const note = (): void => {
    units.push(unitNow(scope, portals))
  }
  const thrown = scope.run(portals, undefined, () => {
    note()
    throw new Error('at once')
  })
  await expect(thrown).rejects.toThrow('at once')
  const rejected = scope.run(portals, undefined, async () => {
    note()
    await Promise.resolve()
    throw new Error('later')
  })
  await expect(rejected).rejects.toThrow('later')
  // What is waited for need not be a promise of ours.
  const thenable = {
    then: (resolve: (value: string) => void) => {
      resolve('answer')
    },
  }
  expect(await scope.run(portals, undefined, () => thenable as unknown as Promise<string>)).toBe('answer')
  await scope.run(portals, undefined, note)
  expect(units.map((unit) => unit?.hasEnded)).toEqual([true, true, true])
})

test('where all units go the same way, a single acquire draws no chance', () => {
  const all = createScope(1)
  expect(all.scope.decide(portals, undefined)).toBe('service')
  const none = createScope(0)
  expect(none.scope.decide(portals, undefined)).toBe('legacy')
  const some = createScope(0.5, [0.6, 0.4])
  expect([some.scope.decide(portals, undefined), some.scope.decide(portals, undefined)]).toEqual([
    'legacy',
    'service',
  ])
  expect([all, none, some].map(({ random }) => random.mock.calls.length)).toEqual([0, 0, 2])
  expect(all.scope.begunUnits(portals)).toEqual({ legacy: 0, service: 1 })
  expect(some.scope.begunUnits(portals)).toEqual({ legacy: 1, service: 1 })
})

test('a chain of units, each begun by the one before, which then ends, keeps only what lives', async () => {
  const { scope } = createScope(1)
  const chain: Unit[] = []
  const begun: Promise<void>[] = []
  const begin = (left: number): void => {
    const work = async (): Promise<void> => {
      const unit = scope.innermost()
      if (unit !== undefined) chain.push(unit)
      // The unit around this one has ended by then.
      for (let turn = 0; turn < 3; turn++) await Promise.resolve()
      if (left > 1) begin(left - 1)
    }
    begun.push(scope.run([portals, scripts, reports][left % 3] ?? 0, undefined, work))
  }
  begin(30)
  while (begun.length > 0) await begun.shift()
  expect(chain).toHaveLength(30)
  const lengths = chain.map((unit) => {
    let length = 0
    for (let at: Unit | undefined = unit; at !== undefined; at = at.outer) length++
    return length
  })
  expect(Math.max(...lengths)).toBeLessThanOrEqual(3)
})
