import type { PoolClient } from 'pg'
import type { BackendLease, BackendOptions, LegacyBackend } from '../../src/ferry/backend/legacy-backend'
import { FakeClock, settle } from '../support/fake-clock'
import { waitFor } from '../support/wait-for'

/** What the manager itself has seen, in order; the adapter has no hand in it. */
export interface ManagerLog {
  readonly lent: readonly object[]
  readonly back: readonly { readonly connection: object; readonly isDiscarded: boolean }[]
}

/** A manager of at most two connections, and the adapter on it. */
export interface LegacyBackendBench {
  readonly backend: LegacyBackend
  readonly log: ManagerLog
  /** Connections of this manager that the server has right now. */
  openCount(): Promise<number>
  dispose(): Promise<void>
}

export interface BenchOptions {
  readonly options: Required<BackendOptions>
  /** The manager connects to a database that does not exist. */
  readonly isRefused: boolean
}

type MakeLegacyBackendBench = (options: BenchOptions) => LegacyBackendBench | Promise<LegacyBackendBench>

/** Titles of cases that do not apply, each with the reason. */
type Skips = Readonly<Partial<Record<CaseTitle, string>>>

interface Subject extends LegacyBackendBench {
  readonly clock: FakeClock
}

type Case = (subject: Subject) => Promise<void>

/** Connections that the managers of this contract open at most. */
export const maxConnections = 2

/** Registers the suite that every adapter of an old manager passes. */
export function describeLegacyBackendContract(
  name: string,
  makeBench: MakeLegacyBackendBench,
  skips: Skips = {},
): void {
  describe(`${name} keeps the contract of legacy backends`, () => {
    for (const [title, run] of Object.entries<Case>(cases)) {
      if (title in skips) continue
      it(title, () => runCase(makeBench, false, run))
    }

    it('passes an error of the manager through, with a deadline and without', () =>
      runCase(makeBench, true, async ({ backend, log }) => {
        await expect(backend.acquire({})).rejects.toMatchObject({ code: '3D000' })
        await expect(backend.acquire({ timeoutMs: 60_000 })).rejects.toMatchObject({ code: '3D000' })
        expect(log.lent).toEqual([])
      }))

    it('offers its optional parts, or says for each why it cannot', () =>
      runCase(makeBench, false, async ({ backend }) => {
        for (const [title, parts] of Object.entries(optionalParts)) {
          const offered = parts.filter((part) => backend[part] !== undefined)
          expect([title, offered]).toEqual([title, title in skips ? [] : parts])
        }
      }))
  })
}

async function runCase(makeBench: MakeLegacyBackendBench, isRefused: boolean, run: Case): Promise<void> {
  const clock = new FakeClock()
  const bench = await makeBench({ options: { clock, maxConnections }, isRefused })
  try {
    await run({ ...bench, clock })
    expect(clock.timerCount).toBe(0)
  } finally {
    await bench.dispose()
  }
}

