import type { Flows } from '../flows/flow.js';
import type { Html } from '../pages/html.js';
import type { State } from '../state/state.js';
import type { Session } from './access.js';
import type { Control } from '../control/control.js';
import type { Notice, View } from './layout.js';

/** What the dashboard shows and changes. */
export interface DashboardParts {
  /** State of the local Kinde. */
  readonly state: State;
  /** Everything that a form changes goes through it, so that the control API can do the same. */
  readonly control: Control;
  /** Sign-ins that are kept. */
  readonly flows: Flows;
  /** SDKs that there is an environment for; the first one is shown at first. @default Kindling alone */
  readonly sdks?: readonly Sdk[] | undefined;
}

/** An SDK that there is an environment for: a part of `Sdk` of the room env. */
export interface Sdk {
  /** Name that `control.env` knows, such as `next`. */
  readonly name: string;
  /** Name on the page, such as `Next.js`. */
  readonly title: string;
  /** Version that was tried here; without one, its values are from its documentation. */
  readonly tried?: string | undefined;
  /** What else to know, in a sentence. */
  readonly note?: string | undefined;
  /** Path at which an app with this SDK begins a sign-in. @default '/login' */
  readonly login?: string | undefined;
}

/** A request of somebody who may see the dashboard. */
export interface Visit extends DashboardParts {
  /** Address that was asked for. */
  readonly url: URL;
  /** Values of the parts of the path, such as `id`. */
  readonly params: Readonly<Record<string, string>>;
  /** Who asks. */
  readonly session: Session;
}

/** What a form did, and where to go on. */
export interface Done extends Notice {
  /** Address to go on to, such as `/emulator/clock`; the app's own for **Open app**. */
  readonly to: string;
  /** Shown on the next page, once: such as a token. */
  readonly once?: Html;
}

/** A page of the dashboard. */
export interface Page {
  /** Path, as Hono has it: `/emulator/sign-ins/:id`. */
  readonly path: string;
  /** Page that its form is on. @default `path` */
  readonly formOn?: string;
  /** What it shows. */
  readonly show?: (visit: Visit) => Promise<View | Response>;
  /** What its form does; rejects with a `ControlError` whose message is shown. */
  readonly act?: (form: URLSearchParams, visit: Visit) => Promise<Done>;
}
