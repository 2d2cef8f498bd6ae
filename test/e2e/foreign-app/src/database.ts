import { LedgerDb } from './ledger-db'

export const ledgerDb = new LedgerDb(process.env['DATABASE_URL'] ?? 'postgres://localhost/ledger')

export async function closeDatabase(): Promise<void> {
  await ledgerDb.shutdown()
}
