import * as service from 'pgferry'
import * as legacy from 'pgferry/legacy'
import * as testing from 'pgferry/testing'

/** What users import by name; a name that goes missing here breaks them. */
describe('the entries export', () => {
  test('the service and its errors', () => {
    expect(Object.keys(service).sort()).toEqual([
      'AcquireAbortedError',
      'AcquireTimeoutError',
      'ConnectFailedError',
      'DbConnectionError',
      'ForeignConnectionError',
      'InvalidOptionError',
      'LeaseEndedError',
      'OutcomeUnknownError',
      'PoolClosedError',
      'PoolSaturatedError',
      'RollbackFailedError',
      'SimplePoolStrategy',
      'TransactionFailedError',
      'createConnectionService',
      'defaultPoolOptions',
    ])
  })

  test('the ferry, its backends and its flags', () => {
    expect(Object.keys(legacy).sort()).toEqual([
      'KeyError',
      'PoolError',
      'addGetconn',
      'createFerry',
      'envFlags',
      'fileFlags',
      'fromContextManager',
      'fromDelegate',
      'fromGetconn',
      'fromPgPool',
      'stageBounds',
      'staticFlags',
      'unleashFlags',
      'writeFlagsFile',
    ])
  })

  test('what tests of applications need', () => {
    expect(Object.keys(testing).sort()).toEqual([
      'EmbeddedPostgresError',
      'MockPoolStrategy',
      'createFaultProxy',
      'describePoolStrategyContract',
      'startPostgres',
    ])
  })
})
