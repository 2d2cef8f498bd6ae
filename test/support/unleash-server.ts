import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { ConnectionConfig, TestDatabase } from './postgres'
import { waitFor } from './wait-for'

export interface UnleashFlagSetting {
  readonly name: string
  /** Percentage, 0 to 100. Default 100. */
  readonly rollout?: number
  /** Default true. */
  readonly enabled?: boolean
  /** Adds a variant called `share` with this number as payload. */
  readonly share?: number
}

/** A real Unleash server on 127.0.0.1, with flags in the environment `development` of the project `default`. */
export interface UnleashServer extends AsyncDisposable {
  /** For clients: `http://127.0.0.1:<port>/api/`. */
  readonly url: string
  readonly clientToken: string
  readonly pid: number | undefined
  createFlag(flag: UnleashFlagSetting): Promise<void>
  setEnabled(name: string, enabled: boolean): Promise<void>
  setRollout(name: string, rollout: number): Promise<void>
  /** Ends the process; the flags stay in the database. */
  stop(): Promise<void>
  /** Starts it again on the same port. */
  restart(): Promise<void>
}

const adminToken = '*:*.flags-admin-of-a-test-run'
const clientToken = 'default:development.flags-client-of-a-test-run'

/** Starts Unleash on `database` (which it fills with its own tables), on a free port. */
export async function startUnleashServer(database: Pick<TestDatabase, 'connection'>): Promise<UnleashServer> {
  const port = await freePort()
  const base = `http://127.0.0.1:${String(port)}`
  const env = serverEnvironment(database.connection, port)
  let running = await launch(env, base)

  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${base}/api/admin/projects/default/features${path}`, {
      method,
      headers: { Authorization: adminToken, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${text}`)
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  }
  const inDevelopment = (name: string) => `/${name}/environments/development`
  const setEnabled = async (name: string, enabled: boolean) => {
    await call('POST', `${inDevelopment(name)}/${enabled ? 'on' : 'off'}`)
  }
  const stop = async () => {
    await end(running)
  }

  return {
    url: `${base}/api/`,
    clientToken,
    get pid() {
      return running.pid
    },
    async createFlag({ name, rollout = 100, enabled = true, share }) {
      await call('POST', '', { name, type: 'release' })
      await call('POST', `${inDevelopment(name)}/strategies`, strategyOf(rollout, share))
      if (enabled) await setEnabled(name, true)
    },
    setEnabled,
    async setRollout(name, rollout) {
      const found = (await call('GET', `${inDevelopment(name)}/strategies`)) as readonly {
        readonly id: string
      }[]
      const id = found[0]?.id ?? ''
      await call('PUT', `${inDevelopment(name)}/strategies/${id}`, strategyOf(rollout))
    },
    stop,
    async restart() {
      running = await launch(env, base)
    },
    [Symbol.asyncDispose]: stop,
  }
}

function strategyOf(rollout: number, share?: number): object {
  const variant = { name: 'share', weight: 1000, weightType: 'variable', stickiness: 'default' }
  return {
    name: 'flexibleRollout',
    parameters: { rollout: String(rollout), stickiness: 'default', groupId: 'pgferry' },
    constraints: [],
    ...(share === undefined
      ? {}
      : { variants: [{ ...variant, payload: { type: 'number', value: String(share) } }] }),
  }
}

function serverEnvironment(connection: ConnectionConfig, port: number): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NODE_ENV: 'production',
    DATABASE_HOST: connection.host,
    DATABASE_PORT: String(connection.port),
    DATABASE_USERNAME: connection.user,
    DATABASE_PASSWORD: 'not-asked-for',
    DATABASE_NAME: connection.database,
    DATABASE_SSL: 'false',
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: String(port),
    CHECK_VERSION: 'false',
    SEND_TELEMETRY: 'false',
    LOG_LEVEL: 'error',
    INIT_ADMIN_API_TOKENS: adminToken,
    INIT_BACKEND_API_TOKENS: clientToken,
  }
}

async function launch(env: NodeJS.ProcessEnv, base: string): Promise<ChildProcess> {
  // The package exports its library only; the program lies beside it.
  const home = join(dirname(require.resolve('unleash-server')), '..', '..')
  // Where peers are not installed with their dependents, one of its libraries finds an older `ajv` before its own kind.
  const withPeers = { ...env, NODE_PATH: join(home, 'node_modules') }
  const script = join(home, 'dist', 'server.js')
  const server = spawn(process.execPath, [script], { env: withPeers, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4_000)
  }
  server.stdout.on('data', collect)
  server.stderr.on('data', collect)
  const isHealthy = async () => {
    if (server.exitCode !== null) throw new Error(`the Unleash server ended at its start:\n${output}`)
    // Refused connections are what is waited out here.
    return await fetch(`${base}/health`).then(
      (response) => response.ok,
      () => false,
    )
  }
  try {
    await waitFor(isHealthy, { timeoutMs: 30_000, intervalMs: 100, what: 'the Unleash server to be healthy' })
  } catch (error) {
    await end(server)
    throw new Error(`the Unleash server did not start:\n${output}`, { cause: error })
  }
  return server
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill('SIGTERM')
  // It waits for idle keep-alive connections of its clients; nothing of it is needed any more.
  const impatience = setTimeout(() => server.kill('SIGKILL'), 3_000)
  await exited
  clearTimeout(impatience)
}

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
