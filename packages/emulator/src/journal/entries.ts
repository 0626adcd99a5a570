// Entries of the journal. None holds a secret, a token or a code.

/** What each kind of entry says. */
export interface EntryKinds {
  /** A request was answered. */
  request: RequestEntry;
  /** A step of a sign-in happened. */
  step: StepEntry;
  /** Something happened in the tenant. */
  event: { readonly event: string; readonly type: string; readonly about?: string };
  /** A webhook was called. */
  delivery: DeliveryEntry;
  /** A fault was armed, hit a request, or was removed. */
  fault: {
    readonly id: string;
    readonly name: string;
    readonly what: 'armed' | 'hit' | 'cleared';
    readonly path?: string;
  };
  /** The clock was moved, stopped or let go on. */
  clock: { readonly from: number; readonly to: number };
  /** The seed was read, merged or refused; `problems` say why. */
  seed: {
    readonly what: 'merged' | 'refused';
    readonly changes: readonly string[];
    readonly problems: readonly string[];
  };
  /** The whole state was replaced or kept under a name. */
  state: { readonly what: 'reset' | 'restored' | 'saved' | 'set-aside'; readonly name: string };
  /** The signing key was replaced. */
  keys: { readonly kid: string; readonly keepOld: number };
  /** Somebody is told something that they should know, in a sentence. */
  remark: { readonly text: string };
}

/** A request and its response. */
export interface RequestEntry {
  /** Method in capitals. */
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  /** Query with its `?`, without values that are secrets; or an empty string. */
  readonly query: string;
  /** Status of the response; 0 where a fault let no response through. */
  readonly status: number;
  /** Milliseconds until the response. */
  readonly ms: number;
  /** Client id that it named or proved, if any. */
  readonly client?: string;
  /** `User-Agent`, at most 300 characters. */
  readonly userAgent?: string;
  /** Name of the fault that hit it. */
  readonly fault?: string;
  /** Id of the sign-in that it belongs to. */
  readonly flow?: string;
}

/** A step of a sign-in. */
export interface StepEntry {
  /** Id of the sign-in. */
  readonly flow: string;
  /** What happened, such as `authorize` or `exchange`. */
  readonly step: string;
  /** How it ended. */
  readonly outcome: 'ok' | 'failed' | 'remarked';
  /** In one sentence. */
  readonly text: string;
}

/** A call of a webhook. */
export interface DeliveryEntry {
  /** The header `webhook-id`: the same in every attempt. */
  readonly id: string;
  /** Type of the event, such as `user.created`. */
  readonly type: string;
  /** URL that it was sent to. */
  readonly endpoint: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Status of the response, or why there is none. */
  readonly status: number | string;
  /** Unix seconds of the next attempt; absent where there is none. */
  readonly next?: number;
}

/** An entry of one kind, or of any. */
export type JournalEntry<Kind extends keyof EntryKinds = keyof EntryKinds> = {
  [One in Kind]: EntryKinds[One] & {
    /** Kind of entry. */
    readonly kind: One;
    /** Number, from 1: later entries have higher ones. */
    readonly number: number;
    /** The emulator's time, in Unix seconds. */
    readonly at: number;
    /** Real time, in milliseconds. */
    readonly time: number;
  };
}[Kind];

/** An entry before it has a number and a time. */
export type NewEntry<Kind extends keyof EntryKinds> = EntryKinds[Kind] & { readonly kind: Kind };
