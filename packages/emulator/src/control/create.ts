import { rotateKeys } from '../state/keys.js';
import { checkInput } from './check.js';
import { clockInfo, resetClock, setClock } from './clock.js';
import { operations } from './contract.js';
import type { Control } from './control.js';
import { createEnvironment, environments, removeEnvironment } from './environments.js';
import { exportSeed } from './export-seed.js';
import { armFault, clearFaults, faultsInfo } from './faults.js';
import { listFlows, oneFlow } from './flows.js';
import { countRequests, deliveries, journalPage, requests } from './journal.js';
import {
  putSnapshot,
  removeSnapshot,
  reset,
  restoreSnapshot,
  saveSnapshot,
  setSeed,
  snapshot,
} from './keeping.js';
import { nextSignIn, signIn } from './next-sign-in.js';
import { argumentsOf, inputOf, type OperationName } from './op.js';
import type { ControlParts } from './parts.js';
import { endSessions, sessions } from './sessions.js';
import { env, status } from './status.js';
import { createToken } from './tokens.js';
import { untilOver } from './until.js';

/** The control API in process. Inputs are checked as over HTTP. */
export function createControl(parts: ControlParts): Control {
  const methods = methodsOf(parts);
  const checked = operations.map(([name, operation]) => {
    const method = methods[name] as (...given: unknown[]) => unknown;
    const call = async (...given: unknown[]) => {
      const input = checkInput(operation, inputOf(operation, given));
      return method(...argumentsOf(operation, input));
    };
    return [name, call] as const;
  });
  const control = Object.fromEntries(checked) as unknown as Omit<Control, 'until'>;
  return {
    ...control,
    until: untilOver(control.journal),
  };
}

/** A method per operation; `createControl` checks what they are given. */
type Methods = {
  [Name in OperationName]: (
    ...given: Parameters<Control[Name]>
  ) => Awaited<ReturnType<Control[Name]>> | ReturnType<Control[Name]>;
};

function methodsOf(parts: ControlParts): Methods {
  const { state, snapshots } = parts;
  return {
    status: () => status(parts),
    env: (choice) => env(parts, choice),
    reset: (to) => reset(parts, to),
    seed: () => structuredClone(state.seed),
    exportSeed: () => exportSeed(state),
    setSeed: (seed) => setSeed(parts, seed),
    snapshots: () => snapshots.list(),
    saveSnapshot: (name) => saveSnapshot(parts, name),
    snapshot: (name) => snapshot(parts, name),
    putSnapshot: (name, given) => putSnapshot(parts, name, given),
    removeSnapshot: (name) => removeSnapshot(parts, name),
    restoreSnapshot: (name) => restoreSnapshot(parts, name),
    clock: () => clockInfo(state),
    setClock: (change) => setClock(state, change),
    resetClock: () => resetClock(state),
    faults: () => faultsInfo(parts),
    armFault: (fault) => armFault(parts, fault),
    clearFaults: (id) => clearFaults(parts, id),
    createToken: (token) => createToken(state, token),
    nextSignIn: (choice) => nextSignIn(parts, choice),
    signIn: (request) => signIn(parts, request),
    sessions: (filter) => sessions(state, filter),
    endSessions: (filter) => endSessions(state, filter),
    flows: (filter) => listFlows(parts, filter),
    flow: (id) => oneFlow(parts, id),
    requests: (filter) => requests(state, filter),
    countRequests: (filter) => countRequests(state, filter),
    deliveries: (filter) => deliveries(state, filter),
    dashboardLink: () => ({ url: parts.dashboardLink() }),
    async rotateKeys({ keepOld = 0 } = {}) {
      const kid = await rotateKeys(state, keepOld);
      return {
        kid,
        journal: state.journal.last,
      };
    },
    journal: (filter) => journalPage(state, filter),
    environments: () => environments(parts),
    createEnvironment: (environment) => createEnvironment(parts, environment),
    removeEnvironment: (name) => removeEnvironment(parts, name),
  };
}
