import {
  expectThat,
  rotateOperations,
  sampleDocuments,
  sampleQueries,
  type SearchHit,
  type Workload,
} from '@legacy-app/core'
import { closeDatabase } from './database'
import { startPortal, type Portal } from './portal'

const EVENT_DEADLINE_MS = 5_000

/** People using the portal, over HTTP. */
export function createWorkload(): Workload {
  let portal: Portal | undefined
  const http = async (method: string, path: string, options: RequestInit = {}): Promise<Response> => {
    if (portal === undefined) throw new Error('the portal is not running')
    return fetch(portal.url + path, { method, redirect: 'manual', ...options })
  }
  const upload = (collection: string, document: object): Promise<Response> =>
    http('POST', `/api/collections/${collection}/documents`, { body: JSON.stringify(document) })

  return rotateOperations({
    name: 'portals',
    async prepare() {
      portal = await startPortal(0)
    },
    async close() {
      await portal?.close()
      await closeDatabase()
    },
    operations: [
      async function uploadAndRead(own) {
        const document = sampleDocuments[1]!
        const path = `/api/collections/${own}/documents/${document.source}`
        await expectStatus(upload(own, document), 201)
        await expectStatus(upload(own, document), 200)
        const read = await expectStatus(http('GET', path), 200)
        const { title } = (await read.json()) as { title: string }
        expectThat(title === document.title, 'the uploaded title')
        const headers = { 'if-none-match': read.headers.get('etag') ?? '' }
        await expectStatus(http('GET', path, { headers }), 304)
        await expectStatus(http('PATCH', path, { body: JSON.stringify({ title: 'Bread' }) }), 200)
        await expectHeard(http, own, document.source)
        await expectStatus(http('DELETE', path), 204)
        await expectStatus(http('DELETE', path), 404)
        await expectStatus(http('GET', path), 404)
      },
      async function searchAll(own) {
        await Promise.all(sampleDocuments.slice(0, 2).map((document) => upload(own, document)))
        for (const { query, source } of sampleQueries.slice(0, 2)) {
          const path = `/api/collections/${own}/search?q=${encodeURIComponent(query)}&limit=2`
          const { hits } = (await (await expectStatus(http('GET', path), 200)).json()) as { hits: SearchHit[] }
          expectThat(hits[0]?.source === source, `${source} first for "${query}"`)
        }
        const source = sampleDocuments[0]!.source
        const answer = await expectStatus(http('GET', `/api/collections/${own}/related/${source}`), 200)
        const { hits } = (await answer.json()) as { hits: SearchHit[] }
        expectThat(hits.length === 1 && hits[0]?.source !== source, 'the other document as related')
        const visits = await expectStatus(http('GET', `/api/collections/${own}/visits`), 200)
        expectThat(((await visits.json()) as { search?: number }).search === 2, 'two noted searches')
        await expectStatus(http('DELETE', `/api/collections/${own}/visits`), 200)
        await removeAll(http, own)
      },
      async function page(own) {
        const form = new URLSearchParams({ ...sampleDocuments[2]! })
        await expectStatus(http('POST', `/collections/${own}`, { body: form }), 303)
        const answer = await expectStatus(http('GET', `/collections/${own}?q=tomato+plants`), 200)
        expectThat(/<ol id="hits"><li>Tomato garden/.test(await answer.text()), 'the garden as a hit')
        await expectStatus(http('GET', '/'), 200)
        await expectStatus(http('GET', '/health'), 200)
        await removeAll(http, own)
      },
      async function mistakes(own) {
        await expectStatus(upload(own, { source: 'no spaces', title: 'x', body: 'x' }), 400)
        await expectStatus(http('GET', `/api/collections/${own}/search`), 400)
        await expectStatus(http('GET', `/api/collections/${own}/related/none`), 404)
        await expectStatus(http('PATCH', `/api/collections/${own}/documents/none`, { body: '{"title":"x"}' }), 404)
        await expectStatus(http('DELETE', `/api/collections/${own}/visits`), 200)
        await expectStatus(http('GET', '/nowhere'), 404)
      },
    ],
  })
}

type HttpCall = (method: string, path: string) => Promise<Response>

async function expectStatus(answer: Promise<Response>, status: number): Promise<Response> {
  const response = await answer
  if (response.status !== status) {
    const text = await response.text()
    expectThat(false, `${status} from ${new URL(response.url).pathname}, not ${response.status}: ${text}`)
  }
  return response
}

async function expectHeard(http: HttpCall, collection: string, source: string): Promise<void> {
  const deadline = Date.now() + EVENT_DEADLINE_MS
  while (Date.now() < deadline) {
    const answer = await expectStatus(http('GET', `/api/collections/${collection}/uploads`), 200)
    const { sources } = (await answer.json()) as { sources: string[] }
    if (sources.includes(source)) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expectThat(false, `the upload of ${source} to be announced`)
}

async function removeAll(http: HttpCall, collection: string): Promise<void> {
  const answer = await expectStatus(http('GET', `/api/collections/${collection}/documents`), 200)
  const { documents } = (await answer.json()) as { documents: { source: string }[] }
  for (const { source } of documents) {
    await expectStatus(http('DELETE', `/api/collections/${collection}/documents/${source}`), 204)
  }
}
