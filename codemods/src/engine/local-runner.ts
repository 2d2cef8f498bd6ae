import { DeclarationCache } from '../project/declaration-cache'
import type { Knowledge } from './knowledge'
import type { PackageRunner } from './package-runner'
import { runPackage } from './run-package'

/** Looks at one package after the other in this very thread. */
export function createLocalRunner(knowledge: Knowledge): PackageRunner {
  return {
    run(requests, context, { onPackage }) {
      const means = { knowledge, declarations: new DeclarationCache() }
      const findings = requests.map((request, done) => {
        onPackage(done, requests.length, request.target.name)
        return runPackage(request, context, means)
      })
      return Promise.resolve(findings)
    },
  }
}
