import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ClassRule, FailureRow } from '../../src/pool/resilient/failure-row'
import { failureTable } from '../../src/pool/resilient/failure-table'
import { readTables } from './markdown-tables'

const path = join(resolve(__dirname, '../..'), 'docs/failures.md')
const head = ['failure', 'code', 'for instance', 'the work', 'the pool', 'what it is']

/** `PGFERRY_WRITE_DOCS=1` writes the tables anew; `npm run format` aligns them. */
const isWriting = process.env['PGFERRY_WRITE_DOCS'] === '1'

/** Where a table of the page begins, by the failure that is its first row. */
const sections: readonly string[] = [
  'own-connect-failed',
  'connection-refused',
  'pooler-login-refused',
  'standby-conflict',
  'serialization-failure',
  'unrecognised',
]

test('docs/failures.md has every failure that the pool tells apart, in the order in which it looks', () => {
  if (isWriting) writeFileSync(path, write(readFileSync(path, 'utf8')))
  const tables = readTables(readFileSync(path, 'utf8')).filter(({ head: [first] }) => first === 'failure')
  expect(tables.map((table) => table.head)).toEqual(sections.map(() => head))
  expect(tables.map(({ rows }) => rows[0]?.[0])).toEqual(sections.map((id) => `\`${id}\``))
  expect(tables.flatMap(({ rows }) => rows)).toEqual(failureTable.map(toCells))
})

test('docs/failures.md explains every class that the work can fall into', () => {
  const page = readFileSync(path, 'utf8')
  const classes = new Set(failureTable.map(({ failureClass }) => failureClass))
  expect([...classes].filter((name) => !page.includes(`| **${words[name]}**`))).toEqual([])
})

const words: Readonly<Record<ClassRule, string>> = {
  'not-executed': 'not executed',
  'wrong-node': 'wrong node',
  'retry-transaction': 'retry the transaction',
  permanent: 'permanent',
  'outcome-unknown': 'outcome unknown',
  caller: 'the caller decides',
  lost: 'lost',
  ended: 'ended',
  'not-sent': 'not sent',
  unrecognised: 'unrecognised',
  'by-cause': 'by its cause',
}

function toCells(row: FailureRow): string[] {
  const { id, example, failureClass, meaning } = row
  return [`\`${id}\``, codeCell(row), `\`${example.message}\``, words[failureClass], effects(row), meaning]
}

function codeCell({ codes, message, phases, severity, isUnlessReadOnly, isFromServer }: FailureRow): string {
  const notes = [
    ...(message === undefined ? [] : ['by its message']),
    ...(phases === undefined ? [] : [phaseWords(phases)]),
    ...(severity === 'fatal' ? ['FATAL'] : []),
    ...(severity === 'not-error' ? ['not as ERROR'] : []),
    ...(isFromServer === true ? ['from the server'] : []),
    ...(isUnlessReadOnly === true ? ['unless asked for read-only'] : []),
  ]
  const list =
    codes === undefined
      ? 'any'
      : codes instanceof RegExp
        ? `\`${codes.source}\``
        : codes.map((code) => (code === '' ? 'none' : `\`${code}\``)).join(', ')
  return notes.length === 0 ? list : `${list} (${notes.join(', ')})`
}

function phaseWords(phases: readonly string[]): string {
  return `while ${phases.map((phase) => ({ connect: 'connecting', idle: 'idle', statement: 'in a statement', commit: 'in COMMIT' })[phase] ?? phase).join(' or ')}`
}

function effects({ losesConnection, countsForBreaker, action, example }: FailureRow): string {
  const list = [
    ...(losesConnection === true || example.phase === 'connect' ? ['no connection left'] : []),
    ...(countsForBreaker === true ? ['counts against the host'] : []),
    ...(action === 'shrink' ? ['opens fewer for a while'] : []),
    ...(action === 'refresh-credentials' ? ['asks for credentials again'] : []),
    ...(action === 'recheck-role' ? ['asks the host for its role'] : []),
  ]
  return list.length === 0 ? 'nothing' : list.join(', ')
}

function write(page: string): string {
  const starts = sections.map((id) => failureTable.findIndex((row) => row.id === id))
  const tables = starts.map((start, index) => failureTable.slice(start, starts[index + 1]).map(toCells))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  let next = 0
  return page.replace(/^\| failure .*\n(?:\|.*\n)+/gm, () => {
    const rows = tables[next++] ?? []
    return [line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n')
  })
}
