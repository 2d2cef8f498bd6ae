import type { SharedPostgres } from './global-setup'

export default async function stopSharedPostgres(): Promise<void> {
  const { pgferrySharedPostgres: server } = globalThis as Partial<SharedPostgres>
  await server?.stop('immediate')
}
