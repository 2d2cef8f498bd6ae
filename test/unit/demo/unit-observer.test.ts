import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { servedBy, UnitObserver, type ObservedUnit } from '../../../examples/demo/load/unit-observer'

/** What a statement does once the observer has seen it: nothing. */
const sent = jest.fn()

const ended: { readonly unit: ObservedUnit; readonly error: string | undefined }[] = []
const observer = new UnitObserver({
  sideOf: (name) => (name === 'old' ? 'legacy' : name === 'new' ? 'service' : undefined),
  now: () => 7,
  onEnd: (unit, error) => ended.push({ unit, error }),
})

function send(applicationName: string): unknown {
  const client = Object.create(Client.prototype) as Client
  Object.assign(client, { connectionParameters: { application_name: applicationName } })
  return client.query('SELECT 1')
}

beforeAll(() => {
  jest.spyOn(Client.prototype, 'query').mockImplementation(sent)
  observer.watchStatements()
  observer.watchHttpRequests()
})

beforeEach(() => {
  ended.length = 0
  sent.mockClear()
})

describe('the observer of units', () => {
  it('sees the side of the connection that a statement goes through, and passes the statement on', async () => {
    sent.mockReturnValue('answer')
    let answer: unknown
    await observer.run(async () => {
      await Promise.resolve()
      answer = send('new')
    })
    expect(answer).toBe('answer')
    expect(sent).toHaveBeenCalledWith('SELECT 1')
    expect(ended.map(({ unit, error }) => [servedBy(unit.sides), unit.beganAtMs, error])).toEqual([
      ['service', 7, undefined],
    ])
  })

  it('notices a unit that is split, and keeps units that overlap apart', async () => {
    await Promise.all([
      observer.run(async () => {
        send('old')
        await Promise.resolve()
        send('new')
      }),
      observer.run(async () => {
        await Promise.resolve()
        send('old')
        send('somebody else')
      }),
      observer.run(() => Promise.resolve()),
    ])
    expect(ended.map(({ unit }) => servedBy(unit.sides)).sort()).toEqual(['both', 'legacy', 'none'])
  })

  it('reports why a unit failed and passes the failure on', async () => {
    const failing = observer.run(() => Promise.reject(new Error('expected a document')))
    await expect(failing).rejects.toThrow('expected a document')
    expect(ended[0]?.error).toBe('expected a document')
  })

  it('does not count statements that a unit left running behind', async () => {
    let late: Promise<void> | undefined
    await observer.run(() => {
      late = new Promise<void>((resolve) => setImmediate(resolve)).then(() => void send('old'))
      send('new')
      return Promise.resolve()
    })
    await late
    expect(sent).toHaveBeenCalledTimes(2)
    expect(servedBy(ended[0]?.unit.sides ?? new Set())).toBe('service')
  })

  it('takes each HTTP request as a unit, and a status of 500 and more as its failure', async () => {
    const server = createServer((request, response) => {
      send(request.url === '/new' ? 'new' : 'old')
      response.statusCode = request.url === '/bad' ? 503 : 404
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    for (const path of ['new', 'old', 'bad']) await (await fetch(`http://127.0.0.1:${port}/${path}`)).text()
    await new Promise((resolve) => server.close(resolve))
    expect(ended.map(({ unit, error }) => [servedBy(unit.sides), error])).toEqual([
      ['service', undefined],
      ['legacy', undefined],
      ['legacy', 'HTTP 503'],
    ])
  })
})
