import { head, lines, migrateBody as migrate, take, taken } from './migrate-body'

describe('where the scope ends', () => {
  it.each([
    ['a value that is there already', 'return r', true],
    ['a part of it', 'return r.rows[0]', true],
    ['an object made of it', 'return { rows: r.rows, count: r.rows.length + 1 }', true],
    ['what plain functions make of it', 'return Number(r.rows.map((row) => row.id).join())', true],
    ['an error', `throw new RangeError('x')`, true],
    ['a choice', 'return flag ? r.rows : undefined', true],
    ['a comparison', 'return r instanceof Object && !flag', true],
    ['a call', 'return given(r)', false],
    ['a method by name', 'return r.rows.map(given)', false],
    ['a method that waits', 'return r.rows.map(async (row) => row)', false],
    ['something new', 'return new Thing(r)', false],
    ['a wait', 'return await r', false],
    ['a template with a tag', 'return given`${r}`', false],
  ])('behind %s', (_name, last, isQuiet) => {
    const { body } = migrate(lines(take, `  const r = await c.query('x')`, '  c.release()', `  ${last}`), {
      fixLeaks: true,
    })
    expect(body.includes('{\n    await using')).toBe(!isQuiet)
    expect(body).toContain(last)
  })

  it.each([
    [
      'a value',
      lines(take, `  const r = await c.query('x')`, '  c.release()', '  await work(r)'),
      lines('  let r', '  {', `  ${taken}`, `    r = await c.query('x')`, '  }', '  await work(r)'),
    ],
    [
      'a value with a type',
      lines(take, `  const r: unknown = await c.query('x')`, '  c.release();', '  return () => given(r)'),
      lines(
        '  let r: unknown',
        '  {',
        `  ${taken}`,
        `    r = await c.query('x')`,
        '  }',
        '  return () => given(r)',
      ),
    ],
    [
      'values of a list',
      lines(take, `  const [a, b] = await c.query('x');`, '  c.release();', '  await work(a, b);'),
      lines(
        '  let a, b',
        '  {',
        `  ${taken}`,
        `    ;[a, b] = await c.query('x');`,
        '  }',
        '  await work(a, b);',
      ),
    ],
    [
      'values of a list, where every line ends with a semicolon',
      lines(
        `${take};`,
        `  const { a, b: [d = 1] } = await c.query('x');`,
        '  c.release();',
        '  await work(a, d);',
      ),
      lines(
        '  let a, d;',
        '  {',
        `  ${taken};`,
        `    ({ a, b: [d = 1] } = await c.query('x'));`,
        '  }',
        '  await work(a, d);',
      ),
    ],
    [
      'what it begins with',
      lines(
        take,
        '  let count = 0, name',
        '  const at = new Date()',
        '  try {',
        `    name = await c.query('x', at)`,
        '  } finally {',
        '    c.release()',
        '  }',
        '  await work(count, name)',
      ),
      lines(
        '  let count = 0, name',
        '  {',
        `  ${taken}`,
        '    const at = new Date()',
        `    name = await c.query('x', at)`,
        '  }',
        '  await work(count, name)',
      ),
    ],
  ])('before code that needs %s', (_name, before, after) => {
    const { body } = migrate(before, { fixLeaks: true })
    expect(body).toBe(after)
  })

  it.each([
    ['a function', '  function r() { return 1 }'],
    ['a value without a type that a function takes along', `  const r = await c.query('x')`],
    ['a pattern with a type', `  const { r }: any = await c.query('x')`],
  ])('is the end of the list when the code behind it needs %s, and the release stays', (_name, declared) => {
    const { body } = migrate(lines(take, declared, '  c.release()', '  await work(() => r)'), {
      fixLeaks: true,
    })
    expect(body).toContain('await using c = ')
    expect(body).toContain('  c.release()')
    expect(body).not.toContain('{\n    await using')
  })

  it('is the end of a clause, in a block', () => {
    const { body } = migrate(
      lines(
        '  switch (flag) {',
        '    case 1: {',
        '    }',
        '    case 2:',
        `    ${take.trim()}`,
        `      await c.query('x')`,
        '      c.release()',
        '      break',
        '  }',
      ),
      { fixLeaks: true },
    )
    expect(body).toContain(`await c.query('x')`)
    expect(body).toMatch(/\{\n\s+await using c[^}]*\}\n\s+break/)
  })
})

