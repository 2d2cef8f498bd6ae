import { readFileSync } from 'node:fs'

/** One fenced block of a Markdown file. */
export interface MarkdownBlock {
  readonly language: string
  /** What follows the language on the fence: `file=src/x.ts` gives `{ file: 'src/x.ts' }`, a bare word gives `'true'`. */
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
}

/** All fenced blocks of a file, in order. */
export function readMarkdownBlocks(path: string): readonly MarkdownBlock[] {
  const blocks: MarkdownBlock[] = []
  const lines = readFileSync(path, 'utf8').split('\n')
  let open: { language: string; attributes: Record<string, string>; line: number; text: string[] } | undefined
  lines.forEach((line, index) => {
    const fence = /^```(.*)$/.exec(line)
    if (fence === null) open?.text.push(line)
    else if (open === undefined) {
      const [language = '', ...words] = (fence[1] ?? '').trim().split(/\s+/)
      open = { language, attributes: Object.fromEntries(words.map(toAttribute)), line: index + 1, text: [] }
    } else {
      blocks.push({ ...open, text: open.text.join('\n') })
      open = undefined
    }
  })
  if (open !== undefined) throw new Error(`${path}:${open.line}: the block is never closed`)
  return blocks
}

function toAttribute(word: string): [string, string] {
  const [name = '', value = 'true'] = word.split('=')
  return [name, value]
}
