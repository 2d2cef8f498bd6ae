import pg from 'pg'
import * as service from 'pgferry'
import * as legacy from 'pgferry/legacy'
import * as opentelemetry from 'pgferry/opentelemetry'
import * as pool from 'pgferry/pg'
import * as prometheus from 'pgferry/prometheus'
import * as testing from 'pgferry/testing'

/** What users import by name; a name that goes missing here breaks them. */
describe('the entries export', () => {
  test('the service and its errors', () => {
    expect(Object.keys(service).sort()).toEqual([
      'AcquireAbortedError',
      'AcquireTimeoutError',
      'CircuitOpenError',
      'ConnectFailedError',
      'DbConnectionError',
      'ForeignConnectionError',
      'InvalidOptionError',
      'LeaseEndedError',
      'NestedAcquireError',
      'NoEligibleHostError',
      'OutcomeUnknownError',
      'PoolClosedError',
      'PoolSaturatedError',
      'QueryAbortedError',
      'QueryTimeoutError',
      'ResilientPoolStrategy',
      'RollbackFailedError',
      'SimplePoolStrategy',
      'TransactionFailedError',
      'createConnectionService',
      'defaultPoolOptions',
      'traceChannelNames',
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

  test('the pool in place of pg.Pool, and what pg exports beside it', () => {
    expect(Object.keys(pool)).toEqual(expect.arrayContaining(['Client', 'Pool', 'types']))
    expect(new pool.Pool()).toBeInstanceOf(pg.Pool)
  })

  test('what shows a service from outside', () => {
    expect(Object.keys(opentelemetry).sort()).toEqual(['observePool', 'observeService'])
    expect(Object.keys(prometheus).sort()).toEqual(['prometheusMetrics', 'renderPrometheus', 'toStatsSource'])
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
