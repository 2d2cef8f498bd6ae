// The process of one component: loads the built workload, drives it as told over IPC, and reports what it sees.
import { join } from 'node:path'
import type { Ferry } from 'pgferry/legacy'
import type { Component } from '../crossing/components'
import { components } from '../crossing/components'
import { assertNever } from '../assert-never'
import type { UnitRecord } from '../timeline/records'
import { figuresOf } from './ferry-figures'
import type { Command, Report } from './messages'
import { PacedLoad } from './paced-load'
import { servedBy, UnitObserver } from './unit-observer'

interface Workload {
  step(index: number): Promise<void>
  close(): Promise<void>
}

/** What a package's wiring exports; before the ferry went in there is none. */
interface Database {
  readonly ferry?: Ferry
  readonly unitOfWork?: (work: () => Promise<void>) => Promise<void>
}

const reportEveryMs = 100

const [root = '', name = '', failAtStep = ''] = process.argv.slice(2)
const component = requireComponent(name)
const folder = join(root, 'packages', component, 'dist', 'src')

const observer = new UnitObserver({
  sideOf: (applicationName) =>
    applicationName.startsWith('pgferry/')
      ? 'service'
      : applicationName.startsWith('legacy-app/')
        ? 'legacy'
        : undefined,
  now: () => Date.now(),
  onEnd(unit, error) {
    const record = {
      component,
      beganAtMs: unit.beganAtMs,
      tookMs: Date.now() - unit.beganAtMs,
      servedBy: servedBy(unit.sides),
    }
    units.push(error === undefined ? record : { ...record, error })
  },
})

const units: UnitRecord[] = []
let stepsEnded = 0

observer.watchStatements()
// The portal's unit of work is the request, as in any web application; everybody else's is the job.
if (component === 'portals') observer.watchHttpRequests()

const { createWorkload } = load('workload.js') as { readonly createWorkload: () => Workload }
const database = load('database.js') as Database
const workload = createWorkload()

const paced = new PacedLoad({
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => {
      clearTimeout(timer)
    }
  },
  async step(index) {
    try {
      await runStep(index)
    } catch (error) {
      send({ kind: 'step-failed', message: describe(error) })
    } finally {
      stepsEnded += 1
    }
  },
})

async function runStep(index: number): Promise<void> {
  if (failAtStep !== '' && index >= Number(failAtStep)) throw new Error(`step ${index} was made to fail`)
  if (component === 'portals') {
    await workload.step(index)
    return
  }
  const { unitOfWork } = database
  await observer.run(() =>
    unitOfWork === undefined ? workload.step(index) : unitOfWork(() => workload.step(index)),
  )
}

const reporting = setInterval(sendFigures, reportEveryMs)

function sendFigures(): void {
  send({ kind: 'units', units: units.splice(0), stepsEnded })
  const { ferry } = database
  if (ferry === undefined) return
  const figures = figuresOf(ferry.status(), component)
  send({ kind: 'ferry', record: { component, processId: process.pid, atMs: Date.now(), ...figures } })
}

process.on('message', (message) => {
  obey(message as Command).catch((error: unknown) => {
    send({ kind: 'broken', message: describe(error) })
  })
})
process.on('disconnect', () => {
  // The demo is gone: nobody is left to serve.
  process.exit(1)
})
process.on('SIGINT', () => {
  // Ctrl-C reaches the whole group; the demo closes this process in order.
})
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    send({ kind: 'broken', message: `${event}: ${describe(error)}` })
  })
}
send({ kind: 'ready' })

async function obey(command: Command): Promise<void> {
  switch (command.kind) {
    case 'load':
      paced.setLevel(command.level)
      return
    case 'drain':
      await paced.drain()
      sendFigures()
      send({ kind: 'drained' })
      return
    case 'force':
      database.ferry?.forceLegacy(command.reason, component)
      return
    case 'release-force':
      database.ferry?.releaseForce(component)
      return
    case 'close':
      return close()
    default:
      assertNever(command)
  }
}

async function close(): Promise<void> {
  await paced.drain()
  clearInterval(reporting)
  const { ferry } = database
  // The workload gives back what it keeps (a connection that listens, for one) before it closes the ferry.
  await workload.close()
  sendFigures()
  const none = { legacyLeases: 0, serviceLeases: 0 }
  const { legacyLeases, serviceLeases } = ferry === undefined ? none : figuresOf(ferry.status(), component)
  send({ kind: 'closed', legacyLeases, serviceLeases })
  process.removeAllListeners('message')
  process.removeAllListeners('disconnect')
  process.disconnect()
}

function send(report: Report): void {
  if (process.connected) process.send?.(report)
}

function load(file: string): unknown {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the path is known only now, and the build is CommonJS
  return require(join(folder, file))
}

function requireComponent(given: string): Component {
  const known = components.find((candidate) => candidate === given)
  if (known === undefined)
    throw new Error(`unknown component '${given}'; expected one of ${components.join(', ')}`)
  return known
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` <- ${describe(error.cause)}`
  return `${error.message}${cause}`
}
