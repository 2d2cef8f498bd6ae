import ts from 'typescript'
import { isStatementList, isWithin } from '../analysis/connection/bracket'
import { commentsBetween } from '../analysis/syntax/comments'
import { isQuietTree } from '../analysis/connection/quiet'
import type { TextEdit } from '../model/text-edit'
import { indentUnit, layoutOf, type Layout } from './layout'
import type { Closing, Shift, SiteEdits } from './site-edits'
import { canUnwrap, continuesCall } from './unwrap'

/**
 * The sites with the edits that take statements away, of all of them at once: what two sites leave empty together goes too. An `if` that only
 * asked, a finally block and an `else` vanish with their last statement; a catch block stays, because an empty one still catches.
 */
export function resolveRemovals(
  sourceFile: ts.SourceFile,
  sites: readonly SiteEdits[],
): readonly SiteEdits[] {
  const removed = new Set(sites.flatMap((site) => site.removals ?? []))
  if (removed.size === 0 && sites.every((site) => site.closing === undefined)) return sites
  const emptied = collapse(removed)
  const remover = new Remover(sourceFile, removed, emptied)
  const closed = sites.map((site) =>
    site.closing === undefined ? site : { ...site, shifts: [...site.shifts, remover.close(site.closing)] },
  )
  return [...closed, remover.run()]
}

interface Emptied {
  readonly finallies: ReadonlySet<ts.TryStatement>
  readonly elses: ReadonlySet<ts.IfStatement>
}

/** Adds to the set what becomes empty by it. */
function collapse(removed: Set<ts.Statement>): Emptied {
  const finallies = new Set<ts.TryStatement>()
  const elses = new Set<ts.IfStatement>()
  const isEmpty = (node: ts.Statement): boolean =>
    removed.has(node) ||
    (ts.isBlock(node) && node.statements.length > 0 && node.statements.every((one) => removed.has(one)))
  const ofParent = (body: ts.Statement): ts.Statement | undefined => {
    const { parent } = body
    if (ts.isIfStatement(parent)) {
      if (parent.elseStatement === body) elses.add(parent)
      const isBare = parent.elseStatement === undefined || elses.has(parent)
      return isBare && isEmpty(parent.thenStatement) && isQuietTree(parent.expression) ? parent : undefined
    }
    if (ts.isTryStatement(parent)) {
      if (parent.finallyBlock === body) finallies.add(parent)
      const isBare = parent.finallyBlock === undefined || finallies.has(parent)
      return isBare && isEmpty(parent.tryBlock) ? parent : undefined
    }
    return ts.isBlock(body) && isStatementList(parent) ? body : undefined
  }
  const pending = [...removed]
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    const block = ts.isBlock(one.parent) && isEmpty(one.parent) ? one.parent : undefined
    const body = block ?? (isStatementList(one.parent) ? undefined : one)
    const outer = body && ofParent(body)
    if (outer === undefined || removed.has(outer)) continue
    removed.add(outer)
    pending.push(outer)
  }
  return { finallies, elses }
}

class Remover {
  private readonly layout: Layout
  private readonly text: string
  private readonly edits: TextEdit[] = []
  private readonly shifts: Shift[] = []
  /** Ranges that an edit takes as a whole. */
  private readonly covered: { readonly start: number; readonly end: number }[] = []

  constructor(
    private readonly sourceFile: ts.SourceFile,
    private readonly removed: ReadonlySet<ts.Statement>,
    private readonly emptied: Emptied,
  ) {
    this.layout = layoutOf(sourceFile)
    this.text = sourceFile.text
  }

  run(): SiteEdits {
    const outermost = [...this.removed].filter((one) => !this.isInside(one, one))
    for (const one of this.emptied.finallies) if (!this.isGone(one)) this.removeFinally(one)
    for (const one of this.emptied.elses) {
      if (this.isGone(one)) continue
      this.cover(one.thenStatement.end, one.end, this.comments(one.thenStatement.end, one.end, one))
    }
    for (const one of outermost) if (!this.isCovered(one)) this.remove(one)
    return { edits: this.edits, shifts: this.shifts }
  }

  /** A brace at the end of a region: in the place of its last statement when that goes, else behind it. Answers which lines move in. */
  close({ last, start, indent, unit, text }: Closing): Shift {
    // A call without a semicolon would go on in what follows: `})\n[a] = b`.
    const guard = text.endsWith(')') && continuesCall(this.text, last.end) ? ';' : ''
    const brace = `${this.layout.newLine}${indent}${text}${guard}`
    if (this.removed.has(last)) {
      const from = last.getStart()
      const begin = this.isFirstOnLine(from) ? this.endOfTextBefore(from) : from
      const isAlone = this.isLastOnLine(last.end) || this.isComment(last.end)
      const rest = isAlone ? '' : `${this.layout.newLine}${indent}`
      this.cover(begin, last.end, `${this.comments(from, last.end, last)}${brace}${rest}`)
      return { start, end: Math.max(start, begin), unit, direction: 'in' }
    }
    this.edits.push({ start: last.end, end: last.end, text: brace })
    return { start, end: last.end, unit, direction: 'in' }
  }

