import { lines, migrateBody as migrate, take, taken } from './migrate-body'

describe('a release that goes away', () => {
  it.each([
    [
      'takes an if that only asked for it',
      lines(
        take,
        '  try {',
        `    await c.query('x')`,
        '  } finally {',
        `    note('a')`,
        '    if (c !== null) {',
        '      c.release()',
        '    }',
        '  }',
      ),
      lines(taken, '  try {', `    await c.query('x')`, '  } finally {', `    note('a')`, '  }'),
    ],
    [
      'leaves an if whose question does something',
      lines(
        take,
        '  try {',
        `    await c.query('x')`,
        '  } finally {',
        '    if (given.next()) c.release()',
        '    else c.release()',
        '  }',
      ),
      lines(taken, '  try {', `    await c.query('x')`, '  } finally {', '    if (given.next()) {}', '  }'),
    ],
    [
      'takes an else of its own',
      lines(
        take,
        '  try {',
        `    await c.query('x')`,
        '  } finally {',
        '    if (given.next()) {',
        `      note('a')`,
        '      c.release()',
        '    } else {',
        '      c.release()',
        '    }',
        '  }',
      ),
      lines(
        taken,
        '  try {',
        `    await c.query('x')`,
        '  } finally {',
        '    if (given.next()) {',
        `      note('a')`,
        '    }',
        '  }',
      ),
    ],
    [
      'takes an else-if of its own',
      lines(
        take,
        '  if (flag) {',
        '    c.release()',
        '    return 1',
        '  } else if (given) {',
        '    c.release()',
        '  } else {',
        '    c.release()',
        '  }',
      ),
      lines(taken, '  if (flag) {', '    return 1', '  }'),
    ],
    [
      'leaves an empty catch, which still catches',
      lines(
        take,
        '  try {',
        `    await c.query('x')`,
        '    c.release()',
        '  } catch {',
        '    c.release()',
        '  }',
      ),
      lines(taken, '  try {', `    await c.query('x')`, '  } catch {', '  }'),
    ],
    [
      'takes what was done about its own failure',
      lines(
        take,
        '  try {',
        `    await c.query('x')`,
        '  } finally {',
        '    try {',
        '      c.release()',
        '    } catch (error) {',
        '      note(error)',
        '    }',
        '  }',
      ),
      lines(taken, `  await c.query('x')`),
    ],
    [
      'stands between others on one line',
      lines(take, `  try { await c.query('x'); c.release(); return 1 } catch (e) { c.release(); throw e }`),
      lines(taken, `  try { await c.query('x'); return 1 } catch (e) { throw e }`),
    ],
    [
      'leaves the comments around it',
      lines(
        take,
        '  try {',
        `    await c.query('x') // one`,
        '    // two',
        '    c.release() // three',
        '    // four',
        '    return 1',
        '  } catch (e) {',
        '    c.release(/* five */)',
        '    throw e',
        '  }',
      ),
      lines(
        taken,
        '  try {',
        `    await c.query('x') // one`,
        '    // two',
        '    // three',
        '    // four',
        '    return 1',
        '  } catch (e) {',
        '    /* five */',
        '    throw e',
        '  }',
      ),
    ],
    [
      'takes the blank line in front of it where nothing follows',
      lines(
        take,
        '  try {',
        `    await c.query('x')`,
        '',
        '    c.release()',
        '  } catch (e) {',
        '    c.release()',
        '',
        '    throw e',
        '  }',
      ),
      lines(taken, '  try {', `    await c.query('x')`, '  } catch (e) {', '', '    throw e', '  }').replace(
        '(e) {\n\n',
        '(e) {\n\n',
      ),
    ],
    [
      'takes the flag that told of it, wherever it is set',
      lines(
        '  let done = false',
        take,
        '  try {',
        '    if (flag) {',
        '      done = true',
        '      c.release()',
        '      return 1',
        '    }',
        `    await c.query('x')`,
        '  } finally {',
        '    if (!done) c.release()',
        '  }',
      ),
      lines(taken, '  if (flag) {', '    return 1', '  }', `  await c.query('x')`),
    ],
    [
      'leaves a flag that somebody else asks for',
      lines(
        '  let done = false',
        take,
        '  try {',
        '    if (flag) {',
        '      done = true',
        '      c.release()',
        '      return 1',
        '    }',
        `    await c.query('x', done)`,
        '  } finally {',
        '    if (!done) c.release()',
        '  }',
      ),
      lines(
        '  let done = false',
        taken,
        '  if (flag) {',
        '    done = true',
        '    return 1',
        '  }',
        `  await c.query('x', done)`,
      ),
    ],
    [
      'keeps a try in a block of its own where a name would collide',
      lines(
        take,
        '  try {',
        '    try {',
        '      const x = 1',
        `      await c.query('x', x)`,
        '    } finally {',
        '      c.release()',
        '    }',
        '  } catch (x) {',
        '    throw x',
        '  }',
      ),
      lines(
        taken,
        '  try {',
        '    const x = 1',
        `    await c.query('x', x)`,
        '  } catch (x) {',
        '    throw x',
        '  }',
      ),
    ],
    [
      'keeps the names of a try apart from those behind it',
      lines(
        take,
        '  try {',
        '    {',
        '      try {',
        '        const x = 1',
        `        await c.query('x', x)`,
        '      } finally {',
        '        c.release()',
        '      }',
        '      const x = 2',
        '      return x',
        '    }',
        '  } catch (e) {',
        '    throw e',
        '  }',
      ),
      lines(
        taken,
        '  try {',
        '    {',
        '      {',
        '        const x = 1',
        `        await c.query('x', x)`,
        '      }',
        '      const x = 2',
        '      return x',
        '    }',
        '  } catch (e) {',
        '    throw e',
        '  }',
      ),
    ],
    [
      'leaves the line ends of the file',
      lines(
        take,
        '  try {',
        `    await c.query('x')`,
        '  } finally {',
        `    note('a')`,
        '    c.release()',
        '  }',
      ).replaceAll('\n', '\r\n'),
      lines(taken, '  try {', `    await c.query('x')`, '  } finally {', `    note('a')`, '  }').replaceAll(
        '\n',
        '\r\n',
      ),
    ],
  ])('%s', (_name, before, after) => {
    const { body, sites } = migrate(before)
    expect(body).toBe(after)
    expect(sites.map((site) => site.verdict)).toEqual(['rewritten'])
  })

  it.each([
    ['list', '  c.release()\n  ;[given] = [1]', ';[given] = [1]'],
    ['call', '  c.release()\n  ;(given)(1)', ';(given)(1)'],
  ])('does not make the line behind it a part of the line in front: %s', (_name, end, expected) => {
    const { body } = migrate(
      lines(
        take,
        '  try {',
        '    given = c.x',
        '    note(given)',
        '  } finally {',
        '    note(1)',
        end,
        '  }',
      ),
    )
    expect(body).toMatch(/release|discard|note/)
    expect(body).toContain(expected)
  })
})

