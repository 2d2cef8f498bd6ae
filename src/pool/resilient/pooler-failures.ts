import type { FailureRow } from './failure-row'

/** PgBouncer reports everything as 08P01, so only the message tells; its severity says nothing. */
export const poolerFailures: readonly FailureRow[] = [
  {
    id: 'pooler-login-refused',
    codes: ['08P01'],
    message: /(password|SASL|auth\w*|client login) (authentication )?failed|no such user/i,
    failureClass: 'permanent',
    losesConnection: true,
    action: 'refresh-credentials',
    example: {
      code: '08P01',
      severity: 'FATAL',
      phase: 'connect',
      message: 'password authentication failed',
    },
    meaning: 'The pooler refuses user or password; a `connection` function is asked for new ones once.',
  },
  {
    id: 'pooler-refuses-parameter',
    codes: ['08P01'],
    message:
      /unsupported startup parameter|no such database|bouncer config error|not supported by admin console/i,
    failureClass: 'permanent',
    losesConnection: true,
    example: {
      code: '08P01',
      severity: 'FATAL',
      phase: 'connect',
      message: 'unsupported startup parameter: statement_timeout',
    },
    meaning:
      'The pooler does not take this setting or does not know the database; set timeouts at the role instead.',
  },
  {
    id: 'pooler-full',
    codes: ['08P01'],
    message: /no more connections allowed/i,
    failureClass: 'not-executed',
    losesConnection: true,
    action: 'shrink',
    example: {
      code: '08P01',
      severity: 'FATAL',
      phase: 'connect',
      message: 'no more connections allowed (max_client_conn)',
    },
    meaning: 'The pooler is well and takes no further client; the pool opens fewer connections.',
  },
  {
    id: 'pooler-wait-timeout',
    codes: ['08P01'],
    message: /query_wait_timeout/i,
    failureClass: 'not-sent',
    losesConnection: true,
    example: { code: '08P01', severity: 'FATAL', phase: 'statement', message: 'query_wait_timeout' },
    meaning: 'No server connection of the pooler became free in time; the statement was not executed.',
  },
  {
    id: 'pooler-without-server',
    codes: ['08P01'],
    message:
      /server login has been failing|cannot connect to server|(is|server|pooler) shutting down|is disabled/i,
    failureClass: 'not-sent',
    losesConnection: true,
    countsForBreaker: true,
    example: {
      code: '08P01',
      severity: 'FATAL',
      phase: 'connect',
      message: 'server login has been failing, try again later (server_login_retry)',
    },
    meaning: 'The pooler itself cannot reach the server; nothing was executed.',
  },
  {
    id: 'pooler-timeout',
    codes: ['08P01'],
    message: /client_idle_timeout|idle_transaction_timeout|transaction_timeout|query_timeout/i,
    failureClass: 'lost',
    losesConnection: true,
    example: { code: '08P01', severity: 'FATAL', phase: 'statement', message: 'query_timeout' },
    meaning: 'A timeout of the pooler ended the session.',
  },
  {
    id: 'pooler-lost-server',
    codes: ['08P01'],
    message: /server conn crashed|server closed the connection|server connection (closed|lost)/i,
    failureClass: 'lost',
    losesConnection: true,
    countsForBreaker: true,
    example: { code: '08P01', severity: 'FATAL', phase: 'statement', message: 'server conn crashed?' },
    meaning: 'The connection between pooler and server broke.',
  },
]
