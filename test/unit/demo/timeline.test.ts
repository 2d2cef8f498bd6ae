import { SessionCounter } from '../../../examples/demo/timeline/connection-monitor'
import { StepTimeoutError, Timeline } from '../../../examples/demo/timeline/timeline'
import { createManualClock } from './manual-clock'
import { unit } from './records'

describe('the timeline', () => {
  it('resolves a wait when what was waited for was recorded', async () => {
    const timeline = new Timeline(createManualClock())
    const waiting = timeline.waitFor('two units', 1000, () => timeline.units.length >= 2)
    timeline.addUnits([unit()])
    timeline.addUnits([unit()])
    await expect(waiting).resolves.toBeUndefined()
  })

  it('rejects a wait after its time, saying what was waited for', async () => {
    const clock = createManualClock()
    const waiting = new Timeline(clock).waitFor('the first unit of core', 1000, () => false)
    const seen = expect(waiting).rejects.toThrow(
      new StepTimeoutError('waited 1000 ms in vain for the first unit of core'),
    )
    await clock.advance(1000)
    await seen
  })

  it('ends every wait with the first failure, those that come later too', async () => {
    const timeline = new Timeline(createManualClock())
    const waiting = timeline.waitFor('nothing', 1000, () => false)
    timeline.fail(new Error('core: a step failed'))
    timeline.fail(new Error('and what came of it'))
    await expect(waiting).rejects.toThrow('core: a step failed')
    await expect(timeline.waitFor('nothing', 1000, () => true)).rejects.toThrow('core: a step failed')
    await expect(timeline.failed).rejects.toThrow('core: a step failed')
  })

  it('records what was done with its beginning and end, also when it failed', async () => {
    const clock = createManualClock(100)
    const timeline = new Timeline(clock)
    await timeline.during({ kind: 'build', component: 'core', label: 'build' }, () => clock.advance(40))
    await expect(
      timeline.during({ kind: 'tests', label: 'tests' }, () => Promise.reject(new Error('red'))),
    ).rejects.toThrow('red')
    expect(timeline.events).toEqual([
      { kind: 'build', component: 'core', label: 'build', fromMs: 100, toMs: 140 },
      { kind: 'tests', label: 'tests', fromMs: 140, toMs: 140 },
    ])
  })
})

describe('counting sessions', () => {
  it('keeps a session that renames itself on the side that it began on, until it is gone', () => {
    const counter = new SessionCounter()
    expect(
      counter.count([
        { pid: 1, name: 'legacy-app/core' },
        { pid: 2, name: 'pgferry/core' },
        { pid: 3, name: 'psql' },
      ]),
    ).toEqual({ legacy: 1, service: 1 })
    expect(counter.count([{ pid: 2, name: 'legacy-app/test-session' }])).toEqual({ legacy: 0, service: 1 })
    expect(counter.count([])).toEqual({ legacy: 0, service: 0 })
    expect(counter.count([{ pid: 2, name: 'legacy-app/core' }])).toEqual({ legacy: 1, service: 0 })
  })
})
