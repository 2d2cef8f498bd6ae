import type { DocumentInput } from './documents'

/** A small corpus with clearly different subjects: what searches must rank is known. */
export const sampleDocuments: readonly DocumentInput[] = [
  {
    source: 'harbour.txt',
    title: 'Harbour operations',
    body: 'Container ships moor at the northern quay. Cranes unload containers from the ships at night. The harbour pilot guides every ship through the channel.',
  },
  {
    source: 'bakery.txt',
    title: 'Sourdough bread',
    body: 'A sourdough starter needs flour and water every day. The bread rests overnight before baking. Bake the sourdough in a hot oven with steam.',
  },
  {
    source: 'garden.txt',
    title: 'Tomato garden',
    body: 'Tomato plants want sun and regular watering. Prune the side shoots of tomato plants weekly. Harvest tomatoes when they are deep red.',
  },
  {
    source: 'astronomy.txt',
    title: 'Observing Jupiter',
    body: 'Jupiter shows four bright moons in a small telescope. The telescope should cool down before observing. The great red spot of Jupiter faces us every ten hours.',
  },
  {
    source: 'payroll.txt',
    title: 'Payroll calendar',
    body: 'Salaries are paid on the last working day. Overtime must be approved before the payroll run. The payroll office answers questions about salaries.',
  },
]

/** Queries and the document that must come first. */
export const sampleQueries: readonly { readonly query: string; readonly source: string }[] = [
  { query: 'unload containers from ships', source: 'harbour.txt' },
  { query: 'bake sourdough bread', source: 'bakery.txt' },
  { query: 'pruning tomato plants', source: 'garden.txt' },
  { query: 'moons of Jupiter in a telescope', source: 'astronomy.txt' },
  { query: 'when are salaries paid', source: 'payroll.txt' },
]
