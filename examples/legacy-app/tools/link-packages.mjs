// Links the packages of this folder to one another under packages/node_modules, so that a copy of the folder
// resolves `@legacy-app/*` to its own packages and not to those of the place that it was copied from.
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = join(dirname(fileURLToPath(import.meta.url)), '..', 'packages')
const scope = join(packages, 'node_modules', '@legacy-app')
mkdirSync(scope, { recursive: true })

for (const name of readdirSync(packages)) {
  if (!existsSync(join(packages, name, 'package.json'))) continue
  const link = join(scope, name)
  const target = join('..', '..', name)
  const current = lstatSync(link, { throwIfNoEntry: false })
  if (current?.isSymbolicLink() && readlinkSync(link) === target) continue
  rmSync(link, { recursive: true, force: true })
  symlinkSync(target, link, 'dir')
}
