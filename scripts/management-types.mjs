// What twenty calls of the Management API cost a user's compiler, measured against the declarations as published.
// Runs after the build; fails when it is more than the budget.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUDGET = 3_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'packages/management');
if (!existsSync(join(source, 'dist/index.d.ts'))) {
  console.error('There are no declarations yet. Run: npm run build');
  process.exit(1);
}

const scratch = mkdtempSync(join(tmpdir(), 'management-types-'));
try {
  const target = join(scratch, 'node_modules/@kindling/management');
  mkdirSync(target, { recursive: true });
  mkdirSync(join(scratch, 'node_modules/@types'));
  cpSync(join(source, 'dist'), join(target, 'dist'), { recursive: true });
  const { publishConfig, ...manifest } = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  );
  writeFileSync(
    join(target, 'package.json'),
    JSON.stringify({ ...manifest, exports: publishConfig.exports }),
  );
  symlinkSync(
    join(source, 'node_modules/valibot'),
    join(scratch, 'node_modules/valibot'),
    'junction',
  );
  symlinkSync(
    join(root, 'node_modules/@types/node'),
    join(scratch, 'node_modules/@types/node'),
    'junction',
  );
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(scratch, 'nothing.ts'), 'export {};\n');
  cpSync(join(source, 'test/types/calls.ts'), join(scratch, 'calls.ts'));
  const cost = instantiations('calls.ts') - instantiations('nothing.ts');
  console.log(`Twenty calls cost ${cost} instantiations of at most ${BUDGET}.`);
  if (!(cost <= BUDGET)) {
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function instantiations(file) {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const options =
    '--noEmit --strict --skipLibCheck --target es2022 --lib es2023 --module nodenext --types node';
  const { stdout, status } = spawnSync(
    process.execPath,
    [compiler, ...options.split(' '), '--extendedDiagnostics', file],
    { cwd: scratch, encoding: 'utf8' },
  );
  if (status !== 0) {
    throw new Error(`${file} does not compile against the declarations:\n${stdout}`);
  }
  return Number(/^Instantiations:\s+(\d+)$/m.exec(stdout)[1]);
}
