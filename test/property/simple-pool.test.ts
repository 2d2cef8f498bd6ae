import { createMockDriver } from '../../src/pool/mock-pool'
import { SimplePoolStrategy } from '../../src/pool/simple-pool'
import { fuzzPool } from './pool-fuzz'

test('no interleaving of borrowers, cancellations, failures and administration breaks the simple pool', async () => {
  const steps = await fuzzPool(
    ({ pool, server, ...deps }) =>
      new SimplePoolStrategy({ connection: {}, pool }, { ...deps, driver: createMockDriver(server) }),
    300,
  )
  expect(steps).toBeGreaterThan(5_000)
})
