import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chunkText, embed, EMBEDDING_SIZE } from '../src/index'

const similarity = (a: string, b: string): number => {
  const left = embed(a)
  const right = embed(b)
  return left.reduce((sum, value, i) => sum + value * right[i]!, 0)
}

test('an embedding has 64 dimensions, length one, and is always the same', () => {
  const vector = embed('Ships in the harbour')
  assert.equal(vector.length, EMBEDDING_SIZE)
  assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-9)
  assert.deepEqual(vector, embed('ships in the HARBOUR!'))
})

test('similar wording is closer than other wording', () => {
  assert.ok(similarity('baking sourdough bread', 'bake sourdough breads') > 0.6)
  assert.ok(similarity('baking sourdough bread', 'moons of jupiter') < 0.4)
})

test('a text without words has the zero vector', () => {
  assert.deepEqual(embed(' ... '), new Array<number>(EMBEDDING_SIZE).fill(0))
})

test('a text is cut at sentence ends and nothing gets lost', () => {
  const sentences = Array.from({ length: 12 }, (_, i) => `Sentence number ${i} talks about harbours.`)
  const chunks = chunkText(sentences.join(' '), 100)
  assert.ok(chunks.length >= 6)
  assert.ok(chunks.every((chunk) => chunk.length <= 100))
  assert.equal(chunks.join(' '), sentences.join(' '))
})
