import fc from 'fast-check'
import { Places, type Placed } from '../../../src/core/places'

test('whoever comes and goes, in whatever order: the members are those that are in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 })), (steps) => {
      const places = new Places<Placed>()
      const inside: Placed[] = []
      for (const step of steps) {
        // A step beyond those that are in brings one more.
        const [leaving] = step < inside.length ? inside.splice(step, 1) : []
        if (leaving === undefined) {
          const member = { place: -1 }
          places.add(member)
          inside.push(member)
        } else places.remove(leaving)
        expect(places.size).toBe(inside.length)
        expect(new Set(places.members())).toEqual(new Set(inside))
        expect(places.members()).toHaveLength(inside.length)
      }
    }),
  )
})

test('a place that was left is used again', () => {
  const places = new Places<Placed>()
  const [first, second, third] = [{ place: -1 }, { place: -1 }, { place: -1 }]
  places.add(first)
  places.add(second)
  places.remove(first)
  places.add(third)
  expect(third.place).toBe(0)
  expect(places.members()).toEqual([third, second])
})
