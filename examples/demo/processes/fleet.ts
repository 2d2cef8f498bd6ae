import { join } from 'node:path'
import { components, type Component } from '../crossing/components'
import type { LoadLevel } from '../load/messages'
import type { Timeline } from '../timeline/timeline'
import { ComponentHost } from './component-host'

export interface FleetOptions {
  readonly root: string
  readonly logFolder: string
  readonly env: Readonly<Record<string, string>>
  /** Load of each component from its start. */
  readonly level: LoadLevel
  /** Makes the steps of one component fail from the given one on. */
  readonly sabotage?: { readonly component: Component; readonly failAtStep: number }
}

/** The running example: one process for each component, two while one is being replaced. */
export class Fleet {
  readonly #hosts = new Map<Component, ComponentHost>()
  readonly #everStarted: ComponentHost[] = []
  readonly #timeline: Timeline
  #leftOver = 0
  #restarts = 0

  constructor(
    readonly options: FleetOptions,
    timeline: Timeline,
  ) {
    this.#timeline = timeline
  }

  /** Leases that processes still had when they ended. */
  get leasesLeftOver(): number {
    return this.#leftOver
  }

  get restarts(): number {
    return this.#restarts
  }

  /** Processes that run now. */
  get running(): number {
    return this.#everStarted.filter((host) => !host.hasExited).length
  }

  host(component: Component): ComponentHost {
    const host = this.#hosts.get(component)
    if (host === undefined) throw new Error(`${component} is not running`)
    return host
  }

  /** Starts every component and waits until each has finished its first steps. */
  async start(): Promise<void> {
    for (const component of components) this.#hosts.set(component, this.#launch(component))
    await Promise.all(components.map((component) => this.#takeLoad(this.host(component))))
  }

  /** Replaces a component's process: the new one takes the load first, then the old one finishes what it began and ends. */
  async restart(component: Component): Promise<void> {
    const old = this.host(component)
    const fresh = this.#launch(component)
    await this.#takeLoad(fresh)
    this.#hosts.set(component, fresh)
    await this.#stop(old)
    this.#restarts += 1
  }

  /** Ends every component in order. */
  async stop(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => this.#stop(host)))
    this.#hosts.clear()
  }

  /** Ends what still runs, at once. */
  kill(): void {
    for (const host of this.#everStarted) host.kill()
  }

  #launch(component: Component): ComponentHost {
    const { root, env, logFolder, sabotage } = this.options
    const host = new ComponentHost(
      {
        component,
        root,
        env,
        logFile: join(logFolder, `${component}.log`),
        ...(sabotage?.component === component ? { failAtStep: sabotage.failAtStep } : {}),
      },
      this.#timeline,
    )
    this.#everStarted.push(host)
    return host
  }

  async #takeLoad(host: ComponentHost): Promise<void> {
    await host.ready()
    host.setLoad(this.options.level)
    await this.#timeline.waitFor(`the first steps of ${host.component}`, 15_000, () => host.stepsEnded >= 2)
  }

  async #stop(host: ComponentHost): Promise<void> {
    const { legacyLeases, serviceLeases } = await host.stop()
    this.#leftOver += legacyLeases + serviceLeases
  }
}
