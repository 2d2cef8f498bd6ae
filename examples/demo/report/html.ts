import { element, escapeText } from '../charts/svg'

/** Markup that is safe to put into a page: text goes through {@link text}. */
export type Html = string

export function text(value: string | number): Html {
  return escapeText(String(value))
}

export interface Column {
  readonly title: string
  /** Numbers stand right. */
  readonly isNumber?: boolean
}

/** A table of texts. Cells that are markup already are given as `{ html }`. */
export type Cell = string | number | { readonly html: Html }

export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  caption?: string,
): Html {
  const cell = (tag: 'th' | 'td', value: Cell, index: number): Html =>
    element(
      tag,
      { class: columns[index]?.isNumber === true ? 'number' : undefined },
      typeof value === 'object' ? value.html : text(value),
    )
  const head = element('tr', {}, ...columns.map(({ title }, index) => cell('th', title, index)))
  const body = rows.map((row) => element('tr', {}, ...row.map((value, index) => cell('td', value, index))))
  return element(
    'div',
    { class: 'table-box' },
    element(
      'table',
      {},
      caption === undefined ? '' : element('caption', {}, text(caption)),
      element('thead', {}, head),
      element('tbody', {}, ...body),
    ),
  )
}

export function section(id: string, title: string, lead: string, ...content: readonly Html[]): Html {
  return element(
    'section',
    { id },
    element('h2', {}, text(title)),
    element('p', { class: 'lead' }, text(lead)),
    ...content,
  )
}

/** The meaning of colours: one swatch and word each. */
export function legend(
  entries: readonly { readonly className: string; readonly name: string; readonly isDashed?: boolean }[],
): Html {
  const items = entries.map(({ className, name, isDashed }) =>
    element(
      'li',
      {},
      element('span', { class: `swatch ${className}${isDashed === true ? ' dashed' : ''}` }, ''),
      text(name),
    ),
  )
  return element('ul', { class: 'legend' }, ...items)
}

export function badge(isGood: boolean, words: { readonly good: string; readonly bad: string }): Html {
  return element(
    'span',
    { class: `badge ${isGood ? 'good' : 'bad'}` },
    `${isGood ? '✓' : '✗'} ${text(isGood ? words.good : words.bad)}`,
  )
}
