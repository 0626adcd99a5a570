import { html } from 'hono/html';
import type { Finding } from '../findings/findings.js';
import type { Difference } from '../findings/row.js';
import type { Flows, FlowStep, Parameter } from '../flows/flow.js';
import type { ExplainedClaim } from '../oauth/explain.js';
import type { Html } from '../pages/html.js';
import { table } from './parts.js';
import { checkOf } from './sign-in-checks.js';
import { counted } from './sign-ins.js';

/** What a step is shown with. */
interface StepParts {
  /** Its findings. */
  readonly findings: readonly Finding[];
  /** Sign-ins that are kept, to link those that a sentence names. */
  readonly flows: Flows;
}

/** Classes of findings: a cross, and an exclamation mark. */
const LOOKS = { wrong: 'no', remark: 'hm' } as const;

/** One step on the line. */
export function stepItem(step: FlowStep, parts: StepParts): Html {
  const { findings } = parts;
  const isWrong = findings.some(({ level }) => level === 'wrong');
  const [mark, look, said] = lookOf(findings);
  return html`<li id="step-${step.number}">
    <span class="dot ${look}" aria-hidden="true">${mark}</span>
    <details ${isWrong && 'open'} class="${isWrong && 'wrong'}">
      <summary>
        <span>
          <strong>${step.title}</strong>
          <span class="unseen">${said}</span>
          <small>${summaryOf(step, findings)}</small>
        </span>
        <time>${sinceOf(step.since)}</time>
      </summary>
      ${findings.map((finding) => findingLine(finding, parts.flows))}
      ${step.parameters.length > 0 && parameterTable(step, findings)}
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
  const remarks = findings.filter(({ level }) => level === 'remark').length;
  const answer = [answered.status || 'no answer', answered.error].filter(Boolean).join(' ');
  const parts = [address, answer, remarks > 0 && counted(remarks, 'remark')];
  return parts.filter(Boolean).join(' · ');
}

function lookOf(findings: readonly Finding[]): readonly [mark: string, look: string, said: string] {
  if (findings.some(({ level }) => level === 'wrong')) {
    return ['✗', 'wrong', '(wrong)'];
  }
  return findings.length > 0 ? ['!', 'remark', '(with a remark)'] : ['✓', '', '(done)'];
}

function findingLine({ level, says, fix, docs, difference }: Finding, flows: Flows): Html {
  return html`<div class="pad">
    <p class="${LOOKS[level]}">${linked(says, flows)}</p>
    ${difference && differenceLines(difference)}
    <p class="soft">${linked(fix, flows)} <a href="${docs}" rel="noreferrer">More about it</a></p>
  </div>`;
}

/** A sentence in which ids of sign-ins are links. */
export function linked(text: string, flows: Flows): Html {
  const parts = text.split(/(flow_[0-9a-f]{10})/);
  return html`${parts.map((part) => (flows.get(part) ? html`<a href="/emulator/sign-ins/${part}"><code>${part}</code></a>` : part))}`;
}

function differenceLines({ sent, expected }: Difference): Html {
  const line = (parts: Difference['sent']) =>
    parts.map(({ text, differs }) => (differs ? html`<b>${text}</b>` : text));
  return html`<p class="diff">
    <code>${line(sent)}</code> came
    <br />
    <code>${line(expected)}</code> was expected
  </p>`;
}

function parameterTable(step: FlowStep, findings: readonly Finding[]): Html {
  return html`<div class="scroll">
    ${table({
      caption: 'What came',
      head: ['Parameter', 'Value', 'Check'],
      rows: step.parameters.map(
        (parameter) =>
          html`<th scope="row"><code>${parameter.name}</code></th>
            <td>${valueOf(parameter)}</td>
            <td>${check(step, parameter, findings)}</td>`,
      ),
    })}
  </div>`;
}

function valueOf({ value, length, secret }: Parameter): Html {
  if (!secret || length === 0) {
    return html`<code>${value || '(empty)'}</code>`;
  }
  return html`<code>${value}</code> ${counted(length, 'character')}`;
}

function check(step: FlowStep, parameter: Parameter, findings: readonly Finding[]): Html | string {
  const found = findings.find((one) => one.parameter === parameter.name);
  if (found) {
    return html`<span class="${LOOKS[found.level]}">see above</span>`;
  }
  const text = checkOf(step, parameter);
  return text && html`<span class="ok">${text}</span>`;
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
    ${table({
      caption: name,
      showsCaption: true,
      head: ['Claim', 'Value', 'Because'],
      rows: claims.map(
        ({ claim, value, because }) =>
          html`<th scope="row"><code>${claim}</code></th>
            <td><code>${value}</code></td>
            <td>${because}</td>`,
      ),
    })}
  </div>`;
}