describe('in callback style', () => {
  const style = 'callback'
  it('one value comes out of the callback', () => {
    const { body } = migrate(
      lines(take, `  const { rows } = await c.query('x')`, '  c.release()', '  await work(rows)'),
      { style, fixLeaks: true },
    )
    expect(body).toBe(
      lines(
        `  const { rows } = await connections.withConnection('rag', async (c) => {`,
        `    return await c.query('x')`,
        '  })',
        '  await work(rows)',
      ),
    )
  })

  it('two values do not, nor one that something comes behind', () => {
    const two = lines(
      take,
      `  const a = await c.query('x')`,
      `  const b = await c.query('y')`,
      '  c.release()',
      '  await work(a, b)',
    )
    const behind = lines(
      take,
      `  const a = await c.query('x')`,
      `  await c.query('y')`,
      '  c.release()',
      '  await work(a)',
    )
    const promise = lines(take, `  const a = c.query('x')`, '  c.release()', '  await work(a)')
    for (const body of [two, behind, promise])
      expect(migrate(body, { style, fixLeaks: true }).sites.map((site) => site.verdict)).toEqual(['leak'])
  })

  it('plain JavaScript has it too, or two calls where those were asked for or nothing else can be', () => {
    const code = lines(
      take,
      '  try {',
      `    await c.query('x')`,
      '  } finally {',
      '    note(1)',
      '    c.release()',
      '  }',
    )
    expect(migrate(code, {}, 'src/a.js').body).toContain('await connections.withConnection(')
    expect(migrate(code, { style: 'acquire-release' }, 'src/a.js').body).toContain(
      'connections.releaseConnection(c)',
    )
    const jumps = lines(
      '  for (;;) {',
      take,
      '  try {',
      `    break`,
      '  } finally {',
      '    note(1)',
      '    c.release()',
      '  }',
      '  }',
    )
    expect(migrate(jumps, {}, 'src/a.js').sites).toMatchObject([
      { verdict: 'rewritten', labels: ['call-by-call'] },
    ])
    expect(migrate(jumps, { style: 'acquire-release' }, 'src/a.js').sites).toMatchObject([
      { verdict: 'rewritten' },
    ])
  })

  it('the call does not go on in a line that begins with a bracket', () => {
    const neat = lines(
      take,
      '  try {',
      `    await c.query('x')`,
      '  } finally {',
      '    c.release()',
      '  }',
      '  [given] = [1]',
    )
    expect(migrate(neat, { style }).body).toContain('  });\n  [given] = [1]')
    const mixed = neat.replace('    c.release()', '    note(1)\n    c.release()')
    expect(migrate(mixed, { style }).body).toContain('  });\n  [given] = [1]')
  })
})

describe('what is left alone', () => {
  it('a leak, unless it was asked for, and in two calls always', () => {
    const code = lines(take, `  await c.query('x')`, '  c.release()')
    expect(migrate(code).sites).toMatchObject([{ verdict: 'leak', reason: 'leaks-on-throw' }])
    expect(migrate(code, { fixLeaks: true }).sites).toMatchObject([
      { verdict: 'rewritten', labels: ['fixes-leak'] },
    ])
    expect(migrate(code, { fixLeaks: true, style: 'acquire-release' }).sites).toMatchObject([
      { verdict: 'leak' },
    ])
  })

  it.each([
    ['a listener', `  c.on('notification', note)`],
    ['a channel', `  await c.query('LISTEN jobs')`],
    ['a lock of the session', `  await c.query('select pg_advisory_lock(1)')`],
  ])('a connection that is never given back because of %s', (_name, use) => {
    const { sites } = migrate(lines(take, use), { fixLeaks: true })
    expect(sites).toHaveLength(1)
    expect(sites[0]?.verdict).not.toBe('rewritten')
  })

  it('the witness of the leak that went away stays', () => {
    const { sites } = migrate(lines(take, `  await c.query('x')`, '  c.release()'), { fixLeaks: true })
    expect(sites[0]?.witness?.at(-1)?.note).toMatch(/the function is left with the connection held/)
    expect(sites[0]).not.toHaveProperty('reason')
  })
})

it('a type that hides the scope goes, and its import with it', () => {
  const text = lines(
    `  const c: PoolClient = await pool.connect()`,
    '  try {',
    `    await c.query('x')`,
    '  } finally {',
    '    c.release()',
    '  }',
  )
  const { body } = migrate(text, {}, 'src/a.ts', head.replace('{ Pool }', '{ Pool, type PoolClient }'))
  expect(body).toBe(lines(taken, `  await c.query('x')`))
})
