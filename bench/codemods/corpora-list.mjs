// The published packages whose sites are counted, each pinned by its version and by the hash that npm keeps of its tarball. What a package
// ships twice counts once, so the second edition is left out.
export const corpora = [
  {
    name: '@nicnocquee/dataqueue',
    version: '1.24.0',
    integrity:
      'sha512-8h7OgavX+mOA9apOp9wbWtZzVsoTxxYE9izTtIrnQVej/IpTzSALEvNUdGKlr9SwVAR7Gb+E25fY4f/wB88mpw==',
    sources: 'TypeScript',
  },
  {
    name: 'flowise-components',
    version: '3.1.4',
    integrity:
      'sha512-6dF7FKxZNMODqRf/pjlkWz9R2zsHvFkxIJJEsjopAU7hplY3dFVKOimD8TFMRx244hMjj3lfLgQaU1O5ZF5Fxg==',
    sources: 'TypeScript',
  },
  {
    name: 'slonik',
    version: '47.3.2',
    integrity:
      'sha512-gbzt62FY9QHqlAbrt5ske2huEtiXJCrWH5PkwZ6t4ZVsZgVX+qDYRvdgiWEjxvm0mSFSuYDhp1SDsdo17+Nydg==',
    sources: 'TypeScript',
  },
  {
    name: '@evershop/evershop',
    version: '2.2.1',
    integrity:
      'sha512-2wMqzSFq5jjkurbi5E2j3MnZAbAa3LNaXOPMlyRov+27stA5RA7IfqHVoWLOFSgcSkibGJ+fdF00nqRQ6BLYIQ==',
    sources: 'TypeScript',
    // its commit() and rollback() release what nearly every site of evershop takes
    dependencies: [
      {
        name: '@evershop/postgres-query-builder',
        version: '2.1.0',
        integrity:
          'sha512-yaoHBVmC5Xk68BXc44r83p1hJeK86fiQ+wy/elg2Ilpz9gir7R070te9+5UGiYJyqokRKDU29p7s76IM8AzKDw==',
      },
    ],
  },
  {
    name: '@voltagent/postgres',
    version: '2.1.2',
    integrity:
      'sha512-Sx179RNyHMFkx90HwBwox6ANj41jcOX11Si9KM3WncqQwpCrf8NdWAV4w2GO5U2a492zhm7Aya/0NpbeOSUy0A==',
    sources: 'source maps',
  },
  {
    name: 'typeorm',
    version: '1.1.1',
    integrity:
      'sha512-og9mG4Lwlvj6MfvYd8yRCzXy73gETtwgTKQ/ISLYvEOpJPy4IrjU/89HK4ZAFmRIbEg1hkIk04v8phTrxfgPmQ==',
    sources: 'source maps',
    leaveOut: 'browser',
  },
  {
    name: '@langchain/langgraph-checkpoint-postgres',
    version: '1.0.5',
    integrity:
      'sha512-kCpp9pOidYDexhOvpWN4Z6G4npr4+OH8Qe/2oo38NLbRa+AzMcuZDiEI8y9bh4v5fcMy/dhlJClCSQzl86ddUw==',
    sources: 'source maps',
  },
  {
    name: 'drizzle-orm',
    version: '0.45.4',
    integrity:
      'sha512-NiM1YZpJ2UxyeE67DpDDZ+Tsw4YLX3trSlkNT7Tm9eKoUNb1LvaAaQzXgYQsWs+AQ9TUmmwMmBOCXuqqxUWKKQ==',
    sources: 'source maps',
  },
  {
    name: 'graphile-worker',
    version: '0.17.3',
    integrity:
      'sha512-5vX/nDit7vXDw6JauGE7CpE4uYWu8XLTDkcL3msqwVRwrtxBqawL1C55INfXGtoyV1DIkWvvPdeKtXuLRGYyLg==',
    sources: 'compiled JavaScript',
  },
  {
    name: 'pg-boss',
    version: '10.4.2',
    integrity:
      'sha512-AttEWOtSzn53av8OnCMWEanwRBvjkZCE1y5nLrZnwvkkMnlZ5XpWDpZ7sKI/BYjvi2OVieMX37arD2ACgJ750w==',
    sources: 'compiled JavaScript',
  },
  {
    name: 'postgraphile',
    version: '4.14.1',
    integrity:
      'sha512-4Rz//TtnjyZk6CbrcypWJNFRwXupHK+bHvaYaX2RrtxMJ2lTaoMDYOdEFESdo/POie3CAEbsC8ZBqb9eR/EyVw==',
    sources: 'compiled JavaScript',
    leaveOut: 'build-turbo',
  },
]
