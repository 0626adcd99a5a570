import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { DEFAULT_ENVIRONMENT, placeOf, projectFolder } from '../keep/place.js';
import { namesIn } from '../keep/files.js';
import { isRunning, readRunning } from '../keep/running.js';
import { readToken } from '../keep/token.js';
import { usageError, type Given } from './options.js';

/** The control API of a local Kinde that runs. */
export interface RunningKinde {
  /** Its address. */
  readonly url: string;
  /**
   * Calls an operation by method and path, with a body if there is one.
   * @throws Error with what the control API says is wrong
   */
  call(method: string, path: string, body?: object): Promise<unknown>;
}

const API = '/emulator/api/v1';

/**
 * Finds the local Kinde that a command is for: that of `--state` and `--environment`, or what `run` says in the environment.
 * @throws Error where none runs
 */
export async function findRunning(given: Given): Promise<RunningKinde> {
  const { KINDE_EMULATOR_URL: named, KINDE_EMULATOR_TOKEN: token } = given.env;
  const isMeant = given.text('state') === undefined && given.text('environment') === undefined;
  if (isMeant && named !== undefined && token !== undefined) {
    return reach(named, token);
  }
  const environment = given.text('environment') ?? DEFAULT_ENVIRONMENT;
  const place = placeOf(given.text('state') ?? projectFolder(), environment);
  const running = readRunning(place.running);
  const kept = readToken(place.token);
  if (!running?.url || kept === undefined || !(await isRunning(running))) {
    throw usageError(
      `No local Kinde of the environment ${environment} runs with its state in ${place.folder}. ${await nextStep(place.folder)}`,
    );
  }
  return reach(running.url, kept);
}

/** What to do where the one that is meant does not run: the ones that do may be meant. */
async function nextStep(folder: string): Promise<string> {
  const running: string[] = [];
  for (const name of namesIn(folder, '.running.json')) {
    const one = readRunning(placeOf(folder, name).running);
    if (one?.url !== undefined && (await isRunning(one))) {
      running.push(`--environment ${name}`);
    }
  }
  return running.length > 0
    ? `These run there: ${running.join(', ')}.`
    : 'Start one: npx @kindling/emulator. One that was started elsewhere is found with --state <dir>, one with --memory not at all.';
}

function reach(url: string, token: string): RunningKinde {
  return {
    url,
    async call(method, path, body) {
      const { status, text } = await ask(url + API + path, {
        method,
        token,
        body,
      });
      const answer = parse(text);
      if (status < 400) {
        return answer;
      }
      const { detail, title } = Object(answer) as { detail?: string; title?: string };
      throw new Error(
        detail ?? title ?? `The local Kinde answered ${status} to ${method} ${path}.`,
      );
    },
  };
}

interface Asked {
  readonly method: string;
  readonly token: string;
  readonly body: object | undefined;
}

/** Asks on this machine, where a certificate of its own making is as good as any. */
function ask(
  url: string,
  { method, token, body }: Asked,
): Promise<{ status: number; text: string }> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${token}`,
    ...(text !== '' && { 'content-type': 'application/json' }),
  };
  const send = url.startsWith('https:') ? secureRequest : request;
  return new Promise((resolve, reject) => {
    const asked = send(
      url,
      {
        method,
        headers,
        rejectUnauthorized: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    asked.on('error', ({ message }) =>
      reject(new Error(`The local Kinde at ${new URL(url).origin} does not answer: ${message}.`)),
    );
    asked.end(text);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
