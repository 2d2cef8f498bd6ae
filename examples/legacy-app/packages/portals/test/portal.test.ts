import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sampleDocuments, sampleQueries, uniqueName, type SearchHit } from '@legacy-app/core'
import { createWorkload, startPortal, type Portal } from '../src/index'

const collection = uniqueName('test-portal')
const api = `/api/collections/${collection}`
const workload = createWorkload()
let portal: Portal

const call = (method: string, path: string, options: RequestInit = {}): Promise<Response> =>
  fetch(portal.url + path, { method, redirect: 'manual', ...options })
const upload = (document: unknown): Promise<Response> =>
  call('POST', `${api}/documents`, { body: JSON.stringify(document) })

before(async () => {
  portal = await startPortal(0)
})
after(async () => {
  for (const { source } of sampleDocuments) await call('DELETE', `${api}/documents/${source}`)
  await call('DELETE', `${api}/visits`)
  await portal.close()
  await workload.close()
})

test('documents are uploaded once and listed', async () => {
  for (const document of sampleDocuments) {
    const response = await upload(document)
    assert.equal(response.status, 201)
    assert.ok(((await response.json()) as { chunkCount: number }).chunkCount > 0)
  }
  assert.equal((await upload(sampleDocuments[0])).status, 200)
  const { documents } = (await (await call('GET', `${api}/documents`)).json()) as { documents: unknown[] }
  assert.equal(documents.length, sampleDocuments.length)
  const rest = (await (await call('GET', `${api}/documents?after=harbour.txt`)).json()) as { documents: unknown[] }
  assert.deepEqual(rest.documents, [{ source: 'payroll.txt', title: 'Payroll calendar' }])
})

test('a search ranks the right document first and is noted', async () => {
  for (const { query, source } of sampleQueries) {
    const response = await call('GET', `${api}/search?q=${encodeURIComponent(query)}&limit=3`)
    assert.equal(response.status, 200)
    const { hits } = (await response.json()) as { hits: SearchHit[] }
    assert.equal(hits.length, 3)
    assert.equal(hits[0]?.source, source, query)
  }
  const visits = (await (await call('GET', `${api}/visits`)).json()) as Record<string, number>
  assert.deepEqual(visits, { search: sampleQueries.length })
})

test('a document is answered with 304 when it did not change', async () => {
  const path = `${api}/documents/garden.txt`
  const first = await call('GET', path)
  const etag = first.headers.get('etag')
  assert.ok(etag)
  assert.equal(((await first.json()) as { title: string }).title, 'Tomato garden')
  for (let i = 0; i < 25; i += 1) {
    const again = await call('GET', path, { headers: { 'if-none-match': etag } })
    assert.equal(again.status, 304)
    assert.equal(await again.text(), '')
  }
  assert.equal((await call('GET', path, { headers: { 'if-none-match': '"other"' } })).status, 200)
})

test('a title is changed', async () => {
  const path = `${api}/documents/payroll.txt`
  assert.equal((await call('PATCH', path, { body: '{"title":"Pay days"}' })).status, 200)
  assert.equal(((await (await call('GET', path)).json()) as { title: string }).title, 'Pay days')
})

test('related documents leave out the document itself', async () => {
  const { hits } = (await (await call('GET', `${api}/related/harbour.txt`)).json()) as { hits: SearchHit[] }
  assert.equal(hits.length, 3)
  assert.ok(hits.every((hit) => hit.source !== 'harbour.txt'))
})

test('the page searches, uploads and escapes what it shows', async () => {
  const body = new URLSearchParams({ source: 'form.txt', title: '<b>Form</b>', body: 'Filled in by hand & sent.' })
  const posted = await call('POST', `/collections/${collection}`, { body })
  assert.equal(posted.status, 303)
  const page = await (await call('GET', posted.headers.get('location') ?? '')).text()
  assert.match(page, /<li>&lt;b&gt;Form&lt;\/b&gt;<\/li>/)
  const found = await (await call('GET', `/collections/${collection}?q=jupiter+telescope`)).text()
  assert.match(found, /<ol id="hits"><li>Observing Jupiter/)
  assert.equal((await call('DELETE', `${api}/documents/form.txt`)).status, 204)
  assert.match(await (await call('GET', '/')).text(), /<h1>Collections<\/h1>/)
})

test('what is not there is answered with 404', async () => {
  const missing = ['/nowhere', `${api}/documents/none`, `${api}/related/none`]
  for (const path of missing) assert.equal((await call('GET', path)).status, 404, path)
  assert.equal((await call('DELETE', `${api}/documents/none`)).status, 404)
  assert.equal((await call('PATCH', `${api}/documents/none`, { body: '{"title":"x"}' })).status, 404)
})

test('bad input is answered with 400 or 413 and the reason', async () => {
  const bad: [Promise<Response>, number, RegExp][] = [
    [call('GET', `${api}/search`), 400, /q is missing/],
    [call('GET', `${api}/search?q=x&limit=0`), 400, /limit must be/],
    [call('POST', `${api}/documents`, { body: 'no json' }), 400, /not JSON/],
    [call('POST', `${api}/documents`, { body: '[]' }), 400, /expected a JSON object/],
    [upload({ source: '../x', title: 'x', body: 'x' }), 400, /source must be/],
    [upload({ source: 'x', title: ' ', body: 'x' }), 400, /title is missing/],
    [upload({ source: 'x', title: 'x' }), 400, /body is missing/],
    [call('PATCH', `${api}/documents/garden.txt`, { body: '{}' }), 400, /title is missing/],
    [call('GET', `/api/collections/%E0%A4%A/search?q=x`), 400, /not encoded correctly/],
    [upload({ source: 'x', title: 'x', body: 'x'.repeat(300_000) }), 413, /exceeds/],
  ]
  for (const [answer, status, reason] of bad) {
    const response = await answer
    assert.equal(response.status, status)
    assert.match(await response.text(), reason)
  }
})

test('a document that the database refuses is a 500 and the portal lives on', async () => {
  for (let i = 0; i < 15; i += 1) {
    assert.equal((await upload({ source: 'x', title: 'x', body: 'null \0 character' })).status, 500)
  }
  assert.equal((await call('GET', '/health')).status, 200)
})

test('every operation of the workload succeeds, also side by side', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, i) => workload.step(i)))
})
