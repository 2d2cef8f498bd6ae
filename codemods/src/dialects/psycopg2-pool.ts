import type { Dialect } from '../model/dialect'

/** `getconn(key?)` and `putconn(conn, key?, close?)`, as psycopg2's pools and everything modelled on them. */
export const psycopg2Pool: Dialect = {
  id: 'psycopg2-pool',
  receiver: {
    types: [{ name: 'ResilientPoolManager' }, { name: 'DelegatePool' }],
    members: ['getconn', 'putconn'],
  },
  acquire: [{ method: 'getconn', keyArgument: 0 }],
  release: [{ on: 'receiver', method: 'putconn', connectionArgument: 0, discardArgument: 2 }],
  scoped: [],
}
