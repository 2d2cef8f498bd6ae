import type { Site } from '../../../../codemods/src/model/site'
import { head, lines, migrateBody, take } from './migrate-body'

const onlySite = (sites: readonly Site[]): Site => {
  expect(sites).toHaveLength(1)
  return sites[0] as Site
}

/** The verdict and reason of a leak without and with `--fix-leaks`; never rewritten. */
function told(
  body: string,
  path = 'src/a.ts',
  before?: string,
): { readonly plain: string; readonly asked: string } {
  const of = (fixLeaks: boolean): string => {
    const result = migrateBody(body, { fixLeaks }, path, before)
    expect(result.body).toBe(body)
    const { verdict, reason } = onlySite(result.sites)
    return `${verdict} ${reason ?? '-'}`
  }
  return { plain: of(false), asked: of(true) }
}

const leak = [`  const d = await c.query('x')`, '  c.release()']

describe('a leak that is not mended although that was asked for', () => {
  it('says that its pool is made on the spot', () => {
    const body = lines(
      '  const mine = new Pool(given)',
      '  const c = await mine.connect()',
      ...leak,
      '  return d',
    )
    expect(told(body)).toEqual({ plain: 'leak leaks-on-throw', asked: 'leak receiver-effect' })
  })

  it('says so of a connection that is assigned, too', () => {
    const body = lines('  const mine = new Pool(given)', '  let c', '  c = await mine.connect()', ...leak)
    expect(told(body).asked).toBe('leak receiver-effect')
  })

  it('shows the leak first, and then what stands against its mending', () => {
    const body = lines('  const mine = new Pool(given)', '  const c = await mine.connect()', ...leak)
    const { witness, advice } = onlySite(migrateBody(body, { fixLeaks: true }).sites)
    expect(witness?.map(({ note }) => note)).toEqual([
      'the connection is taken here',
      'when this throws, the function is left with the connection held',
      'evaluated to find the pool, and gone after the rewrite',
    ])
    expect(advice).toContain('makes a pool')
  })

  it('says that its scope cannot be a function, where a jump leaves it', () => {
    const body = lines(
      '  for (;;) {',
      take,
      `  const d = await c.query('x')`,
      '  if (d) {',
      '  c.release()',
      '  break',
      '  }',
      '  note(d)',
      '  c.release()',
      '  }',
    )
    const of = (fixLeaks: boolean): Site => onlySite(migrateBody(body, { fixLeaks, style: 'callback' }).sites)
    expect(of(false)).toMatchObject({ verdict: 'leak', reason: 'leaks-on-throw' })
    expect(of(true)).toMatchObject({ verdict: 'leak', reason: 'completion' })
  })

  it('says that its name is another one here', () => {
    const body = lines('  const connections = given', take, ...leak, '  return d')
    expect(told(body)).toEqual({ plain: 'leak leaks-on-throw', asked: 'leak collision' })
  })

  it('says that one service cannot stand for the pools of two databases', () => {
    const pools = `import { Pool } from 'pg'
import { connections } from './database'
const one = new Pool({ host: 'a' })
const other = new Pool({ host: 'b' })
export async function g() { const c = await other.connect(); try { await c.query('x') } finally { c.release() } }
`
    const body = lines('  const c = await one.connect()', ...leak)
    const of = (fixLeaks: boolean): Site | undefined =>
      migrateBody(body, { fixLeaks }, 'src/a.ts', pools).sites.find(({ verdict }) => verdict === 'leak')
    expect(of(false)).toMatchObject({ verdict: 'leak', reason: 'leaks-on-throw' })
    expect(of(true)).toMatchObject({ verdict: 'leak', reason: 'receiver-effect' })
  })

  it('keeps the reason of its leak where that is all that can be said', () => {
    const forgotten = lines(take, `  const d = c.query('x')`, '  return 1')
    expect(told(forgotten)).toEqual({ plain: 'leak never-released', asked: 'leak never-released' })
    const inCalls = migrateBody(
      lines(take, ...leak),
      { fixLeaks: true, style: 'acquire-release' },
      'src/a.ts',
      head,
    )
    expect(onlySite(inCalls.sites)).toMatchObject({ verdict: 'leak', reason: 'leaks-on-throw' })
  })
})
