import { didYouMean, nearestName } from '../../../../codemods/src/project/nearest-name'

test('a mistyped name finds the one that was meant', () => {
  expect(nearestName('portal', ['core', 'portals', 'scripts'])).toBe('portals')
  expect(nearestName('PORTALS', ['core', 'portals'])).toBe('portals')
})

test('a name that resembles nothing finds nothing', () => {
  expect(nearestName('zzzzzz', ['core', 'portals'])).toBeUndefined()
  expect(didYouMean('zzzzzz', ['core'])).toBe('')
})

test('of several near names the nearest wins', () => {
  expect(didYouMean('cor', ['corpus', 'core'])).toBe(' Did you mean "core"?')
})
