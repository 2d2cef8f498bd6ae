import {
  checkOptions,
  isBoolean,
  isCount,
  isDurationMs,
  isFunction,
  isObject,
  isOneOf,
  isShare,
  isString,
  nearestName,
} from '../../../src/core/options'

const rules = {
  max: isCount(1),
  timeoutMs: isDurationMs(1),
  ratio: isShare,
  mode: isOneOf('a', 'b'),
  on: isBoolean,
  name: isString,
  make: isFunction,
  nested: isObject,
}

test('options that fit pass, and undefined counts as left out', () => {
  const good = {
    max: 1,
    timeoutMs: 1.5,
    ratio: 0,
    mode: 'a',
    on: false,
    name: 'x',
    make: () => 1,
    nested: {},
  }
  expect(() => {
    checkOptions('pool', good, rules)
  }).not.toThrow()
  expect(() => {
    checkOptions('pool', { max: undefined }, rules)
  }).not.toThrow()
})

test.each([
  [{ max: 0 }, 'pool.max: received 0, expected a whole number of at least 1'],
  [{ max: 1.5 }, 'pool.max: received 1.5, expected a whole number of at least 1'],
  [{ timeoutMs: NaN }, 'pool.timeoutMs: received NaN, expected a duration in milliseconds of at least 1'],
  [{ ratio: 2 }, 'pool.ratio: received 2, expected a share from 0 to 1'],
  [{ mode: 'c' }, `pool.mode: received "c", expected one of 'a', 'b'`],
  [{ on: 1 }, 'pool.on: received 1, expected true or false'],
  [{ name: '' }, 'pool.name: received "", expected a non-empty string'],
  [{ make: 1 }, 'pool.make: received 1, expected a function'],
  [{ nested: [] }, 'pool.nested: received an array of 0, expected an object'],
  [{ mx: 1 }, "pool.mx: received 1, expected no such option (did you mean 'max'?)"],
  [{ constructor: 1 }, 'pool.constructor: received 1, expected no such option; known: max'],
])('%p is refused with what was expected', (options, message) => {
  expect(() => {
    checkOptions('pool', options, rules)
  }).toThrow(message)
})

test('what is no object is refused, and without a prefix the option stands alone', () => {
  expect(() => {
    checkOptions('pool', null, rules)
  }).toThrow('pool: received null, expected an object')
  expect(() => {
    checkOptions('', { max: 0 }, rules)
  }).toThrow('invalid option max: received 0')
})

test('the nearest name is offered only when it is near', () => {
  expect(nearestName('genral', ['report', 'general'])).toBe('general')
  expect(nearestName('zzz', ['general'])).toBeUndefined()
  expect(nearestName('x', [])).toBeUndefined()
})
