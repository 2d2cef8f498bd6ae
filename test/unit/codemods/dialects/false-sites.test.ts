import { scanFiles, scanText } from '../analysis/scan-text'

/** What a package with PostgreSQL, MySQL and a pool of anything among its dependencies may hold besides. */
const head = `import pg from 'pg'\nimport mysql from 'mysql2'\nimport genericPool from 'generic-pool'\nimport 'knex'\nimport 'pg-promise'\n`

describe('is no site', () => {
  it.each([
    [
      'the operating system’s release',
      `import os from 'node:os'\nexport const f = async () => { const c = await os.connect(); os.release(); return c }`,
    ],
    [
      'a lock',
      `declare const mutex: any\nexport async function f() { const release = await mutex.acquire(); try { await work() } finally { release() } }`,
    ],
    [
      'a lock with an object',
      `declare const lock: any\nexport async function f() { const l = await lock.acquire('key'); try { await work() } finally { await l.release() } }`,
    ],
    [
      'a semaphore class',
      `class Semaphore { async acquire() {} release() {} }\nconst s = new Semaphore()\nexport async function f() { await s.acquire(); try { await work() } finally { s.release() } }`,
    ],
    [
      'a cache',
      `declare const cache: any\nexport async function f() { const entry = await cache.acquire('k'); cache.release(entry) }`,
    ],
    [
      'a client of Redis',
      `import { createClient } from 'redis'\nconst client = createClient()\nexport async function f() { await client.connect(); await client.set('a', 'b'); await client.quit() }`,
    ],
    [
      'mongoose',
      `import mongoose from 'mongoose'\nexport async function f() { await mongoose.connect('x'); const c = await mongoose.connect('y'); c.connection.close() }`,
    ],
    [
      'a socket',
      `import net from 'node:net'\nconst socket = new net.Socket()\nexport const f = () => socket.connect(80, 'host', () => socket.end())`,
    ],
    [
      'a socket with a callback',
      `declare const socket: any\nexport const f = () => socket.connect((error: Error) => { if (error) throw error })`,
    ],
    [
      'a broker',
      `import amqp from 'amqplib'\nexport async function f() { const c = await amqp.connect('x'); await c.createChannel(); await c.close() }`,
    ],
    [
      'a single client',
      `const client = new pg.Client()\nexport async function f() { await client.connect(); await client.query('x'); await client.end() }`,
    ],
    [
      'a single client with a callback',
      `const client = new pg.Client()\nexport const f = () => client.connect((error) => { client.end() })`,
    ],
    [
      'object storage',
      `import { S3Client } from '@aws-sdk/client-s3'\nconst s3 = new S3Client({})\nexport async function f() { const c = await s3.connect(); await c.send({}) }`,
    ],
    [
      'a server that uses middleware',
      `declare const app: any\nexport const f = () => { app.use((req: any, res: any) => res.end()); app.use(async (c: any) => c.query) }`,
    ],
    [
      'a pool of browsers',
      `import { Browser } from 'puppeteer'\nconst pool = genericPool.createPool({ create: async (): Promise<Browser> => launch(), destroy: async () => {} })\nexport async function f() { const b = await pool.acquire(); try { await b.newPage() } finally { await pool.release(b) } }`,
    ],
    [
      'a pool of nobody knows what',
      `const pool = genericPool.createPool(options)\nexport async function f() { const b = await pool.acquire(); try { await b.render() } finally { await pool.release(b) }\n await pool.use(async (b: any) => b.render()) }`,
    ],
    [
      'a pool of clients of Redis',
      `import { createClient } from 'redis'\nconst pool = genericPool.createPool({ create: async () => { const c = createClient(); await c.connect(); return c } })\nexport async function f() { const c = await pool.acquire(); await c.get('a'); await pool.release(c) }`,
    ],
    [
      'a wake lock',
      `export async function f() { const lock = await navigator.wakeLock.request('screen'); await lock.release() }`,
    ],
    [
      'a device with a connection of its own',
      `class Device { async connect() { return { release() {} } } }\nexport async function f(d: Device) { const c = await d.connect(); c.release() }`,
    ],
    [
      'a store of React',
      `declare const connect: any\nexport default connect((state: any) => state)(Component)`,
    ],
    [
      'a directory service',
      `declare const ldap: any\nexport async function f() { const c = await ldap.getConnection(); await c.search('x'); c.unbind() }`,
    ],
    [
      'a worker that is released',
      `declare const workers: any\nexport async function f() { const w = await workers.connect(); await w.run(); await w.terminate() }`,
    ],
  ])('%s', (_name, text) => {
    expect(scanText(head + text)).toEqual([])
  })

  it('connect and release where the package has no driver of PostgreSQL', () => {
    const text = `export async function f(pool) { const c = await pool.connect(); try { await c.query('x') } finally { c.release() } }`
    expect(scanFiles({ 'a.js': text })).toEqual([])
    expect(scanFiles({ 'a.js': `require('pg')\n${text}` })).toHaveLength(1)
  })
})
