import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import type { ImportedPerson } from './index.js';

const FIELDS = ['email', 'given_name', 'family_name', 'provided_id'] as const;

/**
 * People of a file, as they are needed: a JSON object on each line, or, in a file called `.csv`, rows below their names.
 * @throws Error naming the first line that is nobody.
 */
export async function* readPeople(file: string): AsyncGenerator<ImportedPerson, void> {
  const input = createReadStream(file, 'utf8');
  const rows: AsyncIterable<unknown> = file.endsWith('.csv')
    ? input.pipe(
        parse({
          columns: true,
          bom: true,
          skip_empty_lines: true,
          trim: true,
          max_record_size: 65_536,
        }),
      )
    : objects(createInterface({ input, crlfDelay: Infinity }));
  let number = 0;
  try {
    for await (const row of rows) {
      number += 1;
      yield personOf(row, `${file}, person ${number}`);
    }
  } finally {
    input.destroy();
  }
}

async function* objects(lines: AsyncIterable<string>): AsyncGenerator<unknown, void> {
  for await (const line of lines) {
    if (line.trim() !== '') {
      yield parsed(line);
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function personOf(row: unknown, where: string): ImportedPerson {
  const given = (row ?? {}) as Record<string, unknown>;
  const fields = FIELDS.map((name) => [name, given[name]] as const).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  const wrong = fields.some(([, value]) => typeof value !== 'string');
  if (wrong || typeof given['email'] !== 'string' || given['email'] === '') {
    throw new Error(`${where}: expected ${FIELDS.join(', ')}, all text, and an email at least.`);
  }
  return Object.fromEntries(fields) as unknown as ImportedPerson;
}
