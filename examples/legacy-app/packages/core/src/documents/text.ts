import { createHash } from 'node:crypto'

/** Identifies a text by its content. */
export function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Lower-case words of letters and digits, in order. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
}

/** Cuts a text into chunks of at most `size` characters, at sentence ends where possible. */
export function chunkText(body: string, size = 240): string[] {
  const chunks: string[] = []
  let current = ''
  for (const sentence of body.split(/(?<=[.!?])\s+/)) {
    if (current !== '' && current.length + sentence.length + 1 > size) {
      chunks.push(current)
      current = ''
    }
    current = current === '' ? sentence : `${current} ${sentence}`
  }
  if (current.trim() !== '') chunks.push(current.trim())
  return chunks
}
