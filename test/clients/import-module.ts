import { constants, runInThisContext } from 'node:vm'

const importOutside = runInThisContext('(specifier) => import(specifier)', {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as (specifier: string) => Promise<unknown>

/** Loads a package that has no CommonJS form. Jest cannot, so Node does, outside of the test's own modules. */
export async function importModule<T>(specifier: string): Promise<T> {
  return (await importOutside(specifier)) as T
}