describe('a release that tells of an error', () => {
  const around = (release: string): string =>
    lines(
      take,
      '  let failure',
      '  try {',
      `    await c.query('x')`,
      '  } catch (error) {',
      '    failure = error',
      '  } finally {',
      `    ${release}`,
      '  }',
    )
  it.each([
    ['the error, where there is one', 'c.release(failure)', 'if (failure) c.discard(failure)'],
    ['true', 'c.release(true)', 'c.discard()'],
    ['a comparison', 'c.release(failure !== undefined)', 'if (failure !== undefined) c.discard()'],
    ['a cast', 'c.release(failure as Error)', 'if (failure) c.discard(failure)'],
    ['a choice', 'c.release(failure ?? given)', 'if (failure ?? given) c.discard(failure ?? given)'],
    ['a new error', `c.release(new Error('x'))`, `c.discard(new Error('x'))`],
    [
      'what is an error in any case',
      'c.release(failure instanceof Error ? failure : new Error(String(failure)))',
      'c.discard(failure instanceof Error ? failure : new Error(String(failure)))',
    ],
    [
      'an error behind a question',
      'c && c.release(failure || given)',
      'if (c && (failure || given)) c.discard(failure || given)',
    ],
    [
      'an error in an else',
      'if (given.x) note(1)\n    else c.release(failure)',
      'else { if (failure) c.discard(failure) }',
    ],
  ])('by %s', (_name, release, expected) => {
    const { body } = migrate(around(release), { fixLeaks: true })
    expect(body).toContain(expected)
    expect(body).not.toContain('.release(')
  })

  it('by an order to close', () => {
    const { body } = migrate(
      lines(
        '  const c = await pools.getconn()',
        '  try {',
        `    await c.query('x')`,
        '  } finally {',
        '    pools.putconn(c, undefined, flag)',
        '  }',
      ),
    )
    expect(body).toContain('if (flag) c.discard(flag)')
  })

  it('as an argument, where the calls stay two', () => {
    const style = 'acquire-release'
    expect(migrate(around('c.release(failure)'), { style }).body).toContain(
      'connections.releaseConnection(c, failure)',
    )
    expect(migrate(around('c.release(true)'), { style }).body).toContain(
      'connections.releaseConnection(c, true)',
    )
    expect(migrate(around('c.release(!failure)'), { style }).body).toContain(
      'connections.releaseConnection(c, !failure)',
    )
  })
})

it('the service is not called where its name means something else', () => {
  const code = lines(
    take,
    '  try {',
    '    const connections = given',
    `    await c.query('x', connections)`,
    '    c.release()',
    '  } catch (e) {',
    '    c.release()',
    '    throw e',
    '  }',
  )
  expect(migrate(code, { style: 'acquire-release' }).sites).toMatchObject([
    { verdict: 'manual', reason: 'collision' },
  ])
  expect(migrate(code).sites).toMatchObject([{ verdict: 'rewritten' }])
})

it('a question that was asked is not asked again', () => {
  const release = lines(
    '    if (failure) {',
    '      c.release(failure)',
    '    } else {',
    '      c.release()',
    '    }',
  )
  const code = lines(
    take,
    '  let failure',
    '  try {',
    `    await c.query('x')`,
    '  } catch (e) {',
    '    failure = e',
    '  } finally {',
    release,
    '  }',
  )
  expect(migrate(code).body).toContain(
    lines('  } finally {', '    if (failure) {', '      c.discard(failure)', '    }', '  }'),
  )
})
