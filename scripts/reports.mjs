// Writes reports/<package>.api.md: everything that a package's importers can see, types included, so that a change of it
// shows in review. With --check it compares instead. Reads the built declarations: npm run reports builds them first.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { entriesOf, packages, root, withFolder } from './workspace.mjs';

const check = process.argv.includes('--check');
const reports = join(root, 'reports');
const problems = [];

mkdirSync(reports, { recursive: true });
await withFolder((scratch) => {
  const written = packages.flatMap((pkg) =>
    entriesOf(pkg).map((entry) => report(scratch, pkg, entry)),
  );
  for (const file of readdirSync(reports).filter((name) => !written.includes(name))) {
    if (check) {
      problems.push(`reports/${file} is of no package`);
    } else {
      rmSync(join(reports, file));
    }
  }
});
if (problems.length > 0) {
  console.error(`${problems.join('\n')}\nIf that is meant, run: npm run reports`);
  process.exitCode = 1;
} else if (check) {
  console.log('The reports show what the packages export.');
}

/** Writes or compares the report of one entry; answers the name of its file. */
function report(scratch, { name, folder }, { entry, types }) {
  const title = [name, ...entry.split('/').slice(1)].join('-');
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, types),
      // Without the paths of the build, our other packages are what they are for importers: packages with a report of their own.
      compiler: {
        overrideTsconfig: {
          extends: join(root, 'tsconfig.base.json'),
          files: [join(folder, types)],
        },
      },
      apiReport: {
        enabled: true,
        includeForgottenExports: true,
        reportFolder: reports,
        reportTempFolder: scratch,
        reportFileName: `${title}.api.md`,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
    },
  });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback: (message) => {
      message.handled =
        message.logLevel !== 'error' || message.messageId.startsWith('console-api-report');
    },
  });
  if (check && apiReportChanged) {
    problems.push(`reports/${title}.api.md differs from what ${name} exports`);
  }
  return `${title}.api.md`;
}
