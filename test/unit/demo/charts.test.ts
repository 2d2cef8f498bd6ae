import { renderBarChart } from '../../../examples/demo/charts/bar-chart'
import { renderJourneyChart } from '../../../examples/demo/charts/journey-chart'
import { linearScale, niceTicks, secondTicks } from '../../../examples/demo/charts/scale'
import { element, escapeText, linePath } from '../../../examples/demo/charts/svg'
import { renderTimeChart } from '../../../examples/demo/charts/time-chart'
import { placeLabels } from '../../../examples/demo/charts/time-frame'

describe('scales', () => {
  it('map a domain to pixels, upside down too, and a point to the beginning', () => {
    expect(linearScale([0, 10], [0, 100])(5)).toBe(50)
    expect(linearScale([0, 10], [100, 0])(10)).toBe(0)
    expect(linearScale([3, 3], [20, 90])(3)).toBe(20)
  })

  it.each([
    [0, [0, 1]],
    [1, [0, 0.25, 0.5, 0.75, 1]],
    [7, [0, 2, 4, 6, 8]],
    [100, [0, 25, 50, 75, 100]],
    [1234, [0, 500, 1000, 1500]],
  ])('cover 0 to %p with round numbers', (max, ticks) => {
    expect(niceTicks(max)).toEqual(ticks)
  })

  it('put seconds at round places inside the interval', () => {
    expect(secondTicks([3, 21], 4)).toEqual([5, 10, 15, 20])
  })
})

describe('markup', () => {
  it('escapes text and attributes, and leaves out attributes without a value', () => {
    expect(escapeText('<a & "b">')).toBe('&lt;a &amp; &quot;b&quot;&gt;')
    expect(element('rect', { x: 1.234, class: 'a"b', rx: undefined })).toBe(
      '<rect x="1.2" class="a&quot;b"/>',
    )
  })

  it('breaks a line where nothing was measured', () => {
    expect(linePath([{ x: 0, y: 1 }, undefined, { x: 2, y: 3 }, { x: 4, y: 5 }])).toBe('M0,1M2,3L4,5')
  })

  it('leaves out marker labels that would run into one another', () => {
    const markers = [0, 1, 20].map((atS) => ({ atS, label: 'restart', tone: 'neutral' as const }))
    expect(placeLabels(markers, (s) => s * 10).map(({ at }) => at)).toEqual([0, 200])
  })
})

describe('charts', () => {
  const options = { width: 400, height: 200, timeS: [0, 10] as const, maxValue: 4, valueLabel: 'connections' }

  it('stack areas on one another and break them where nothing was measured', () => {
    const rows = [
      { atS: 0, values: [1, 1] },
      { atS: 5, values: undefined },
      { atS: 10, values: [2, 2] },
    ]
    const svg = renderTimeChart('Connections', options, [
      { kind: 'stack', classNames: ['service', 'legacy'], rows },
    ])
    expect(svg.match(/class="area service"/g)).toHaveLength(2)
    // Axis: 64 to 384 and 166 to 42 for 0 to 4; the second layer begins where the first ends.
    expect(svg).toContain('<path d="M64,135L64,166Z" class="area service"/>')
    expect(svg).toContain('<path d="M64,104L64,135Z" class="area legacy"/>')
  })

  it('hold the value of a step until the next one', () => {
    const points = [
      { atS: 0, value: 2 },
      { atS: 10, value: 4 },
    ]
    const svg = renderTimeChart('Budget', options, [{ kind: 'step', className: 'budget', points }])
    expect(svg).toContain('d="M64,104L384,104L384,42"')
  })

  it('say in words what they show, with the unit and the markers', () => {
    const markers = [{ atS: 5, label: '50 %', tone: 'service' as const }]
    const svg = renderTimeChart('Share & more', { ...options, markers }, [])
    expect(svg).toContain('aria-label="Share &amp; more"')
    expect(svg).toContain('>connections</text>')
    expect(svg).toContain('>10 s</text>')
    expect(svg).toContain('<title>50 %, 5.0 s</title>')
  })

  it('write the numbers of bars into them and their sum beside them', () => {
    const segments = [
      { name: 'rewritable', className: 'rewritable', value: 9 },
      { name: 'leak', className: 'leak', value: 0 },
    ]
    const svg = renderBarChart('Sites', 'call sites', [
      { label: 'core', bars: [{ label: 'before', segments }] },
    ])
    expect(svg).toContain('<title>before: 9 rewritable</title>')
    expect(svg).not.toContain('0 leak')
    expect(svg.match(/>9<\/text>/g)).toHaveLength(2)
  })

  it('show what was done when, with the whole label in the title even where it does not fit', () => {
    const steps = [{ fromS: 1, toS: 1.2, label: 'rolling restart', className: 'restart' }]
    const svg = renderJourneyChart('Steps', [0, 60], [{ label: 'core', steps }])
    expect(svg).toContain('<title>rolling restart: 1.0 to 1.2 s</title>')
    expect(svg).not.toContain('>rolling restart</text>')
  })
})
