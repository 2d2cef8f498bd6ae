import { operationOf, sanitiseSql } from '../../../src/core/sanitise-sql'

describe('a sanitised statement', () => {
  test.each([
    ["ALTER ROLE x PASSWORD 'abc'", 'ALTER ROLE x PASSWORD ?'],
    ["ALTER ROLE x PASSWORD 'a''bc' VALID UNTIL '2030'", 'ALTER ROLE x PASSWORD ? VALID UNTIL ?'],
    ["SELECT E'a\\'secret' , 1", 'SELECT ? , ?'],
    ["SELECT N'secret', B'01', X'ff', U&'secret'", 'SELECT ?, ?, ?, ?'],
    ['SELECT $$secret$$, $a$secret $b$ too$a$', 'SELECT ?, ?'],
    ['DO $do$ BEGIN secret; END $do$', 'DO ?'],
    ['SELECT 1, 2.5, .5, 1e10, 1E-3, 0xff, 1_000', 'SELECT ?, ?, ?, ?, ?, ?, ?'],
    ['SELECT t1.c2 FROM t1 WHERE id = $1 AND n > 42', 'SELECT t1.c2 FROM t1 WHERE id = $1 AND n > ?'],
    ['SELECT "a 1""b" FROM "T"', 'SELECT "a 1""b" FROM "T"'],
    ['SELECT a -- secret\n FROM t', 'SELECT a FROM t'],
    ['SELECT /* secret /* nested */ secret */ a', 'SELECT a'],
    ['SELECT a /* secret', 'SELECT a'],
    ['SELECT a->>2, a - -3, b/4', 'SELECT a->>?, a - -?, b/?'],
    ['SELECT täglich1, ünï', 'SELECT täglich1, ünï'],
    ["COPY t FROM PROGRAM 'cat secret'", 'COPY t FROM PROGRAM ?'],
    ['', ''],
  ])('of %j is %j', (text, expected) => {
    expect(sanitiseSql(text)).toBe(expected)
  })

  test.each([
    ["SELECT 'secret", 'SELECT ?'],
    ["SELECT E'secret", 'SELECT ?'],
    ['SELECT $$secret', 'SELECT ?'],
    // A literal for a server with standard_conforming_strings off, two for one with it on: neither shows its secret.
    ["SELECT 'a\\'secret', 'b'", 'SELECT ?'],
    ["SELECT 'a\\', 'secret'", 'SELECT ?'],
  ])('leaves out the rest of %j, where the end of a literal is not known', (text, expected) => {
    expect(sanitiseSql(text)).toBe(expected)
  })

  test.each([
    ['SET app.token = abc', 'SET app.token = ?'],
    ['SET LOCAL app.token TO "abc def"', 'SET LOCAL app.token TO ?'],
    ['SELECT 1; SET a = b; SELECT c', 'SELECT ?; SET a = ?; SELECT c'],
    ['ALTER ROLE app SET app.token = abc', 'ALTER ROLE app SET app.token = ?'],
    ['UPDATE t SET a = b', 'UPDATE t SET a = b'],
  ])('of %j shows no value of a setting', (text, expected) => {
    expect(sanitiseSql(text)).toBe(expected)
  })

  test('ends where no report needs more', () => {
    const long = sanitiseSql(`SELECT ${'a, '.repeat(3_000)} 'secret'`)
    expect(long.length).toBeLessThan(4_010)
    expect(long.endsWith('…')).toBe(true)
  })

  test('is made in linear time, whatever the text', () => {
    const texts = ["'", '/*', '$a$', '"', 'a', '--', "E'\\", '1e'].map((part) => part.repeat(100_000))
    for (const text of texts) expect(sanitiseSql(text).length).toBeLessThan(4_010)
  })
})

describe('the operation of a statement', () => {
  test.each([
    ['select 1', 'SELECT'],
    ['  /* hint */ -- why\n (SELECT 1)', 'SELECT'],
    ['WITH x AS (SELECT 1) SELECT * FROM x', 'WITH'],
    ['BEGIN', 'BEGIN'],
    [';commit', 'COMMIT'],
    ['hunter2', undefined],
    ['secret', undefined],
    ["'secret'", undefined],
    ['', undefined],
  ])('of %j is %j', (text, expected) => {
    expect(operationOf(text)).toBe(expected)
  })
})
