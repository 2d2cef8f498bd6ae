import { fromFailure, toFailure, withBuffers } from '../../../../codemods/src/engine/thread-messages'
import type { PackageFindings } from '../../../../codemods/src/engine/run-package'
import { CodemodError } from '../../../../codemods/src/project/codemod-error'

test('a refusal comes out of another thread with everything it says', () => {
  const error = new CodemodError('READ_FAILED', 'a.ts cannot be read', ['a.ts'], { hint: 'Look.' })
  const again = fromFailure(structuredClone(toFailure(error)))
  expect(again).toBeInstanceOf(CodemodError)
  expect(again).toMatchObject({
    code: 'READ_FAILED',
    message: error.message,
    details: ['a.ts'],
    hint: 'Look.',
    exitCode: 6,
  })
})

test('a defect keeps its stack, and whatever else was thrown its text', () => {
  const error = new TypeError('boom')
  expect(fromFailure(structuredClone(toFailure(error)))).toMatchObject({
    message: 'boom',
    stack: error.stack,
  })
  expect(fromFailure(structuredClone(toFailure('plain'))).message).toBe('plain')
})

test('bytes stay bytes on their way, and files that are made or deleted stay so', () => {
  const findings = {
    changes: [
      { package: 'p', path: 'a.ts', before: Buffer.from('é\r\n'), after: Buffer.from('x') },
      { package: 'p', path: 'b.ts', before: null, after: Buffer.from('y') },
    ],
  } as unknown as PackageFindings
  const { changes } = withBuffers(structuredClone(findings))
  expect(changes[0]?.before?.equals(Buffer.from('é\r\n'))).toBe(true)
  expect(Buffer.isBuffer(changes[0]?.after)).toBe(true)
  expect(changes[1]?.before).toBeNull()
})
