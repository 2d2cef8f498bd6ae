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
  let open:
    | { language: string; indent: number; attributes: Record<string, string>; line: number; text: string[] }
    | undefined
  lines.forEach((line, index) => {
    // A block inside a list item is indented, and so is its text.
    const fence = /^( *)```(.*)$/.exec(line)
    if (fence === null) open?.text.push(line.slice(Math.min(open.indent, line.search(/\S|$/))))
    else if (open === undefined) {
      const [language = '', ...words] = (fence[2] ?? '').trim().split(/\s+/)
      const indent = (fence[1] ?? '').length
      open = {
        language,
        indent,
        attributes: Object.fromEntries(words.map(toAttribute)),
        line: index + 1,
        text: [],
      }
    } else {
      const { indent: _, text, ...rest } = open
      blocks.push({ ...rest, text: text.join('\n') })
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
