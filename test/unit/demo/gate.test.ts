import { decideGate, lastServiceUnitMs, type GateInput } from '../../../examples/demo/crossing/gate'
import { ferry, unit, units } from './records'

function input(changes: Partial<GateInput> = {}): GateInput {
  return {
    component: 'core',
    share: 0.5,
    flippedAtMs: 1000,
    units: [],
    ferry: ferry(),
    leastUnits: 10,
    ...changes,
  }
}

const both = [...units(6), ...units(6, { servedBy: 'service' })]

describe('the gate of a ramp stage', () => {
  it('says go when enough units were seen on both sides and none went wrong', () => {
    expect(decideGate(input({ units: both }))).toEqual({ kind: 'go' })
  })

  it('waits for the rest of the units, and does not count units that sent no statement', () => {
    const seen = [...units(3), ...units(3, { servedBy: 'service' }), ...units(20, { servedBy: 'none' })]
    expect(decideGate(input({ units: seen }))).toEqual({ kind: 'wait', missing: '4 units' })
  })

  it('waits for a unit on the service side as long as none was seen', () => {
    expect(decideGate(input({ share: 0.1, units: units(30) }))).toEqual({
      kind: 'wait',
      missing: 'a unit on the service side',
    })
  })

  it('says no-go when one unit failed, with its message, however many went well', () => {
    const failed = unit({ error: 'expected a document' })
    expect(decideGate(input({ units: [...both, failed] }))).toEqual({
      kind: 'no-go',
      reason: 'expected a document',
    })
  })

  it('says no-go when a unit was split between the sides', () => {
    expect(decideGate(input({ units: [...both, unit({ servedBy: 'both' })] })).kind).toBe('no-go')
  })

  it('allows a unit on the old side just after the flip, and none later', () => {
    const service = units(12, { servedBy: 'service' })
    const at = (beganAtMs: number) =>
      decideGate(input({ share: 1, units: [...service, unit({ beganAtMs })] })).kind
    expect(at(1900)).toBe('go')
    expect(at(2100)).toBe('no-go')
  })

  it('waits until the side that serves nobody has its connections back', () => {
    const service = units(12, { servedBy: 'service' })
    const held = input({ share: 1, units: service, ferry: ferry({ legacyLeases: 1 }) })
    expect(decideGate(held)).toEqual({ kind: 'wait', missing: 'leases of the legacy side' })
    expect(decideGate({ ...held, component: 'portals' })).toEqual({ kind: 'go' })
    const back = input({ share: 0, units: units(12), ferry: ferry({ serviceLeases: 2 }) })
    expect(decideGate(back)).toEqual({ kind: 'wait', missing: 'leases of the service side' })
  })

  it('does not trust a word of the ferry from before the flip', () => {
    expect(decideGate(input({ units: both, ferry: ferry({ atMs: 999 }) }))).toEqual({
      kind: 'wait',
      missing: 'a word of the ferry',
    })
    expect(decideGate(input({ units: both, ferry: undefined })).kind).toBe('wait')
  })

  it('measures a way back by the last unit that still began on the service side', () => {
    const seen = [
      unit({ beganAtMs: 990, servedBy: 'service' }),
      unit({ beganAtMs: 1012, servedBy: 'service' }),
      unit({ beganAtMs: 1500 }),
    ]
    expect(lastServiceUnitMs(seen, 1000)).toBe(12)
    expect(lastServiceUnitMs(units(5), 1000)).toBe(0)
  })
})
