export { DocumentEvents } from './document-events'
export { startPortal, type Portal } from './portal'
export { forgetVisits, visitCounts, VisitLog } from './visit-log'
export { createWorkload } from './workload'
