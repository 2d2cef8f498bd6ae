import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { migrateSchema } from '@legacy-app/core'
import { infra, pool, pools } from './database'
import { DocumentEvents } from './document-events'
import { getDocument, getDocuments, health, removeDocument, retitleDocument } from './handlers/documents'
import { collectionPage, indexPage } from './handlers/page'
import { related, search } from './handlers/search'
import { upload, uploadForm } from './handlers/upload'
import { HttpError, Reply, type Handler } from './http'
import { VisitLog, forgetVisits, visitCounts } from './visit-log'

/** A running portal. */
export interface Portal {
  readonly url: string
  /** Stops the server and gives back every connection; the database stays open. */
  close(): Promise<void>
}

interface Route {
  readonly method: string
  readonly pattern: RegExp
  readonly handler: Handler
}

/** Starts the portal on a port of 127.0.0.1; 0 takes a free one. */
export async function startPortal(port: number): Promise<Portal> {
  await infra.getDbConnection(migrateSchema)
  const visits = new VisitLog(pools)
  const events = new DocumentEvents(pool)
  await events.start()
  const routes = createRoutes(visits, events)
  const server = createServer((request, response) => void respond(routes, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${taken}`,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeIdleConnections()
      })
      await visits.flush()
      await events.stop()
    },
  }
}

function createRoutes(visits: VisitLog, events: DocumentEvents): readonly Route[] {
  const noted =
    (handler: Handler): Handler =>
    async (call, reply) => {
      visits.note(call.params.collection!, call.url.pathname.split('/').pop() ?? '')
      await handler(call, reply)
    }
  const api = '/api/collections/:collection'
  return [
    route('GET', '/', indexPage),
    route('GET', '/health', health),
    route('GET', '/collections/:collection', collectionPage),
    route('POST', '/collections/:collection', uploadForm),
    route('GET', `${api}/search`, noted(search)),
    route('GET', `${api}/related/:source`, related),
    route('GET', `${api}/documents`, getDocuments),
    route('POST', `${api}/documents`, upload),
    route('GET', `${api}/documents/:source`, getDocument),
    route('PATCH', `${api}/documents/:source`, retitleDocument),
    route('DELETE', `${api}/documents/:source`, removeDocument),
    route('GET', `${api}/uploads`, async ({ params }, reply) => {
      reply.json({ sources: events.uploadedTo(params.collection!) })
    }),
    route('GET', `${api}/visits`, async ({ params }, reply) => {
      await visits.flush()
      reply.json(await visitCounts(params.collection!))
    }),
    route('DELETE', `${api}/visits`, async ({ params }, reply) => {
      await visits.flush()
      reply.json({ forgotten: await forgetVisits(params.collection!) })
    }),
  ]
}

function route(method: string, path: string, handler: Handler): Route {
  return { method, pattern: new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`), handler }
}

async function respond(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reply = new Reply(response)
  try {
    const url = new URL(request.url ?? '/', 'http://portal')
    for (const { method, pattern, handler } of routes) {
      const match = method === request.method ? pattern.exec(url.pathname) : null
      if (match === null) continue
      const params = Object.fromEntries(
        Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
      )
      await handler({ request, url, params }, reply)
      return
    }
    throw new HttpError(404, `nothing at ${request.method} ${url.pathname}`)
  } catch (error) {
    answerError(error, request, response, reply)
  }
}

function answerError(error: unknown, request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (response.headersSent) {
    response.destroy()
  } else if (error instanceof HttpError) {
    reply.status(error.status).json({ error: error.message })
  } else if (error instanceof URIError) {
    reply.status(400).json({ error: 'the address is not encoded correctly' })
  } else {
    console.error(`${request.method} ${request.url}: ${String(error)}`)
    reply.status(500).json({ error: 'internal error' })
  }
}
