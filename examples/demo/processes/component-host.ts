import { fork, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { assertNever } from '../assert-never'
import type { Component } from '../crossing/components'
import type { Command, LoadLevel, Report } from '../load/messages'
import type { Timeline } from '../timeline/timeline'

export interface HostOptions {
  readonly component: Component
  /** Root of the workspace whose build is loaded. */
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  /** What the process prints goes here. */
  readonly logFile: string
  /** For rehearsing the demo's own failure: every step from this one on fails. */
  readonly failAtStep?: number
}

export type FinalLeases = Pick<Extract<Report, { kind: 'closed' }>, 'legacyLeases' | 'serviceLeases'>

const patienceMs = 15_000

/** One running process of a component, as the demo holds it. */
export class ComponentHost {
  readonly component: Component
  readonly #child: ChildProcess
  readonly #timeline: Timeline
  readonly #logFile: string
  #isReady = false
  #isDrained = false
  #hasExited = false
  #finalLeases: FinalLeases | undefined
  #stepsEnded = 0

  /** Steps that ended so far in this process. */
  get stepsEnded(): number {
    return this.#stepsEnded
  }

  get hasExited(): boolean {
    return this.#hasExited
  }

  constructor(options: HostOptions, timeline: Timeline) {
    const { component, root, env, logFile, failAtStep } = options
    this.component = component
    this.#timeline = timeline
    this.#logFile = logFile
    const args = [root, component, ...(failAtStep === undefined ? [] : [String(failAtStep)])]
    this.#child = fork(join(__dirname, '../load/component-process.js'), args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    })
    const log = createWriteStream(logFile, { flags: 'a' })
    this.#child.stdout?.pipe(log, { end: false })
    this.#child.stderr?.pipe(log, { end: false })
    this.#child.on('message', (message) => {
      this.#receive(message as Report)
    })
    this.#child.on('error', (error) => {
      timeline.fail(new Error(`${component}: ${error.message}; its log is ${logFile}`))
    })
    this.#child.on('exit', (code, signal) => {
      this.#hasExited = true
      log.end()
      if (this.#finalLeases === undefined || code !== 0) {
        const how = signal === null ? `code ${String(code)}` : signal
        timeline.fail(
          new Error(
            `the process of ${component} ended with ${how} before it was told to; its log is ${logFile}`,
          ),
        )
      }
      timeline.addUnits([])
    })
  }

  async ready(): Promise<void> {
    await this.#wait('to be ready', () => this.#isReady)
  }

  setLoad(level: LoadLevel): void {
    this.#send({ kind: 'load', level })
  }

  /** The kill switch of this process. */
  force(reason: string): void {
    this.#send({ kind: 'force', reason })
  }

  releaseForce(): void {
    this.#send({ kind: 'release-force' })
  }

  /** Ends the load, waits for the last step, has the process close its connections and exit. @returns leases left over */
  async stop(): Promise<FinalLeases> {
    this.#send({ kind: 'drain' })
    await this.#wait('to finish its steps', () => this.#isDrained)
    this.#send({ kind: 'close' })
    await this.#wait('to close and exit', () => this.#finalLeases !== undefined && this.#hasExited)
    return this.#finalLeases ?? { legacyLeases: 0, serviceLeases: 0 }
  }

  /** Ends the process at once, whatever it is doing: after a failure. */
  kill(): void {
    if (!this.#hasExited) this.#child.kill('SIGKILL')
  }

  #receive(report: Report): void {
    switch (report.kind) {
      case 'ready':
        this.#isReady = true
        break
      case 'units':
        this.#stepsEnded = report.stepsEnded
        this.#timeline.addUnits(report.units)
        return
      case 'ferry':
        this.#timeline.addFerry(report.record)
        return
      case 'drained':
        this.#isDrained = true
        break
      case 'closed':
        this.#finalLeases = { legacyLeases: report.legacyLeases, serviceLeases: report.serviceLeases }
        break
      case 'step-failed':
      case 'broken':
        this.#timeline.fail(new Error(`${this.component}: ${report.message}; its log is ${this.#logFile}`))
        break
      default:
        assertNever(report)
    }
    this.#timeline.addUnits([])
  }

  #wait(what: string, condition: () => boolean): Promise<void> {
    return this.#timeline.waitFor(`${this.component} ${what} (log: ${this.#logFile})`, patienceMs, condition)
  }

  #send(command: Command): void {
    if (this.#child.connected) this.#child.send(command)
  }
}
