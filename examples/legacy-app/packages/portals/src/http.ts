import type { IncomingMessage, ServerResponse } from 'node:http'

/** An answer other than 200 that a handler gives by throwing. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'HttpError'
    this.status = status
  }
}

/** The response as handlers write it. */
export class Reply {
  private readonly response: ServerResponse

  constructor(response: ServerResponse) {
    this.response = response
  }

  status(code: number): this {
    this.response.statusCode = code
    return this
  }

  header(name: string, value: string): this {
    this.response.setHeader(name, value)
    return this
  }

  json(value: unknown): void {
    this.header('content-type', 'application/json; charset=utf-8').end(JSON.stringify(value))
  }

  html(text: string): void {
    this.header('content-type', 'text/html; charset=utf-8').end(text)
  }

  end(text?: string): void {
    this.response.end(text)
  }
}

export interface Call {
  readonly request: IncomingMessage
  readonly url: URL
  /** The variable parts of the route, decoded. */
  readonly params: Readonly<Record<string, string>>
}

export type Handler = (call: Call, reply: Reply) => Promise<void>

const MAX_BODY_BYTES = 256 * 1024

/** @throws HttpError 413 when the body is too large. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MAX_BODY_BYTES) throw new HttpError(413, `body exceeds ${MAX_BODY_BYTES} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** @throws HttpError 400 when the body is not a JSON object. */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await readBody(request)
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new HttpError(400, 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'expected a JSON object')
  }
  return value as Record<string, unknown>
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
