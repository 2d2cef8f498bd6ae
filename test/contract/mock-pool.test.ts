import { MockPoolStrategy } from '../../src/pool/mock-pool'
import { describePoolStrategyContract } from '../../src/testing/pool-strategy-contract'

describePoolStrategyContract(
  'MockPoolStrategy',
  (pool, onEvent) => new MockPoolStrategy({ pool }, { onEvent }),
  {
    breakConnection: ({ id }, strategy) => {
      if (strategy instanceof MockPoolStrategy) strategy.server.kill(id)
      return Promise.resolve()
    },
  },
)
