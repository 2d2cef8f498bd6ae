import {
  embed,
  expectThat,
  migrateSchema,
  rotateOperations,
  sampleDocuments,
  sampleQueries,
  type Workload,
} from '@legacy-app/core'
import { AnswerTransaction } from './answer-transaction'
import { ChatHistory } from './chat-history'
import { closeDatabase, infra, pool, pools } from './database'
import { EmbeddingCache } from './embedding-cache'
import { forgetFeedback, helpfulShare, recordFeedback } from './feedback'
import { searchHybrid } from './hybrid-retriever'
import { searchKeywords, suggestTitles } from './keyword-retriever'
import { neighboursOf, titleOf, verifyEmbeddings, withAmbientConnection } from './neighbours'
import { createVectorStore } from './vector-store'

const sources = sampleDocuments.map((document) => document.source)

/** Questions being answered out of document collections. */
export function createWorkload(): Workload {
  return rotateOperations({
    name: 'rag-adapters',
    prepare: () => pools.withConnection(migrateSchema),
    close: closeDatabase,
    operations: [
      async function vectorStore(own) {
        const store = createVectorStore(pools, own)
        expectThat((await store.addDocuments(sampleDocuments)).length === sources.length, 'an id for each document')
        for (const { query, source } of sampleQueries) {
          const [best] = await store.similaritySearch(embed(query), 2)
          expectThat(best?.source === source, `${source} first for "${query}"`)
        }
        expectThat((await verifyEmbeddings(own)) >= sources.length, 'embeddings of the right length')
        expectThat((await neighboursOf(own, sources[0]!, 2)).length === 2, 'two neighbours')
        expectThat((await store.delete(['unknown', ...sources])) === sources.length, 'every document deleted')
      },
      async function retrievers(own) {
        const store = createVectorStore(pools, own)
        await store.addDocuments(sampleDocuments)
        const [keyword] = await searchKeywords(own, 'flour and water', 3)
        expectThat(keyword?.source === 'bakery.txt', 'the bakery for flour')
        expectThat((await suggestTitles(own, 'sour')).join() === 'Sourdough bread', 'one suggestion')
        const { query, source } = sampleQueries[2]!
        expectThat((await searchHybrid(own, query, 3))[0]?.source === source, `${source} first`)
        expectThat((await titleOf(own, source)) === 'Tomato garden', 'the title')
        const titles = await withAmbientConnection(async () => [
          await titleOf(own, source),
          await titleOf(own, 'unknown'),
        ])
        expectThat(titles[0] === 'Tomato garden' && titles[1] === undefined, 'the ambient titles')
        await store.delete(sources)
      },
      async function cache(own) {
        const embeddings = new EmbeddingCache(infra, own)
        const first = await embeddings.embed('ships in the harbour')
        const second = await embeddings.embed('ships in the harbour')
        expectThat(second.every((value, i) => Math.abs(value - first[i]!) < 1e-6), 'the cached embedding')
        const usage = await embeddings.usage()
        expectThat(usage.entries === 1 && usage.hits === 1, 'one hit')
        expectThat((await embeddings.clear()) === 1, 'one cleared entry')
      },
      async function chat(own) {
        const history = new ChatHistory(pool, own)
        await history.append('s', [
          { role: 'user', content: 'When are salaries paid?' },
          { role: 'assistant', content: 'On the last working day.' },
        ])
        const dropped = await AnswerTransaction.open(pools)
        await dropped.write(own, 's', 'a wrong answer')
        await dropped.rollback()
        const kept = await AnswerTransaction.open(pools)
        await kept.write(own, 's', 'See the payroll calendar.')
        await kept.commit()
        const recent = await history.recent('s', 2)
        expectThat(recent[1]?.content === 'See the payroll calendar.', 'the newest message last')
        expectThat((await history.summarize('s', 'Payroll was discussed.')) === 3, 'three summarized messages')
        expectThat((await history.recent('s', 9)).length === 1, 'only the summary')
        await history.clear('s')
        expectThat((await history.recent('s', 9)).length === 0, 'no message')
      },
      async function feedback(own) {
        expectThat((await helpfulShare(own)) === 0, 'no feedback yet')
        await recordFeedback(own, 's', true)
        await recordFeedback(own, 's', false)
        expectThat((await helpfulShare(own)) === 0.5, 'half of the answers to be helpful')
        expectThat((await forgetFeedback(own)) === 2, 'both to be forgotten')
      },
    ],
  })
}
