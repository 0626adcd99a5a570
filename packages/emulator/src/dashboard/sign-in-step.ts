import { html } from 'hono/html';
import type { Finding } from '../findings/findings.js';
import type { Difference } from '../findings/row.js';
import type { Flow, Flows, FlowStep, Parameter } from '../flows/flow.js';
import type { ExplainedClaim } from '../oauth/explain.js';
import type { Html } from '../pages/html.js';
import { checkOf } from './sign-in-checks.js';

/** What a step is shown with. */
interface StepParts {
  /** Its findings. */
  readonly findings: readonly Finding[];
  /** Sign-ins that are kept, to link those that a sentence names. */
  readonly flows: Flows;
}

/** One step on the line. */
export function stepItem(flow: Flow, step: FlowStep, parts: StepParts): Html {
  const { findings } = parts;
  const isWrong = findings.some(({ level }) => level === 'wrong');
  const [mark, look, said] = lookOf(findings);
  return html`<li id="step-${step.number}">
    <span class="dot ${look}" aria-hidden="true">${mark}</span>
    <details ${isWrong ? 'open' : ''} class="${isWrong ? 'wrong' : ''}">
      <summary>
        <span><strong>${step.title}</strong><span class="unseen"> ${said}</span> <small>${summaryOf(step, findings)}</small></span>
        <time>${sinceOf(step.since)}</time>
      </summary>
      ${findings.map((finding) => findingLine(finding, parts.flows))}
      ${step.parameters.length > 0 ? parameterTable(flow, step, findings) : ''}
      ${answer(step)}
      ${claimsTable('Access token', step.answered.accessClaims)}
      ${claimsTable('ID token', step.answered.idClaims)}
    </details>
  </li>`;
}

/** Time since the sign-in began. */
export function sinceOf(milliseconds: number): string {
  return milliseconds < 1_000 ? `+${milliseconds} ms` : `+${(milliseconds / 1_000).toFixed(1)} s`;
}

/** A step in a few words: what was asked and answered. */
export function summaryOf({ address, answered }: FlowStep, findings: readonly Finding[]): string {
  const status = answered.status === 0 ? 'no answer' : String(answered.status);
  const remarks = findings.filter(({ level }) => level === 'remark').length;
  const count = remarks === 1 ? '1 remark' : `${remarks} remarks`;
  const error = answered.error === undefined ? '' : ` ${answered.error}`;
  return `${address} · ${status}${error}${remarks > 0 ? ` · ${count}` : ''}`;
}

function lookOf(findings: readonly Finding[]): readonly [mark: string, look: string, said: string] {
  if (findings.some(({ level }) => level === 'wrong')) {
    return ['✗', 'wrong', '(wrong)'];
  }
  return findings.length > 0 ? ['!', 'remark', '(with a remark)'] : ['✓', '', '(done)'];
}

function findingLine({ level, says, fix, docs, difference }: Finding, flows: Flows): Html {
  return html`<div class="pad">
    <p class="${level === 'wrong' ? 'no' : 'hm'}">${linked(says, flows)}</p>
    ${difference ? differenceLines(difference) : ''}
    <p class="soft">${linked(fix, flows)} <a href="${docs}" rel="noreferrer">More about it</a></p>
  </div>`;
}

/** A sentence in which ids of sign-ins are links. */
function linked(text: string, flows: Flows): Html {
  const parts = text.split(/(flow_[0-9a-f]{10})/);
  return html`${parts.map((part) => (flows.get(part) ? html`<a href="/emulator/sign-ins/${part}"><code>${part}</code></a>` : part))}`;
}

function differenceLines({ sent, expected }: Difference): Html {
  const line = (parts: Difference['sent']) =>
    parts.map(({ text, differs }) => (differs ? html`<b>${text}</b>` : text));
  return html`<p class="diff"><code>${line(sent)}</code> came<br /><code>${line(expected)}</code> was expected</p>`;
}

function parameterTable(flow: Flow, step: FlowStep, findings: readonly Finding[]): Html {
  return html`<div class="scroll">
    <table class="stack">
      <caption class="unseen">What came</caption>
      <thead>
        <tr><th scope="col">Parameter</th><th scope="col">Value</th><th scope="col">Check</th></tr>
      </thead>
      <tbody>
        ${step.parameters.map(
          (parameter) =>
            html`<tr>
              <th scope="row"><code>${parameter.name}</code></th>
              <td>${valueOf(parameter)}</td>
              <td>${check(flow, step, { parameter, findings })}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function valueOf({ value, length, secret }: Parameter): Html {
  if (!secret || length === 0) {
    return html`<code>${value || '(empty)'}</code>`;
  }
  return html`<code>${value}</code> ${length} ${length === 1 ? 'character' : 'characters'}`;
}

function check(
  flow: Flow,
  step: FlowStep,
  { parameter, findings }: { parameter: Parameter; findings: readonly Finding[] },
): Html {
  const found = findings.find((one) => one.parameter === parameter.name);
  if (found) {
    return html`<span class="${found.level === 'wrong' ? 'no' : 'hm'}">${found.level === 'wrong' ? 'wrong' : 'remark'}, see above</span>`;
  }
  const text = checkOf(flow, step, parameter);
  return text === '' ? html`` : html`<span class="ok">${text}</span>`;
}

function answer({ answered, entry }: FlowStep): Html {
  const { location, description } = answered;
  const lines = [location && `Sent to ${location}`, description].filter(Boolean);
  return html`<div class="pad soft">
    ${lines.map((line) => html`<p>${line}</p>`)}
    <p>Entry ${entry} of the journal.</p>
  </div>`;
}

function claimsTable(name: string, claims: readonly ExplainedClaim[] | undefined): Html | '' {
  if (!claims) {
    return '';
  }
  return html`<div class="scroll">
    <table class="stack">
      <caption class="pad">${name}</caption>
      <thead>
        <tr><th scope="col">Claim</th><th scope="col">Value</th><th scope="col">Because</th></tr>
      </thead>
      <tbody>
        ${claims.map(
          ({ claim, value, because }) =>
            html`<tr><th scope="row"><code>${claim}</code></th><td><code>${value}</code></td><td>${because}</td></tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