  /** Without a catch nothing of the try is left but its statements. */
  private removeFinally(statement: ts.TryStatement): void {
    const { tryBlock, catchClause } = statement
    if (catchClause !== undefined) {
      this.cover(catchClause.end, statement.end, this.comments(catchClause.end, statement.end, statement))
      return
    }
    const kept = tryBlock.statements.filter((one) => !this.removed.has(one))
    const [first] = kept
    const last = kept.at(-1)
    const indent = this.layout.indentOf(statement)
    const isFree =
      first !== undefined &&
      last !== undefined &&
      first === tryBlock.statements[0] &&
      this.layout.indentOf(tryBlock) === indent &&
      this.isFirstOnLine(first.getStart()) &&
      this.isFirstOnLine(tryBlock.end - 1) &&
      this.isLastOnLine(statement.end) &&
      canUnwrap(statement, first, last)
    if (!isFree) {
      this.cover(statement.getStart(), tryBlock.getStart(), '')
      this.cover(tryBlock.end, statement.end, this.comments(tryBlock.end, statement.end, statement))
      return
    }
    const start = this.startWithComments(tryBlock.getStart() + 1)
    const end = this.endOfLine(last.end)
    const unit = indentUnit(tryBlock, this.layout)
    this.cover(statement.getStart(), start, '')
    this.cover(end, statement.end, this.comments(end, statement.end, statement))
    this.shifts.push({ start, end, unit, direction: 'out' })
  }

  private remove(statement: ts.Statement): void {
    const { parent } = statement
    const start = statement.getStart()
    if (!isStatementList(parent)) {
      this.cover(start, statement.end, '{}')
      return
    }
    const kept = this.comments(start, statement.end, statement)
    const joint = this.wouldJoin(start, statement.end) ? ';' : ''
    if (!this.isFirstOnLine(start)) {
      const blanks = /^[ \t]*/.exec(this.text.slice(statement.end))?.[0].length ?? 0
      this.cover(start, statement.end + blanks, joint + kept)
      return
    }
    const comment = /^[ \t]*(?=\/[/*])/.exec(this.text.slice(statement.end))
    if (comment !== null) {
      this.cover(start, statement.end + comment[0].length, joint)
      return
    }
    if (!this.isLastOnLine(statement.end) || joint !== '') {
      this.cover(start, statement.end, joint + kept)
      return
    }
    const isLastInBlock = /^\s*}/.test(this.text.slice(statement.end))
    const isBlankBehind = /^[ \t]*\r?\n[ \t]*\r?\n/.test(this.text.slice(statement.end))
    const begin = isLastInBlock || isBlankBehind ? this.endOfTextBefore(start) : this.endOfLineBefore(start)
    this.cover(begin, this.endOfLine(statement.end), kept)
  }

  private cover(start: number, end: number, text: string): void {
    if (start === end && text === '') return
    this.edits.push({ start, end, text })
    this.covered.push({ start, end })
  }

  private isCovered(node: ts.Node): boolean {
    return this.covered.some(({ start, end }) => start <= node.getStart() && node.end <= end)
  }

  /** Whether the statement goes, or stands in something that goes. */
  private isGone(node: ts.Node): boolean {
    return [...this.removed].some((one) => isWithin(node, one))
  }

  private isInside(node: ts.Node, but: ts.Node): boolean {
    return [...this.removed].some((one) => one !== but && isWithin(node, one))
  }

  /** Comments of what goes away stay, each on a line of its own. */
  private comments(start: number, end: number, at: ts.Node): string {
    const indent = this.layout.indentOf(at)
    return commentsBetween(this.sourceFile, start, end)
      .map((comment) => `${this.layout.newLine}${indent}${comment.text}`)
      .join('')
  }

  /** Without semicolons the statement behind could continue the one in front. */
  private wouldJoin(start: number, end: number): boolean {
    const before = this.text.slice(0, start).trimEnd().at(-1) ?? ';'
    const behind = this.text.slice(end).trimStart()[0] ?? ''
    return !';{'.includes(before) && behind !== '' && '([`+-/<'.includes(behind) && !this.isComment(end)
  }

  private isComment(end: number): boolean {
    return /^\s*\/[/*]/.test(this.text.slice(end))
  }

  private isFirstOnLine(offset: number): boolean {
    return /(^|\n)[ \t]*$/.test(this.text.slice(Math.max(0, offset - 400), offset))
  }

  private isLastOnLine(offset: number): boolean {
    return /^[ \t]*(\r?\n|$)/.test(this.text.slice(offset))
  }

  private endOfLine(offset: number): number {
    return offset + (/^[^\r\n]*/.exec(this.text.slice(offset))?.[0].length ?? 0)
  }

  private endOfLineBefore(offset: number): number {
    const before = this.text.slice(0, offset)
    return before.length - (/\r?\n[ \t]*$/.exec(before)?.[0].length ?? 0)
  }

  private endOfTextBefore(offset: number): number {
    return this.text.slice(0, offset).trimEnd().length
  }

  private startWithComments(offset: number): number {
    const rest = this.text.slice(offset)
    return offset + (rest.length - rest.trimStart().length)
  }
}
