import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

/** A certificate and its key as PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

export interface Authority extends Certificate {
  /** A certificate for servers of this name. */
  issue(dnsName: string): Certificate
}

/** An authority of one's own, good until 2049: certificates without any tool of the machine. */
export function createAuthority(): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = 'pgferry test authority'
  const isAuthority = extension('551d13', sequence(Buffer.from('0101ff', 'hex')))
  const own = certify({ subject: name, publicKey: keys.publicKey, extensions: [isAuthority], serial: 1 })

  function certify({ subject, publicKey, extensions, serial }: Subject): string {
    const body = sequence(
      tagged(0xa0, integer(2)),
      integer(serial),
      ecdsaWithSha256,
      nameOf(name),
      sequence(time('200101000000Z'), time('491231235959Z')),
      nameOf(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(...extensions)),
    )
    const signature = sign('sha256', body, keys.privateKey)
    const der = sequence(body, ecdsaWithSha256, tagged(0x03, Buffer.from([0]), signature))
    const lines = der.toString('base64').match(/.{1,64}/g) ?? []
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
  }

  let serial = 1
  return {
    certificate: own,
    key: pemOf(keys.privateKey),
    issue(dnsName) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const names = extension('551d11', sequence(tagged(0x82, Buffer.from(dnsName, 'latin1'))))
      const certificate = certify({ subject: dnsName, publicKey, extensions: [names], serial: ++serial })
      return { certificate, key: pemOf(privateKey) }
    },
  }
}

interface Subject {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
  readonly serial: number
}

// DER: a tag, a length, a content.
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts)
const integer = (value: number): Buffer => tagged(0x02, Buffer.from([value]))
const objectId = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'))
const time = (text: string): Buffer => tagged(0x17, Buffer.from(text, 'latin1'))
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))

function nameOf(commonName: string): Buffer {
  const value = tagged(0x0c, Buffer.from(commonName, 'utf8'))
  return sequence(tagged(0x31, sequence(objectId('550403'), value)))
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tagged(0x04, value))
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}
