import { isOwnPath, durationOf } from './parts.js';
import type { Frame } from './layout.js';
import type { Visit } from './visit.js';

/** What is around the content of every page, as of now. */
export async function frameOf(visit: Visit): Promise<Frame> {
  const { control, flows, session, state, url } = visit;
  const status = await control.status();
  const kept = flows.list();
  const requests = state.journal
    .after(0)
    .filter((entry) => entry.kind === 'request' && !isOwnPath(entry.path));
  return {
    environment: status.environment,
    issuer: state.issuer,
    clock: clockText(status),
    faults: status.faults,
    counts: {
      signIns: kept.length,
      failed: kept.filter(({ outcome }) => outcome === 'failed').length,
      requests: requests.length,
    },
    formTargets: [state.issuer, new URL(state.siteUrl).origin],
    notice: session.notices.get(url.searchParams.get('done') ?? ''),
  };
}

/** What is not ordinary about the time; `undefined` for real time. */
export function clockText(clock: {
  readonly ahead: number;
  readonly frozen: boolean;
  readonly speed: number;
}): string | undefined {
  const said: string[] = [];
  if (clock.frozen) {
    said.push('stands still');
  }
  if (Math.abs(clock.ahead) >= 1) {
    said.push(`${durationOf(clock.ahead)} ${clock.ahead > 0 ? 'ahead' : 'behind'}`);
  }
  if (clock.speed !== 1) {
    said.push(`runs ${clock.speed} times as fast`);
  }
  return said.length > 0 ? said.join(', ') : undefined;
}
