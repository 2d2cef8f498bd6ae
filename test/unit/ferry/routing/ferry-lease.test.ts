import { FerryLease, type AcquireWatcher } from '../../../../src/ferry/routing/ferry-lease'
import type { SidePort } from '../../../../src/ferry/routing/side-port'
import type { Claim } from '../../../../src/service/lease-source'

function createLease(
  claim: Claim,
  refusal?: Error,
): { readonly lease: FerryLease; readonly heard: string[] } {
  const heard: string[] = []
  const watcher: AcquireWatcher = {
    ledger: { close: () => heard.push('closed') },
    index: 0,
    lent: (lease, connection) => {
      lease.handle = connection
      heard.push('lent')
      if (refusal !== undefined) throw refusal
    },
    refused: () => heard.push('refused'),
  }
  return { lease: new FerryLease(watcher, {} as SidePort, 'service', undefined, claim), heard }
}

const tooLate = new Error('too late')
const claim: Claim = {
  lent: () => {
    throw tooLate
  },
  refused: () => new Error('in other words'),
}

test('a connection that its claim refuses was lent, and is not counted as refused as well', () => {
  const { lease, heard } = createLease(claim)
  expect(() => {
    lease.lent({} as never)
  }).toThrow(tooLate)
  expect(lease.refused(tooLate)).toBe(tooLate)
  expect(heard).toEqual(['lent'])
})

test('a claim is told of a connection that must not reach it', () => {
  const told: string[] = []
  const { lease } = createLease(
    {
      lent: () => told.push('lent'),
      refused: (error) => {
        told.push(String(error))
        return new Error('in other words')
      },
    },
    tooLate,
  )
  expect(() => {
    lease.lent({} as never)
  }).toThrow('in other words')
  expect(lease.refused(tooLate)).toBe(tooLate)
  expect(told).toEqual(['Error: too late'])
})

test('an acquire that fails is told in the words of its claim', () => {
  const { lease, heard } = createLease(claim)
  expect(lease.refused(new Error('no room'))).toEqual(new Error('in other words'))
  expect(heard).toEqual(['refused'])
})
