import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the fake answers the next requests. */
export type FakeUnleashBehaviour =
  | { readonly kind: 'flags' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'body'; readonly body: string; readonly etag?: string }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }

export interface FakeFlag {
  readonly name: string
  readonly enabled?: boolean
  readonly rollout?: number
  readonly strategies?: unknown
  readonly variants?: unknown
  readonly dependencies?: unknown
}

/** An HTTP server on 127.0.0.1 that speaks as much of Unleash's client API as a test of failures needs. */
export interface FakeUnleash {
  readonly url: string
  /** Requests for flags so far. */
  readonly requestCount: number
  /** The headers of the last request for flags. */
  readonly lastHeaders: IncomingMessage['headers']
  behave(behaviour: FakeUnleashBehaviour): void
  setFlags(flags: readonly FakeFlag[]): void
  /** Closes the port, cutting what is open. */
  stop(): Promise<void>
  /** Listens on the same port again. */
  restart(): Promise<void>
}

export async function startFakeUnleash(flags: readonly FakeFlag[] = []): Promise<FakeUnleash> {
  let behaviour: FakeUnleashBehaviour = { kind: 'flags' }
  let current = flags
  let revision = 1
  let requestCount = 0
  let lastHeaders: IncomingMessage['headers'] = {}

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    requestCount++
    lastHeaders = request.headers
    if (behaviour.kind === 'hang') return
    if (behaviour.kind === 'status') {
      response.writeHead(behaviour.status).end()
      return
    }
    const etag = behaviour.kind === 'flags' ? `"r${String(revision)}"` : behaviour.etag
    if (etag !== undefined && request.headers['if-none-match'] === etag) {
      response.writeHead(304).end()
      return
    }
    const body = behaviour.kind === 'flags' ? toAnswer(current) : behaviour.body
    response
      .writeHead(200, { 'content-type': 'application/json', ...(etag === undefined ? {} : { etag }) })
      .end(body)
  }

  let server: Server = createServer(answer)
  const port = await listen(server, 0)
  return {
    url: `http://127.0.0.1:${String(port)}/api/`,
    get requestCount() {
      return requestCount
    },
    get lastHeaders() {
      return lastHeaders
    },
    behave(next) {
      behaviour = next
    },
    setFlags(next) {
      current = next
      revision++
    },
    stop: () => stop(server),
    async restart() {
      server = createServer(answer)
      await listen(server, port)
    },
  }
}

function toAnswer(flags: readonly FakeFlag[]): string {
  const features = flags.map(({ enabled = true, rollout = 100, ...flag }) => ({
    type: 'release',
    enabled,
    strategies: [
      {
        name: 'flexibleRollout',
        parameters: { rollout: String(rollout), stickiness: 'default', groupId: 'g' },
        constraints: [],
      },
    ],
    variants: [],
    ...flag,
  }))
  return JSON.stringify({ version: 2, features })
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}
