// Which package belongs to which component, and where its rewritten call sites find the service.
import { defineConfig } from '@pgferry/codemods'

const connections = { import: 'connections', from: './src/database' }

// eslint-disable-next-line no-restricted-syntax -- configuration files have a default export
export default defineConfig({
  packages: [
    {
      name: 'test-systems',
      path: 'packages/test-systems',
      component: 'test-systems',
      purpose: 'test-systems',
      connections,
    },
    { name: 'scripts', path: 'packages/scripts', component: 'scripts', purpose: 'scripts', connections },
    {
      name: 'rag-adapters',
      path: 'packages/rag-adapters',
      component: 'rag-adapters',
      purpose: 'rag-adapters',
      connections,
    },
    { name: 'portals', path: 'packages/portals', component: 'portals', purpose: 'portals', connections },
    { name: 'core', path: 'packages/core', component: 'core', purpose: 'core', connections },
  ],
})
