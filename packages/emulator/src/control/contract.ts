import { journalContract } from './contract-journal.js';
import { signInContract } from './contract-sign-ins.js';
import { stateContract } from './contract-state.js';
import type { Operation, OperationName } from './op.js';

/** Every operation of the control API, by the name of its method. */
export const contract: { readonly [Name in OperationName]: Operation<Name> } = {
  ...stateContract,
  ...signInContract,
  ...journalContract,
};

/** The operations with their names. */
export const operations = Object.entries(contract) as [OperationName, Operation][];
