/** Text or an attribute value, safe inside HTML and SVG. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** One element with children that are markup already. Numbers are cut to a tenth of a pixel. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? pixel(value) : escapeText(value)}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

export function textElement(text: string, attributes: Attributes): string {
  return element('text', attributes, escapeText(text))
}

/** The shortest text of a coordinate with one decimal. */
export function pixel(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** Path data through points; `undefined` breaks the line. */
export function linePath(points: readonly (Point | undefined)[]): string {
  let command = 'M'
  return points
    .map((point) => {
      if (point === undefined) {
        command = 'M'
        return ''
      }
      const part = `${command}${pixel(point.x)},${pixel(point.y)}`
      command = 'L'
      return part
    })
    .join('')
}

/** Path data of the band between two lines over the same x. */
export function bandPath(upper: readonly Point[], lower: readonly Point[]): string {
  if (upper.length === 0) return ''
  return `${linePath([...upper, ...[...lower].reverse()])}Z`
}

/** A whole picture: scales with the page, and says in words what it shows. */
export function picture(
  size: { readonly width: number; readonly height: number },
  label: string,
  body: string,
): string {
  return element(
    'svg',
    {
      viewBox: `0 0 ${pixel(size.width)} ${pixel(size.height)}`,
      role: 'img',
      'aria-label': label,
      class: 'chart',
      xmlns: 'http://www.w3.org/2000/svg',
    },
    element('title', {}, escapeText(label)),
    body,
  )
}
