import { expect, test } from 'vitest';
import { projectOf, type TestProject, testFiles } from '../projects.ts';

test.each<[string, string, TestProject]>([
  ['tests/core/a.test.ts', '', 'unit'],
  ['tests/adapters/mail/a.test.ts', "import { startSmtp } from '../support/smtp.ts';", 'unit'],
  ['tests/core/a.reference.test.ts', "import { testDatabase } from '../support/database.ts';", 'reference'],
  ['tests/tasks/a.test.ts', "import { testDatabase } from '../support/database.ts';", 'database'],
  ['tests/adapters/b/c/a.test.ts', "import { x } from '../../../support/database.ts';", 'database'],
  ['tests/app/a.test.ts', "import { x } from '../support/database-proxy.ts';", 'slow'],
  ['tests/networks/a.test.ts', '', 'slow'],
  ['tests/adapters/embedded-postgres/a.test.ts', '', 'slow'],
])('%s that holds %j', (path, text, project) => {
  expect(projectOf(path, text)).toBe(project);
});

test('every project has files, and at most nine wait for reference data', () => {
  for (const project of ['unit', 'database', 'slow', 'reference'] as const)
    expect(testFiles(project).length, project).toBeGreaterThan(0);
  expect(testFiles('reference').length).toBeLessThan(10);
});