const cases = {
  'lends a connection that answers': async ({ backend, log }) => {
    const lease = await backend.acquire({})
    expect(await pidOf(lease)).toBeGreaterThan(0)
    expect(log.lent).toEqual([lease.client])
    expect(log.back).toEqual([])
    await lease.release()
  },

  'gives the same connection back, once for each acquire, and the manager lends it again': async (
    subject,
  ) => {
    const { backend, log } = subject
    for (let turn = 1; turn <= 3; turn++) {
      const lease = await backend.acquire({ timeoutMs: 60_000 })
      await lease.release()
      // `release()` has resolved: the manager is done with it.
      expect([log.lent.length, log.back.length]).toEqual([turn, turn])
      expect(log.back.at(-1)).toEqual({ connection: lease.client, isDiscarded: false })
    }
    expectNothingOut(log)
    expect(new Set(log.lent).size).toBe(1)
    expect(await subject.openCount()).toBe(1)
  },

  'has the manager close a connection that comes back with an error, whatever was thrown': async (
    subject,
  ) => {
    const { backend, log } = subject
    for (const thrown of [new Error('the borrower broke it'), 'not even an Error']) {
      const lease = await backend.acquire({})
      await lease.release(thrown)
      expect(log.back.at(-1)).toEqual({ connection: lease.client, isDiscarded: true })
    }
    await waitFor(async () => (await subject.openCount()) === 0, { what: 'the end of the sessions' })
    const next = await backend.acquire({})
    expect(log.back.map(({ connection }) => connection)).not.toContain(next.client)
    await next.release()
    expectNothingOut(log)
  },

  'lends different connections to acquires under way at once': async ({ backend, log }) => {
    const leases = await Promise.all([backend.acquire({}), backend.acquire({ timeoutMs: 60_000 })])
    const pids = await Promise.all(leases.map(pidOf))
    expect(new Set(leases.map(({ client }) => client)).size).toBe(2)
    expect(new Set(pids).size).toBe(2)
    for (const lease of leases) await lease.release()
    expectNothingOut(log)
  },

  'gives each of those that wait a connection as they come back': async ({ backend, log }) => {
    const unit = async () => {
      const lease = await backend.acquire({ timeoutMs: 60_000 })
      expect(log.lent.length - log.back.length).toBeLessThanOrEqual(maxConnections)
      await pidOf(lease)
      await lease.release()
    }
    await Promise.all(Array.from({ length: 8 }, unit))
    expect(log.lent).toHaveLength(8)
    expectNothingOut(log)
  },

  'ends a wait at its deadline, not before, and gives back the connection that comes too late': async ({
    backend,
    log,
    clock,
  }) => {
    const held = await holdAll(backend)
    const outcome = jest.fn()
    backend.acquire({ timeoutMs: 20 }).then(outcome, outcome)
    await clock.advance(19)
    expect(outcome).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(outcome).toHaveBeenCalledWith(expect.objectContaining({ code: 'ACQUIRE_TIMEOUT' }))
    await expectLateOneGoesBack(held, log)
    await expectAllUsable(backend, log)
  },

  'gives back the connection that was still being opened at the deadline': async ({
    backend,
    log,
    clock,
  }) => {
    const acquired = expect(backend.acquire({ timeoutMs: 20 })).rejects.toMatchObject({
      code: 'ACQUIRE_TIMEOUT',
    })
    await clock.advance(20)
    await acquired
    await waitFor(() => log.back.length === 1, { what: 'the late connection' })
    expect(log.back).toEqual([{ connection: log.lent[0], isDiscarded: false }])
    await expectAllUsable(backend, log)
  },

  'ends a wait when the signal says so, and gives back the connection that comes too late': async ({
    backend,
    log,
  }) => {
    const held = await holdAll(backend)
    const reason = new Error('the request was cancelled')
    const controller = new AbortController()
    const acquired = backend.acquire({ signal: controller.signal, timeoutMs: 60_000 })
    controller.abort(reason)
    await expect(acquired).rejects.toMatchObject({ code: 'ACQUIRE_ABORTED', cause: reason })
    await expectLateOneGoesBack(held, log)
    await expectAllUsable(backend, log)
  },

  'asks the manager for nothing when the signal was given before': async ({ backend, log }) => {
    await expect(backend.acquire({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ACQUIRE_ABORTED',
    })
    await settle()
    await expectAllUsable(backend, log)
    expect(log.lent).toHaveLength(maxConnections)
  },

  'lets a signal or a deadline that comes after the connection do nothing to it': async ({
    backend,
    log,
    clock,
  }) => {
    const controller = new AbortController()
    const lease = await backend.acquire({ signal: controller.signal, timeoutMs: 20 })
    controller.abort()
    await clock.advance(1_000)
    expect(log.back).toEqual([])
    expect(await pidOf(lease)).toBeGreaterThan(0)
    await lease.release()
    expectNothingOut(log)
  },

  'knows how many connections the manager opens at most': async ({ backend }) => {
    expect(backend.maxConnections).toBe(maxConnections)
  },

  'counts its connections: opening, lent, idle and closing': async ({ backend, openCount }) => {
    expect(counts(backend)).toEqual([0, 0, 0])
    const opening = backend.acquire({})
    expect(counts(backend)).toEqual([1, 0, 1])
    const first = await opening
    expect(counts(backend)).toEqual([1, 0, 0])
    const second = await backend.acquire({})
    expect(counts(backend)).toEqual([2, 0, 0])
    const waiting = backend.acquire({})
    await first.release()
    // It belongs to the one that waits already.
    expect(counts(backend)).toEqual([2, 0, 0])
    await (await waiting).release()
    expect(counts(backend)).toEqual([2, 1, 0])
    // So does an idle one, from the moment of the call.
    const promised = backend.acquire({})
    expect(counts(backend)).toEqual([2, 0, 0])
    await (await promised).release()
    void second.release(new Error('broken'))
    // The server has it until the close has ended.
    expect(counts(backend)).toEqual([2, 1, 0])
    await waitFor(() => backend.connectionCount?.() === 1, { what: 'the close' })
    expect(await openCount()).toBe(1)
  },

  'closes idle connections on request, resolves when they are closed, and says how many': async (subject) => {
    const { backend } = subject
    const held = await holdAll(backend)
    expect(await backend.trimIdle?.(1)).toBe(0)
    for (const lease of held) await lease.release()
    expect(await backend.trimIdle?.(1)).toBe(1)
    expect(counts(backend)).toEqual([1, 1, 0])
    expect(await subject.openCount()).toBe(1)
    expect(await backend.trimIdle?.(5)).toBe(1)
    expect(await backend.trimIdle?.(5)).toBe(0)
    expect(counts(backend)).toEqual([0, 0, 0])
    await (await backend.acquire({})).release()
  },

  'closes the manager': async (subject) => {
    await (await subject.backend.acquire({})).release()
    await subject.backend.close?.()
    await waitFor(async () => (await subject.openCount()) === 0, { what: 'the end of the sessions' })
    await expect(subject.backend.acquire({})).rejects.toBeInstanceOf(Error)
  },
} as const satisfies Readonly<Record<string, Case>>

type CaseTitle = keyof typeof cases

/** A case that is left out must be one that the adapter has nothing for. */
const optionalParts: Readonly<Partial<Record<CaseTitle, readonly (keyof LegacyBackend)[]>>> = {
  'counts its connections: opening, lent, idle and closing': ['connectionCount', 'idleCount', 'openingCount'],
  'closes idle connections on request, resolves when they are closed, and says how many': ['trimIdle'],
  'closes the manager': ['close'],
}

async function pidOf({ client }: BackendLease): Promise<number> {
  const { rows } = await (client as PoolClient).query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return rows[0]?.pid ?? 0
}

function holdAll(backend: LegacyBackend): Promise<readonly BackendLease[]> {
  return Promise.all(Array.from({ length: maxConnections }, () => backend.acquire({})))
}

function counts(backend: LegacyBackend): readonly unknown[] {
  return [backend.connectionCount?.(), backend.idleCount?.(), backend.openingCount?.()]
}

/** What the manager lent it has back: the same objects, each as often as it was lent. */
function expectNothingOut({ lent, back }: ManagerLog): void {
  const numbers = new Map<object, number>()
  for (const connection of lent) numbers.set(connection, (numbers.get(connection) ?? 0) + 1)
  for (const { connection } of back) numbers.set(connection, (numbers.get(connection) ?? 0) - 1)
  expect([...numbers.values()].filter((number) => number !== 0)).toEqual([])
}

/** Somebody has given up behind those that are held: what they give back passes by it to the manager again. */
async function expectLateOneGoesBack(held: readonly BackendLease[], log: ManagerLog): Promise<void> {
  expect(log.back).toEqual([])
  for (const lease of held) await lease.release()
  await waitFor(() => log.back.length === held.length + 1, { what: 'the late connection' })
  expect(log.back.every(({ isDiscarded }) => !isDiscarded)).toBe(true)
  expectNothingOut(log)
}

/** None is lost: all that the manager may open can be had at once. */
async function expectAllUsable(backend: LegacyBackend, log: ManagerLog): Promise<void> {
  const held = await holdAll(backend)
  await Promise.all(held.map(pidOf))
  for (const lease of held) await lease.release()
  expectNothingOut(log)
}
