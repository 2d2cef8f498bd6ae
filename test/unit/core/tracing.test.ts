import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import {
  acquireTrace,
  connectTrace,
  queryTrace,
  releaseTrace,
  Trace,
  traceChannelNames,
} from '../../../src/core/tracing'
import type { AcquireMessage } from '../../../src/core/trace-messages'
import { FakeClock } from '../../support/fake-clock'

const owner = { password: 'hunter2' }

function message(): AcquireMessage {
  return { pool: 'main', purpose: 'rag', owner }
}

/** Writes down which events come, with what the message says by then. */
function record(name: string): { seen: string[]; stop: () => void } {
  const seen: string[] = []
  const channel = tracingChannel<unknown, AcquireMessage>(name)
  const note = (event: string) => (m: AcquireMessage) => {
    const error = m.error instanceof Error ? ` ${m.error.message}` : ''
    seen.push(`${event} ${String(m.waitMs)}${error}`)
  }
  const handlers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  }
  channel.subscribe(handlers)
  return {
    seen,
    stop: () => {
      channel.unsubscribe(handlers)
    },
  }
}

describe('a trace', () => {
  test('is inactive until somebody listens to one of its events, and again when nobody does', () => {
    expect(acquireTrace.isActive).toBe(false)
    const { asyncEnd } = tracingChannel('pgferry:acquire')
    const listener = (): void => undefined
    asyncEnd.subscribe(listener)
    expect(acquireTrace.isActive).toBe(true)
    asyncEnd.unsubscribe(listener)
    expect(acquireTrace.isActive).toBe(false)
  })

  test('has the published name, for each of the four calls', () => {
    const traces = [acquireTrace, releaseTrace, connectTrace, queryTrace]
    traceChannelNames.forEach((name, index) => {
      const { end } = tracingChannel(name)
      const listener = (): void => undefined
      end.subscribe(listener)
      expect(traces.map((trace) => trace.isActive)).toEqual(traces.map((_, i) => i === index))
      end.unsubscribe(listener)
    })
  })

  test('of a promise follows the protocol of TracingChannel and tells how long it took', async () => {
    const clock = new FakeClock()
    const { seen, stop } = record('pgferry:acquire')
    const work = async (): Promise<string> => {
      seen.push('work')
      await clock.advance(40)
      return 'client'
    }
    await expect(acquireTrace.promise(message(), work, clock)).resolves.toBe('client')
    stop()
    expect(seen).toEqual(['start undefined', 'work', 'end undefined', 'asyncStart 40', 'asyncEnd 40'])
  })

  test('of a promise that rejects publishes the error and hands it on', async () => {
    const { seen, stop } = record('pgferry:acquire')
    const error = new Error('refused')
    const promise = acquireTrace.promise(message(), () => Promise.reject(error), new FakeClock())
    await expect(promise).rejects.toBe(error)
    stop()
    expect(seen).toEqual([
      'start undefined',
      'end undefined',
      'error 0 refused',
      'asyncStart 0 refused',
      'asyncEnd 0 refused',
    ])
  })

  test('of a call that throws at once ends at once', () => {
    const { seen, stop } = record('pgferry:acquire')
    const work = (): Promise<never> => {
      throw new Error('bad argument')
    }
    expect(() => acquireTrace.promise(message(), work, new FakeClock())).toThrow('bad argument')
    stop()
    expect(seen).toEqual(['start undefined', 'error undefined bad argument', 'end undefined bad argument'])
  })

  test('of a synchronous call starts and ends around it', () => {
    const { seen, stop } = record('pgferry:release')
    const result = releaseTrace.sync(
      { pool: 'main', purpose: 'rag', owner, heldMs: 3, outcome: 'reuse' },
      () => seen.push('work'),
    )
    stop()
    expect(result).toBe(2)
    expect(seen).toEqual(['start undefined', 'work', 'end undefined'])
  })

  test('runs what follows from the end between asyncStart and asyncEnd, once', () => {
    const { seen, stop } = record('pgferry:acquire')
    acquireTrace.call(
      message(),
      (finish) => {
        finish(undefined, () => seen.push('callback'))
        finish(new Error('late'), () => seen.push('second callback'))
      },
      new FakeClock(),
    )
    stop()
    expect(seen).toEqual([
      'start undefined',
      'asyncStart 0',
      'callback',
      'asyncEnd 0',
      'second callback',
      'end 0',
    ])
  })

  test('gives the store that a subscriber binds to what runs inside', async () => {
    const store = new AsyncLocalStorage<AcquireMessage>()
    const { start } = tracingChannel<unknown, AcquireMessage>('pgferry:acquire')
    start.bindStore(store)
    const inside = await acquireTrace.promise(
      message(),
      () => Promise.resolve(store.getStore()),
      new FakeClock(),
    )
    start.unbindStore(store)
    expect(inside).toMatchObject({ pool: 'main', purpose: 'rag' })
  })

  test('shows its owner to who asks for it and to nobody who prints the message', () => {
    const texts: unknown[] = []
    const { end } = tracingChannel('pgferry:acquire')
    const listener = (m: unknown): void => {
      texts.push(inspect(m), JSON.stringify(m), (m as AcquireMessage).owner)
    }
    end.subscribe(listener)
    acquireTrace.call(message(), () => undefined, new FakeClock())
    end.unsubscribe(listener)
    expect(texts).toEqual(["{ pool: 'main', purpose: 'rag' }", '{"pool":"main","purpose":"rag"}', owner])
  })

  test('needs no owner', () => {
    const trace = new Trace<{ error?: unknown }>('pgferry:test', undefined)
    expect(trace.sync({}, () => 5)).toBe(5)
  })
})
