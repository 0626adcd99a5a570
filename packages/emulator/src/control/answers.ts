import type { JournalEntry } from '../journal/entries.js';

/** What every changing call answers. */
export interface Changed {
  /** Number of the newest journal entry after the change: wait with it as `after` for what comes later. */
  readonly journal: number;
}

/** `status`. */
export interface Status {
  /** Always true: whoever gets an answer can go on. */
  readonly ready: true;
  /** Version of `@kindling/emulator`. */
  readonly version: string;
  /** Issuer of tokens. */
  readonly issuer: string;
  /** Address of the app. */
  readonly siteUrl: string;
  /** Name of the environment. */
  readonly environment: string;
  /** Emulator's time in Unix seconds. */
  readonly now: number;
  /** Seconds ahead of real time. */
  readonly ahead: number;
  /** Whether the time stands still. */
  readonly frozen: boolean;
  /** How many times as fast the time runs. */
  readonly speed: number;
  /** Names of armed faults. */
  readonly faults: readonly string[];
  /** How many there are of what. */
  readonly counts: {
    /** Users. */
    readonly people: number;
    /** Organizations. */
    readonly organizations: number;
    /** Applications. */
    readonly applications: number;
    /** Sign-ins at applications that have not ended. */
    readonly signIns: number;
    /** Events that wait for a webhook. */
    readonly queued: number;
  };
  /** Number of the newest journal entry. */
  readonly journal: number;
}

/** `env`. */
export interface EnvValues {
  /** The SDK that reads them. */
  readonly sdk: string;
  /** Values by name. */
  readonly values: Readonly<Record<string, string>>;
  /** The same as text, in the format that was asked for. */
  readonly text: string;
}

/** A snapshot that is kept. */
export interface SnapshotInfo {
  /** Name. */
  readonly name: string;
  /** Real time at which it was taken, as in ISO 8601. */
  readonly takenAt: string;
}

/** Kinds of tokens. */
export type TokenKind = 'access' | 'id' | 'set';

/** A token that was made. */
export interface CreatedToken extends Changed {
  /** `set` is a whole sign-in. */
  readonly kind: TokenKind;
  /** The token; of a set, the access token. */
  readonly token: string;
  /** Its claims. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** ID token of a set. */
  readonly idToken?: string | undefined;
  /** Refresh token of a set, where `offline` is among its scopes. */
  readonly refreshToken?: string | undefined;
  /** Id of the sign-in that it belongs to, as in `sessions`; absent for machines. */
  readonly session?: string | undefined;
}

/** A session: at Kinde itself, or at an application. */
export interface SessionInfo {
  /** Id, for `endSessions`. */
  readonly id: string;
  /** `kinde` for Kinde's own session, in its cookie; `application` for a sign-in whose tokens an application holds. */
  readonly kind: 'kinde' | 'application';
  /** Id of the user. */
  readonly person: string;
  /** Address or name of the user. */
  readonly name: string;
  /** Client id of the application. */
  readonly application?: string | undefined;
  /** Code of the organization. */
  readonly organization?: string | undefined;
  /** Unix seconds of the sign-in. */
  readonly startedAt: number;
  /** Unix seconds of the last token. */
  readonly usedAt?: number | undefined;
  /** Unix seconds at which it ends by itself. */
  readonly endsAt?: number | undefined;
}

/** `journal`. */
export interface JournalPage {
  /** Entries, oldest first. */
  readonly entries: readonly JournalEntry[];
  /** Give this as `after` to see what comes next. */
  readonly next: number;
}

/** A local Kinde of this process. */
export interface EnvironmentInfo {
  /** Name. */
  readonly name: string;
  /** Issuer, which is its address. */
  readonly url: string;
}

/** A local Kinde that was started. */
export interface CreatedEnvironment extends EnvironmentInfo, Changed {
  /** Environment variables of an app that signs in there. */
  readonly env: Readonly<Record<string, string>>;
  /** Token of its control API. */
  readonly token: string;
}
