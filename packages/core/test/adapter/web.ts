import type { Guard, Kinde, KindeOptions, Outlet, Reply, RequestAuth } from '../../src/index.js';
import {
  mergeCookies,
  toKinde,
  toRule,
  withField,
  withoutCookies,
  type ProtectOptions,
} from '../../src/adapter/adapter.js';

/** One request that is no auth route: who is calling, and a guard for the handler. */
export interface Visit {
  readonly kinde: RequestAuth;
  protect(allow?: Guard, options?: ProtectOptions): Promise<Response | undefined>;
}

export type Handler = (request: Request, visit: Visit) => Response | Promise<Response>;
export type ErrorHandler = (error: Error) => Response;

/**
 * An adapter for servers that answer a `Request` with a `Response`. Errors are answered inside of it: on a response that is
 * made outside, the cookies of a refresh would be missing.
 */
export function adapter(options: Partial<KindeOptions> | Kinde = {}) {
  const instance = toKinde(options);
  return (handler: Handler, onError: ErrorHandler) =>
    async (request: Request): Promise<Response> => {
      const state = createState();
      const entered = await Promise.resolve(instance.enter(request, state.outlet)).catch(onError);
      if (entered instanceof Response) {
        return entered;
      }
      const { reply, caller } = entered;
      if (reply) {
        return toResponse(reply);
      }
      state.outlet.callerChanged!(caller);
      const visit: Visit = {
        get kinde() {
          return state.caller()!;
        },
        async protect(allow = {}, more = {}) {
          const refused = await instance.guard(request, state.caller()!, toRule(allow, more));
          return refused && toResponse(refused);
        },
      };
      const answer = async () => handler(request, visit);
      return state.finish(await answer().catch(onError));
    };
}

/** What waits for the response, which the handler makes last. */
function createState() {
  let cookies: string[] = [];
  let fields = '';
  let caller: RequestAuth | undefined;
  let isFinished = false;
  const outlet: Outlet = {
    get canSetCookies() {
      return !isFinished;
    },
    setCookies: (lines) => void (cookies = mergeCookies(cookies, lines)),
    vary: (field) => void (fields = withField(fields, field)),
    callerChanged: (changed) => void (caller = changed),
  };
  return {
    outlet,
    caller: () => caller,
    finish(response: Response): Response {
      isFinished = true;
      const headers = new Headers(response.headers);
      headers.append('vary', fields);
      const added = withoutCookies(cookies, headers.getSetCookie());
      for (const line of added) {
        headers.append('set-cookie', line);
      }
      if (cookies.length > 0) {
        headers.set('cache-control', 'private, no-store');
      }
      return new Response(response.body, { status: response.status, headers });
    },
  };
}

/** An answer of the core as a web `Response`. */
function toResponse({ status, headers, cookies, body }: Reply): Response {
  const response = new Response(body, { status, headers });
  for (const line of cookies) {
    response.headers.append('set-cookie', line);
  }
  return response;
}
