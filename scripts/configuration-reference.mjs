// Tables of docs/reference/configuration.md, written from the options of core between the marks `<!-- table: name -->` and
// `<!-- end -->`: names and variables from its tables, purposes and defaults from the doc comments of its types.
// `--check` fails if the page is not what they say.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { register } from 'tsx/esm/api';
import ts from 'typescript';

/** Pages that say more about an option. */
const GUIDES = {
  siteUrl: '[address of the app](#address-of-the-app)',
  paths: '[routes](#routes)',
  returnOrigins: '[other origins](#other-origins)',
  trustedOrigins: '[other origins](#other-origins)',
  allowPrivateIssuer: '[containers](../how-to/containers.md)',
  backchannelUrl: '[containers](../how-to/containers.md)',
  renderProblem: '[custom error pages](../how-to/handle-errors.md#custom-error-pages)',
  onSignIn:
    '[run code before a session starts](../how-to/sign-in.md#run-code-before-a-session-starts)',
  webhooks: '[webhooks](../how-to/webhooks.md)',
  fetch: '[test your app](../how-to/test-your-app.md)',
  'session.store': '[sessions](../how-to/sessions.md)',
  'session.coordination': '[scale to multiple instances](../explanation/scaling.md)',
  'session.fallback':
    '[revocation with `fallback`](../explanation/scaling.md#revocation-with-fallback)',
  'session.format':
    '[upgrade without signing users out](../explanation/scaling.md#upgrade-without-signing-users-out)',
  'session.cookie': '[cookies](#cookies)',
  'session.cookieBytes': '[cookies](#cookies)',
  'session.domain': '[cookies](#cookies)',
  'paths.switchOrganization':
    '[switch organizations](../how-to/organizations.md#switch-organizations)',
  'paths.user': '[scripts](../how-to/profile.md#scripts)',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'packages/core/src/options/options.ts');
const target = join(root, 'docs/reference/configuration.md');

const unregister = register();
const { OPTIONS, SESSION, PATHS } = await import(source);
await unregister();

const problems = [];
const options = [
  ...rowsOf('KindeOptions', OPTIONS).filter(({ name }) => name !== 'session'),
  ...rowsOf('SessionOptions', SESSION, 'session.'),
];
const routes = rowsOf('Paths', PATHS, 'paths.');
for (const name of Object.keys(GUIDES)) {
  if (![...options, ...routes].some((row) => row.name === name)) {
    problems.push(`${name} has a guide but is no option`);
  }
}

const tables = {
  options: table(
    ['option', 'purpose', 'default'],
    options.map((row) => [`\`${row.name}\``, purposeOf(row), row.default]),
  ),
  variables: table(
    ['option', 'variables'],
    options.filter((row) => row.variables).map((row) => [`\`${row.name}\``, row.variables]),
  ),
  routes: table(
    ['name', 'default', 'route'],
    routes.map((row) => [`\`${row.name.slice('paths.'.length)}\``, row.default, purposeOf(row)]),
  ),
};

const before = readFileSync(target, 'utf8');
const after = await formatted(filled(before));
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else if (!process.argv.includes('--check')) {
  writeFileSync(target, after);
} else if (before !== after) {
  console.error(
    'docs/reference/configuration.md is not what the options say. Run: node scripts/configuration-reference.mjs',
  );
  process.exitCode = 1;
}

/** A row for each option of a table, from its entry and the doc comment of its type. */
function rowsOf(type, entries, prefix = '') {
  const comments = commentsOf(type);
  return Object.entries(entries).map(([member, entry]) => {
    const name = prefix + member;
    const { purpose, default: told } = comments.get(member);
    checkDefault(name, entry, told);
    return {
      name,
      purpose,
      default: entry.required ? 'required' : (told ?? '').replace(/^'([^']*)'/, '`$1`'),
      variables: variablesOf(entry),
    };
  });
}

/** The default of a comment must be the one that the table applies. */
function checkDefault(name, entry, told) {
  if (entry.required) {
    if (told !== undefined) {
      problems.push(`${name} is required, but its comment has a @default`);
    }
    return;
  }
  if (told === undefined) {
    problems.push(`The comment of ${name} has no @default`);
    return;
  }
  const expected = literal(entry.default);
  if (expected !== undefined && !told.startsWith(expected)) {
    problems.push(`The comment of ${name} says @default ${told}, the table ${expected}`);
  }
}

/** A default as a comment writes it; `undefined` for none. */
function literal(value) {
  if (Array.isArray(value) && value.length === 0) {
    return 'none';
  }
  return typeof value === 'string' ? `'${value}'` : value?.toString();
}

function variablesOf({ variables = [], furtherVariables = [] }) {
  const list = (names) => names.map((name) => `\`${name}\``).join(', ');
  if (variables.length === 0 || furtherVariables.length === 0) {
    return list([...variables, ...furtherVariables]);
  }
  return `${list(variables)}; also ${list(furtherVariables)}`;
}

function purposeOf({ name, purpose }) {
  return name in GUIDES ? `${purpose} See ${GUIDES[name]}.` : purpose;
}

/** Member of an interface → purpose and default from its doc comment. */
function commentsOf(type) {
  const tree = ts.createSourceFile(
    source,
    readFileSync(source, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const declaration = tree.statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === type,
  );
  return new Map(
    declaration.members.map((member) => {
      const doc = ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc);
      const tag = doc?.tags?.find(({ tagName }) => tagName.text === 'default');
      const text = (comment) => ts.getTextOfJSDocComment(comment)?.replace(/\s+/g, ' ').trim();
      return [
        member.name.getText(tree),
        { purpose: text(doc?.comment), default: text(tag?.comment) },
      ];
    }),
  );
}

function table(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The page with its tables. */
function filled(page) {
  for (const name of Object.keys(tables)) {
    if (!page.includes(`<!-- table: ${name} -->`)) {
      problems.push(`docs/reference/configuration.md has no mark for the table ${name}`);
    }
  }
  return page.replace(
    /(<!-- table: (\w+) -->)[^]*?(<!-- end -->)/g,
    (_, start, name, end) => `${start}\n\n${tables[name]}\n\n${end}`,
  );
}

async function formatted(text) {
  const options = await prettier.resolveConfig(target);
  return prettier.format(text, { ...options, filepath: target });
}
