import type { Auth } from '@kindling/core';
import { KindeApiError, managementFromEnv, type Management } from '@kindling/management';
import { html } from 'hono/html';
import { layout, type Html } from './layout.js';

/** A member of an organization, as the Management API tells it. `roles` are keys. */
interface Member {
  readonly id: string | null;
  readonly email: string | null;
  readonly full_name: string | null;
  readonly roles: readonly string[];
}

interface Role {
  readonly key: string;
  readonly name: string;
}

/** The organization's people and what they are in it, for those who may see and change that. */
export interface Members {
  /** The page, with what went wrong before if something did. */
  page(auth: Auth, error?: string): Promise<string>;
  /** Makes this the only role of a member. Answers why that could not be done, or nothing. */
  setRole(auth: Auth, userId: string, role: string): Promise<string | undefined>;
}

/** Asks Kinde's Management API, with this client or the one that the environment describes. */
export function createMembers(management: Management | undefined = clientFromEnv()): Members {
  return {
    async page(auth, error) {
      if (!management) {
        return membersPage(auth, {
          members: [],
          roles: [],
          error: NOT_SET_UP,
        });
      }
      try {
        const [members, roles] = await Promise.all([
          management.members.list({ org_code: organizationOf(auth) }).all(200),
          management.roles.list().all(100),
        ]);
        return membersPage(auth, {
          members,
          roles,
          error,
        });
      } catch (failure) {
        return membersPage(auth, {
          members: [],
          roles: [],
          error: explain(failure),
        });
      }
    },
    async setRole(auth, userId, role) {
      if (!management) {
        return NOT_SET_UP;
      }
      if (auth.isAuthenticated && auth.user.id === userId) {
        return 'Somebody else has to change what you are: nobody locks themselves out here.';
      }
      try {
        const users = [{ id: userId, roles: [role] }];
        const changed = await management.members.update({ org_code: organizationOf(auth), users });
        if (changed.users_updated.includes(userId)) {
          return undefined;
        }
        return 'Nothing was changed.';
      } catch (failure) {
        return explain(failure);
      }
    },
  };
}

const NOT_SET_UP =
  'This app has no access to the Management API: set KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET.';

function clientFromEnv(): Management | undefined {
  if (process.env['KINDE_MANAGEMENT_CLIENT_ID']) {
    return managementFromEnv();
  }
  return undefined;
}

/** The caller's own organization, never one that the browser names. */
function organizationOf(auth: Auth): string {
  return auth.getOrganization()?.orgCode ?? '';
}

function explain(failure: unknown): string {
  if (!(failure instanceof KindeApiError)) {
    throw failure;
  }
  if (failure.code === 'refused') {
    return 'Kinde did not take this change.';
  }
  return 'Kinde could not be asked just now.';
}

function membersPage(
  auth: Auth,
  {
    members,
    roles,
    error,
  }: {
    members: readonly Member[];
    roles: readonly Role[];
    error: string | undefined;
  },
): string {
  const own = auth.isAuthenticated ? auth.user.id : '';
  const mayChange = auth.getPermission('update:members').isGranted;
  const rows = members.map(
    (member) =>
      html`<tr>
        <th scope="row">
          ${member.full_name || member.email || member.id}<br /><small class="soft">${member.email}</small>
        </th>
        <td>${mayChange && member.id !== own ? roleForm(member, roles) : namesOf(member, roles)}</td>
      </tr>`,
  );
  return layout(
    'Members',
    html`<h1>Members</h1>
      <p class="soft">
        Who is in ${auth.getOrganization()?.orgName ?? 'this organization'}, asked from Kinde’s Management API. A change
        shows in the person’s next token.
      </p>
      ${error ? html`<p class="error" role="alert">${error}</p>` : ''}
      <div class="card">
        <table>
          ${rows}
        </table>
      </div>`,
    auth,
  );
}

function roleForm(
  { id, full_name: name, email, roles: held }: Member,
  roles: readonly Role[],
): Html {
  const options = roles.map(
    ({ key, name }) =>
      html`<option value="${key}" ${held.includes(key) ? html` selected` : ''}>${name}</option>`,
  );
  return html`<form class="row" method="post" action="/members/${encodeURIComponent(id ?? '')}/role">
    <select name="role" aria-label="Role of ${name || email}">
      ${options}</select
    ><button>Change</button>
  </form>`;
}

function namesOf({ roles: held }: Member, roles: readonly Role[]): string {
  return (
    held.map((key) => roles.find((role) => role.key === key)?.name ?? key).join(', ') || 'no role'
  );
}
