export { MockPoolStrategy } from './pool/mock-pool'
export type { MockPoolOptions } from './pool/mock-pool'
export type { MockReply, MockServer, MockStatement, ReplyOptions } from './pool/mock-server'
