import { createMockDriver } from '../../src/pool/mock-pool'
import { ResilientPoolStrategy } from '../../src/pool/resilient/resilient-pool'
import { fuzzPool } from './pool-fuzz'

test('no interleaving of borrowers, cancellations, failures and administration breaks the resilient pool', async () => {
  const steps = await fuzzPool(
    ({ pool, server, ...deps }) =>
      new ResilientPoolStrategy(
        // Silent connections are asked before they are lent, within the short times of the run.
        {
          connection: {},
          pool: { ...pool, validateAfterIdleMs: 30, validationTimeoutMs: 20, healthCheckMs: 100 },
        },
        { ...deps, driver: createMockDriver(server) },
      ),
    2_700,
  )
  expect(steps).toBeGreaterThan(100_000)
}, 300_000)
