import { html } from 'hono/html';
import { findingsOf, type Finding } from '../findings/findings.js';
import { agentName } from '../findings/row.js';
import type { Flow, Flows } from '../flows/flow.js';
import type { Html } from '../pages/html.js';
import { linked, stepItem } from './sign-in-step.js';
import {
  clockTime,
  counted,
  NOT_EXCHANGED,
  OUTCOMES,
  SIGN_INS_PATH,
  titleOfFlow,
  type SignInsParts,
} from './sign-ins.js';

/** One sign-in: the verdict, and its steps with what came and what was answered. Begins with its own `<h1>`. */
export function signInContent(flow: Flow, parts: SignInsParts): Html {
  const findings = findingsOf(flow, parts.state);
  const verdict = findings.find(({ level }) => level === 'wrong');
  const path = `${SIGN_INS_PATH}/${flow.id}`;
  return html`<p class="trail"><a href="${SIGN_INS_PATH}">Sign-ins</a> / <code>${flow.id}</code></p>
    <div class="row apart">
      <h1>${titleOfFlow(flow)}</h1>
      <span class="row">
        ${neighbours(flow, parts)}
        <a class="button" href="${path}/text">As text</a>
      </span>
    </div>
    <p class="soft">${about(flow)}</p>
    <div id="sign-in" data-live="step state">
      ${verdict ? verdictSection(verdict, parts.flows) : noVerdict(flow, findings)}
      <ol class="line">
        ${flow.steps.map((step) =>
          stepItem(step, {
            findings: findings.filter((one) => one.step === step.number),
            flows: parts.flows,
          }),
        )}
        ${missing(flow)}
      </ol>
    </div>`;
}

/** What a sign-in comes to, on top. */
function verdictSection({ says, fix, docs, step }: Finding, flows: Flows): Html {
  return html`<section class="verdict" aria-labelledby="verdict">
    <h2 id="verdict">${linked(says, flows)}</h2>
    <p>${fix}</p>
    <p>
      <a href="#step-${step}">Step ${step}</a> ·
      <a href="${docs}" rel="noreferrer">More about it</a>
    </p>
  </section>`;
}

function noVerdict({ outcome }: Flow, findings: readonly Finding[]): Html {
  if (outcome === 'returned') {
    return html`<p>${NOT_EXCHANGED}</p>`;
  }
  const [words] = OUTCOMES[outcome];
  const remarks = counted(findings.length, 'remark');
  return html`<p><span class="ok"></span>Nothing is wrong: ${words}, ${remarks}.</p>`;
}

function about({ application, clientId, organization, at, time, userAgent, outcome }: Flow): Html {
  const [words] = OUTCOMES[outcome];
  const places = [application ?? clientId, organization, words, agentName(userAgent)];
  const real = clockTime(Math.floor(time / 1_000));
  const isMoved = Math.abs(at - time / 1_000) > 60;
  return html`${places.filter(Boolean).join(' · ')} · ${clockTime(at)}${isMoved && html`, really ${real}`}`;
}

/** Links to the sign-ins before and after. */
function neighbours({ id }: Flow, { flows }: SignInsParts): Html {
  const all = flows.list();
  const index = all.findIndex((one) => one.id === id);
  // A flow that the list leaves out has index -1, and so no neighbours.
  const older = all[index + 1 || all.length];
  const newer = all[index - 1];
  return html`${neighbour(older, 'Older')} ${neighbour(newer, 'Newer')}`;
}

function neighbour(flow: Flow | undefined, text: string): Html | undefined {
  return flow && html`<a class="button" href="${SIGN_INS_PATH}/${flow.id}">${text}</a>`;
}

/** What did not happen. */
function missing({ kind, outcome, steps }: Flow): Html | '' {
  const done = steps.some(({ facts }) => facts.expiresAt !== undefined);
  if (kind === 'keys' || kind === 'other' || done) {
    return '';
  }
  const words = outcome === 'failed' ? 'not issued' : 'not issued yet';
  return html`<li>
    <span class="dot todo"></span>
    <div class="missed">Tokens: ${words}.</div>
  </li>`;
}
