// What a team would write with jscodeshift for the code base that generate.mjs makes: a look at the text first, then every place that takes
// a connection by one of the names, in whatever dialect. One with its release in a finally block is rewritten to a scope, one that
// cannot be told is counted. It knows names alone: no types, no control flow, no other file; nothing is proved or checked afterwards.
const { dirname, relative, sep } = require('node:path')

/** By the method that takes a connection: the method that gives it back, and whether that is one of the connection itself. */
const releases = {
  connect: { method: 'release', isOwn: true },
  getDbConnection: { method: 'releaseDbConnection', isOwn: false },
  getconn: { method: 'putconn', isOwn: false },
}
const scoped = ['withConnection']
const words = new RegExp(`\\.(${[...Object.keys(releases), ...scoped].join('|')})\\(`)

module.exports = function transform(file, { jscodeshift: j, stats }) {
  if (!words.test(file.source)) return undefined
  const root = j(file.source)
  const isAwaitedCall = (node) =>
    node?.type === 'AwaitExpression' && node.argument.type === 'CallExpression' && isMethodCall(node.argument)
  let rewritten = 0

  root
    .find(j.VariableDeclaration)
    .filter(({ node }) => node.declarations.length === 1 && isAwaitedCall(node.declarations[0].init))
    .forEach((path) => {
      const [{ id, init }] = path.node.declarations
      const release = releases[init.argument.callee.property.name]
      if (release === undefined || id.type !== 'Identifier') return
      const isRelease = (node) => isReleaseOf(node, id.name, release)
      const found = j(path.parent)
        .find(j.CallExpression)
        .filter(({ node }) => isRelease(node))
      if (found.length === 0) {
        stats(`not given back: ${init.argument.callee.property.name}`)
        return
      }
      const statement = found.length === 1 ? found.get().parent : undefined
      const block = statement?.parent?.node
      const attempt = statement?.parent?.parent?.node
      const isAlone =
        attempt?.type === 'TryStatement' && attempt.finalizer === block && block.body.length === 1
      if (!isAlone || !isBeside(path, attempt)) {
        stats(`left alone: ${init.argument.callee.property.name}`)
        return
      }
      const uses = j(path.scope.path).find(j.Identifier, { name: id.name })
      if (uses.filter((use) => isStored(use)).length > 0) {
        stats(`kept: ${init.argument.callee.property.name}`)
        return
      }
      init.argument = connectionsCall(j, 'connection', [])
      path.node.kind = 'await using'
      unwrap(path, attempt)
      rewritten++
    })

  root.find(j.CallExpression).forEach(({ node }) => {
    if (!isMethodCall(node) || !scoped.includes(node.callee.property.name)) return
    const call = connectionsCall(j, 'withConnection', node.arguments)
    node.callee = call.callee
    node.arguments = call.arguments
    rewritten++
  })

  if (rewritten === 0) return undefined
  addImport(j, root, file.path)
  stats('rewritten', rewritten)
  return root.toSource({ quote: 'single' })
}

function isMethodCall({ callee }) {
  return callee.type === 'MemberExpression' && callee.property.type === 'Identifier'
}

/** `client.release()`, `pool.putconn(connection)` */
function isReleaseOf(node, name, { method, isOwn }) {
  if (!isMethodCall(node) || node.callee.property.name !== method) return false
  const subject = isOwn ? node.callee.object : node.arguments[0]
  return subject?.type === 'Identifier' && subject.name === name
}

/** Whether the try statement follows the declaration in the same block. */
function isBeside(path, attempt) {
  const { body } = path.parent.node
  return Array.isArray(body) && body.indexOf(attempt) > body.indexOf(path.node)
}

/** Returned, put into an object or a field: then its scope is not this one. */
function isStored({ parent: { node }, value }) {
  if (node.type === 'ReturnStatement') return true
  return (node.type === 'AssignmentExpression' && node.right === value) || node.type === 'ObjectProperty'
}

/** The scope gives the connection back: the finally block goes, and the try statement with it where nothing is caught. */
function unwrap(path, attempt) {
  attempt.finalizer = null
  if (attempt.handler !== null) return
  const { body } = path.parent.node
  body.splice(body.indexOf(attempt), 1, ...attempt.block.body)
}

function connectionsCall(j, method, more) {
  const callee = j.memberExpression(j.identifier('connections'), j.identifier(method))
  return j.callExpression(callee, [j.stringLiteral('general'), ...more])
}

/** `src/offers/store-7.ts` imports `../database.js`. */
function addImport(j, root, path) {
  const parts = path.split(sep)
  const folder = parts.slice(0, parts.lastIndexOf('src') + 1).join(sep)
  const from = `${relative(dirname(path), folder) || '.'}/database.js`
  const known = root.find(j.ImportDeclaration, { source: { value: from } })
  const specifier = j.importSpecifier(j.identifier('connections'))
  if (known.length > 0) {
    known.get().node.specifiers.push(specifier)
    return
  }
  const added = j.importDeclaration([specifier], j.stringLiteral(from))
  const imports = root.find(j.ImportDeclaration)
  if (imports.length > 0) {
    imports.at(-1).insertAfter(added)
    return
  }
  const { body } = root.get().node.program
  added.comments = body[0]?.comments
  if (body[0] !== undefined) body[0].comments = null
  body.unshift(added)
}
