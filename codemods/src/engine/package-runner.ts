import type { PackageFindings, PackageRequest, RunContext } from './run-package'

/** Called before a package is begun: how many are done, of how many, and its name. */
export type OnPackage = (done: number, total: number, name: string) => void

/** Looks at packages, here or in other threads. What comes out is in the order of the requests, however many work at a time. */
export interface PackageRunner {
  /**
   * @param options `jobs`: how many packages at a time; absent: as many as make sense.
   * @throws CodemodError `READ_FAILED`; `INTERRUPTED` when the run was told to end.
   */
  run(
    requests: readonly PackageRequest[],
    context: RunContext,
    options: { readonly jobs?: number; readonly onPackage: OnPackage },
  ): Promise<readonly PackageFindings[]>
}
