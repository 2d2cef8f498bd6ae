import { PacedLoad } from '../../../examples/demo/load/paced-load'
import { createManualClock } from './manual-clock'

function createLoad() {
  const clock = createManualClock()
  const open: (() => void)[] = []
  const begunAtMs: number[] = []
  const load = new PacedLoad({
    now: clock.now,
    after: clock.after,
    step: () => {
      begunAtMs.push(clock.now())
      return new Promise((resolve) => open.push(resolve))
    },
  })
  const endOne = async (): Promise<void> => {
    open.shift()?.()
    await clock.advance(0)
  }
  return { clock, load, begunAtMs, endOne }
}

describe('paced load', () => {
  it('begins steps at an even pace', async () => {
    const { clock, load, begunAtMs } = createLoad()
    load.setLevel({ ratePerSecond: 10, concurrency: 100 })
    await clock.advance(350)
    expect(begunAtMs).toEqual([0, 100, 200, 300])
  })

  it('never has more steps under way than allowed, and goes on when one ends', async () => {
    const { clock, load, begunAtMs, endOne } = createLoad()
    load.setLevel({ ratePerSecond: 100, concurrency: 2 })
    await clock.advance(1000)
    expect(load.underWay).toBe(2)
    await endOne()
    await clock.advance(5)
    expect(begunAtMs).toHaveLength(3)
    expect(load.underWay).toBe(2)
  })

  it('does not catch up in a burst what slow steps made it miss', async () => {
    const { clock, load, begunAtMs, endOne } = createLoad()
    load.setLevel({ ratePerSecond: 10, concurrency: 1 })
    await clock.advance(2000)
    for (let count = 0; count < 5; count++) {
      await endOne()
      await clock.advance(10)
    }
    expect(begunAtMs.length).toBeLessThanOrEqual(3)
  })

  it('drains: begins nothing new and waits for the last step', async () => {
    const { clock, load, begunAtMs, endOne } = createLoad()
    load.setLevel({ ratePerSecond: 10, concurrency: 2 })
    await clock.advance(150)
    let isDrained = false
    const draining = load.drain().then(() => (isDrained = true))
    await clock.advance(1000)
    expect(isDrained).toBe(false)
    await endOne()
    expect(isDrained).toBe(false)
    await endOne()
    await draining
    expect(begunAtMs).toHaveLength(2)
    await expect(load.drain()).resolves.toBeUndefined()
  })
})
