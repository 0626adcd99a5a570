export { createEmulator, type Emulator } from './emulator.js';
export {
  defaultSeed,
  type FlagValue,
  type Seed,
  type SeedApplication,
  type SeedPerson,
  type TokenSettings,
} from './seed/seed.js';
export type { Clock } from './clock.js';
export type { Deliveries, Delivery } from './webhooks/delivery.js';
export type { FaultHandler, Faults } from './faults.js';
export type { EmulatorOptions } from './options.js';
export type { Person, State } from './state/state.js';
