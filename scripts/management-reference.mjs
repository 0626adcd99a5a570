// docs/reference/management: a page for each resource of the Management API, written from the contract.
// `--check` says whether the pages are what the contract says.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { register } from 'tsx/esm/api';
import ts from 'typescript';

const unregister = register();
const contract = await import('@kindling/management/contract');
const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'packages/management/src/contract');
const target = join(root, 'docs/reference/management');

const pages = new Map();
for (const [resource, operations] of Object.entries(contract)) {
  const file = `${kebab(resource)}.md`;
  const docs = commentsOf(`${kebab(resource)}.ts`);
  const sections = Object.entries(operations).map(([name, operation]) =>
    section(resource, name, operation, docs),
  );
  pages.set(
    file,
    await formatted(`${heading(`management.${resource}`)}\n\n${sections.join('\n\n')}`, file),
  );
}
pages.set('README.md', await formatted(index(), 'README.md'));
await unregister();

if (process.argv.includes('--check')) {
  const kept = readdirSync(target).sort();
  const stale = [...pages].filter(
    ([file, text]) => !kept.includes(file) || read(join(target, file)) !== text,
  );
  const extra = kept.filter((file) => !pages.has(file));
  if (stale.length + extra.length > 0) {
    const names = [...stale.map(([file]) => file), ...extra].join(', ');
    console.error(
      `Not what the contract says: ${names}. Run: node scripts/management-reference.mjs`,
    );
    process.exitCode = 1;
  }
} else {
  for (const file of readdirSync(target)) {
    rmSync(join(target, file));
  }
  for (const [file, text] of pages) {
    writeFileSync(join(target, file), text);
  }
}

function heading(title) {
  return `# ${title}\n\nWritten from the contract by \`scripts/management-reference.mjs\`; do not edit.`;
}

function index() {
  const rows = Object.entries(contract).map(
    ([resource, operations]) =>
      `| [${resource}](${kebab(resource)}.md) | ${Object.keys(operations)
        .map((name) => `[${name}](${kebab(resource)}.md#${name.toLowerCase()})`)
        .join(', ')} |`,
  );
  const count = Object.values(contract).reduce(
    (sum, operations) => sum + Object.keys(operations).length,
    0,
  );
  return `${heading('The Management API')}

All ${count} operations, by resource. How to use them: [how-to](../../how-to/management.md).

| resource | operations |
| --- | --- |
${rows.join('\n')}`;
}

function section(resource, name, operation, docs) {
  const {
    route,
    scope,
    returns,
    paging,
    deviations = [],
    params = {},
    query = {},
    body = {},
  } = operation;
  const inPath = Object.fromEntries(
    [...route.matchAll(/\{(\w+)\}/g)].map(([, param]) => [param, params[param]]),
  );
  const rows = [
    ...Object.entries(inPath).map(([field, schema]) =>
      row(field, schema ?? { type: 'string' }, 'path'),
    ),
    ...Object.entries(query).flatMap(([field, schema]) => rowsOf(field, schema, 'query')),
    ...Object.entries(body).flatMap(([field, schema]) => rowsOf(field, schema, 'body')),
  ];
  const [method] = route.split(' ');
  const again = operation.repeatable ?? ['GET', 'PUT', 'DELETE'].includes(method);
  const input =
    rows.length > 0
      ? `| input | | where |\n| --- | --- | --- |\n${rows.join('\n')}`
      : 'Takes nothing.';
  const facts = [
    scope ? `Scope \`${scope}\`.` : 'Needs no scope.',
    paging ? `A list of \`${paging.items}\`: await it for a page, iterate it for everything.` : '',
    again ? '' : 'Not tried again after an outage: look before you repeat it.',
  ];
  return [
    `## ${name}`,
    docs.get(name),
    `\`${route}\``,
    facts.filter(Boolean).join(' '),
    input,
    `Answers ${returns.type === 'optional' ? 'nothing' : `\`${typeOf(returns)}\``}.`,
    deviations.map((deviation) => `- ${deviation}`).join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function row(field, schema, where) {
  const needed = schema.type === 'optional' ? '' : ' (required)';
  return `| \`${field}\`${needed} | \`${typeOf(schema).replaceAll('|', '\\|')}\` | ${where} |`;
}

/** A member and, below it, the members of its entries. */
function rowsOf(field, schema, where) {
  const { entries } = elementOf(schema);
  if (!entries) {
    return [row(field, schema, where)];
  }
  const shape = listed(schema) ? 'list of objects' : 'object';
  const needed = schema.type === 'optional' ? '' : ' (required)';
  return [
    `| \`${field}\`${needed} | ${shape} | ${where} |`,
    ...Object.entries(entries).flatMap(([name, inner]) => rowsOf(`${field}.${name}`, inner, where)),
  ];
}

function elementOf(schema) {
  const inner = bare(schema);
  return inner.type === 'array' ? bare(inner.item) : inner;
}

function listed(schema) {
  return bare(schema).type === 'array';
}

function bare(schema) {
  return schema.wrapped ? bare(schema.wrapped) : schema;
}

/** A schema in the words of TypeScript. */
function typeOf(schema) {
  const { type, wrapped, item, value, entries, options } = schema;
  if (type === 'optional') {
    return typeOf(wrapped);
  }
  if (type === 'nullable') {
    return `${typeOf(wrapped)} | null`;
  }
  if (type === 'array') {
    return `${/[ |]/.test(typeOf(item)) ? `(${typeOf(item)})` : typeOf(item)}[]`;
  }
  if (type === 'record') {
    return `Record<string, ${typeOf(value)}>`;
  }
  if (type === 'union') {
    return options.map(typeOf).join(' | ');
  }
  if (type === 'picklist') {
    return options.map((option) => `'${option}'`).join(' | ');
  }
  if (type === 'instance') {
    return 'Blob';
  }
  if (!entries) {
    return type;
  }
  const members = Object.entries(entries).map(
    ([name, inner]) => `${name}${inner.type === 'optional' ? '?' : ''}: ${typeOf(inner)}`,
  );
  return `{ ${members.join('; ')} }`;
}

/** The sentence above each exported operation, also of files that are passed on. */
function commentsOf(file) {
  const text = readFileSync(join(source, file), 'utf8');
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const found = new Map();
  for (const statement of tree.statements) {
    if (ts.isExportDeclaration(statement) && statement.moduleSpecifier) {
      for (const entry of commentsOf(
        statement.moduleSpecifier.text.replace('./', '').replace('.js', '.ts'),
      )) {
        found.set(...entry);
      }
    }
    if (!ts.isVariableStatement(statement)) {
      continue;
    }
    const [doc] = ts.getJSDocCommentsAndTags(statement);
    found.set(
      statement.declarationList.declarations[0].name.getText(),
      ts.getTextOfJSDocComment(doc?.comment) ?? '',
    );
  }
  return found;
}

function kebab(name) {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function read(file) {
  return readFileSync(file, 'utf8');
}

async function formatted(text, file) {
  const options = await prettier.resolveConfig(join(target, file));
  return prettier.format(text, { ...options, parser: 'markdown' });
}
