import { listDocuments } from '@legacy-app/core'
import { pools } from '../database'
import { escapeHtml, type Call, type Reply } from '../http'
import { hitsAbove } from './search'

/** `GET /`: the collections. */
export async function indexPage(_call: Call, reply: Reply): Promise<void> {
  const collections = await pools.withConnection(async (conn) => {
    const found = await conn.query<{ collection: string; n: number }>(
      `SELECT collection, count(*)::int AS n FROM legacy_app.documents GROUP BY 1 ORDER BY 1 LIMIT 50`,
    )
    return found.rows
  })
  const items = collections.map(
    ({ collection, n }) =>
      `<li><a href="/collections/${encodeURIComponent(collection)}">${escapeHtml(collection)}</a> (${n})</li>`,
  )
  reply.html(page('Collections', `<ul>${items.join('')}</ul>`))
}

/** `GET /collections/:collection?q=…`: search, documents and an upload form. */
export async function collectionPage({ params, url }: Call, reply: Reply): Promise<void> {
  const collection = params.collection!
  const query = url.searchParams.get('q') ?? ''
  const hits = query === '' ? [] : await hitsAbove(collection, query, 0.2)
  const documents = await pools.withConnection((conn) => listDocuments(conn, collection, 100))
  const found = hits.map((hit) => `<li>${escapeHtml(hit.title)}: ${escapeHtml(hit.content)}</li>`)
  const all = documents.map((document) => `<li>${escapeHtml(document.title)}</li>`)
  reply.html(
    page(
      collection,
      `<form><input name="q" value="${escapeHtml(query)}"><button>Search</button></form>
<ol id="hits">${found.join('')}</ol>
<ul id="documents">${all.join('')}</ul>
<form method="post"><input name="source"><input name="title"><textarea name="body"></textarea><button>Upload</button></form>`,
    ),
  )
}

function page(title: string, body: string): string {
  return `<!doctype html><meta charset="utf-8"><title>${escapeHtml(title)}</title><h1>${escapeHtml(title)}</h1>${body}`
}
