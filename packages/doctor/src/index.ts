export { diagnose, type Report } from './diagnose.js';
export type { Finding, Outcome } from './finding.js';
export type { DeclaredTenant, DiagnoseOptions } from './options.js';
