export { Pool } from './pool/drop-in/pool'
