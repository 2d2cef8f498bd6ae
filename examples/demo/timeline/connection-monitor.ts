import { Client } from 'pg'
import type { Timeline } from './timeline'

/** One session of the example, as the server lists it. */
export interface Session {
  readonly pid: number
  readonly name: string
}

export interface SideTally {
  readonly legacy: number
  readonly service: number
}

/**
 * Counts sessions by side. A session is remembered under the name it began with: the example renames some of its sessions
 * for a moment, and they do not change sides by that. Sessions that never had a known name are not counted.
 */
export class SessionCounter {
  #known = new Map<number, 'legacy' | 'service'>()

  count(sessions: readonly Session[]): SideTally {
    const known = new Map<number, 'legacy' | 'service'>()
    for (const { pid, name } of sessions) {
      const side = this.#known.get(pid) ?? toSide(name)
      if (side !== undefined) known.set(pid, side)
    }
    this.#known = known
    const sides = [...known.values()]
    return {
      legacy: sides.filter((side) => side === 'legacy').length,
      service: sides.filter((side) => side === 'service').length,
    }
  }
}

function toSide(name: string): 'legacy' | 'service' | undefined {
  if (name.startsWith('legacy-app/')) return 'legacy'
  return name.startsWith('pgferry/') ? 'service' : undefined
}

/** The database as the server itself sees it: who is connected, sampled at an even pace. */
export class ConnectionMonitor {
  readonly #client: Client
  readonly #counter = new SessionCounter()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(
    url: string,
    readonly timeline: Timeline,
    /** The most connections that all processes running now may open together. */
    readonly budget: () => number,
  ) {
    this.#client = new Client({ connectionString: url, application_name: 'demo/monitor' })
    this.#client.on('error', (error) => {
      timeline.fail(new Error(`the connection that watches the server was lost: ${error.message}`))
    })
  }

  async start(everyMs: number): Promise<void> {
    await this.#client.connect()
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look())
    }, everyMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
    await this.#client.end()
  }

  /** Sessions of the example right now. */
  async sessions(): Promise<readonly Session[]> {
    const found = await this.#client.query<Session>(
      `SELECT pid, application_name AS name FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()`,
    )
    return found.rows
  }

  async #look(): Promise<void> {
    try {
      const tally = this.#counter.count(await this.sessions())
      this.timeline.addConnections({ atMs: this.timeline.clock.now(), ...tally, budget: this.budget() })
    } catch (error) {
      this.timeline.fail(new Error(`the server could not be watched: ${String(error)}`))
    }
  }
}
