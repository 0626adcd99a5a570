export { createEmulator, type Emulator } from './emulator.js';
export { defaultSeed } from './seed/default-seed.js';
export type { FlagValue, Seed, SeedApplication, SeedPerson, TokenSettings } from './seed/seed.js';
export type { Clock } from './clock.js';
export type { Deliveries, Delivery } from './webhooks/delivery.js';
export type { FaultHandler, Faults } from './faults/faults.js';
export type { EmulatorOptions } from './options.js';
export type { Person, State } from './state/state.js';
