import type { Site } from '../model/site'

export interface ExcerptLine {
  readonly number: number
  readonly text: string
  /** The acquire itself, a step of the witness, or what stands around them. */
  readonly role: 'site' | 'step' | 'context'
}

const before = 1
const behind = 5
const longest = 18

/** The lines around a site and its witness, from the text of its file; what looks like a secret is blotted out. */
export function excerptOf(site: Site, text: string): readonly ExcerptLine[] {
  const lines = text.split(/\r?\n/)
  const steps = (site.witness ?? [])
    .filter((step) => step.file === undefined || step.file === site.file)
    .map((step) => step.line)
  const start = Math.max(1, site.line - before)
  const wanted = Math.max(site.line + behind, ...steps.map((line) => line + 1))
  const end = Math.min(lines.length, wanted, start + longest - 1)
  const found: ExcerptLine[] = []
  for (let number = start; number <= end; number += 1) {
    found.push({
      number,
      text: withoutSecrets(lines[number - 1] ?? ''),
      role: number === site.line ? 'site' : steps.includes(number) ? 'step' : 'context',
    })
  }
  return found.at(-1)?.text.trim() === '' ? found.slice(0, -1) : found
}

/** Passwords in connection strings, and literals that are given to something called a password, secret, token or key. */
export function withoutSecrets(line: string): string {
  return line
    .replace(/(\b[a-z][\w+.-]*:\/\/[^\s:/@'"`]*:)[^\s@'"`]+@/gi, '$1***@')
    .replace(
      /((?:password|passwd|pwd|secret|token|api_?key)["'`]?\s*(?::|=|\?\?|\|\|)\s*)(["'`]).*?\2/gi,
      '$1$2***$2',
    )
}
