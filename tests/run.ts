import { startVitest } from 'vitest/node';
import { hasReferenceData, testFiles } from './projects.ts';

/**
 * Runs all tests; arguments are file filters. The last line is `N passed, N failed`. What did not run is named before
 * it: a line for each file that needs reference data, and one for each test skipped for another reason.
 */
const filters = process.argv.slice(2);

async function run(): Promise<{ passed: number; failed: number; skipped: string[] }> {
  const needing = hasReferenceData() ? [] : testFiles('reference');
  const vitest = await startVitest('test', filters, { watch: false, reporters: ['default'] });
  const files = vitest.state.getTestModules();
  const tests = files.flatMap((file) => [...file.children.allTests()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state);
  // A file or a hook that broke fails once, whatever became of its tests.
  const broken = files.filter(
    (file) => file.state() === 'failed' && ![...file.children.allTests('failed')].length,
  ).length;
  const unhandled = vitest.state.getUnhandledErrors().length;
  await vitest.close();
  return {
    passed: inState('passed').length,
    failed: inState('failed').length + broken + unhandled,
    skipped: [
      ...inState('skipped').map((test) => test.fullName),
      ...needing
        .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
        .map((path) => `${path} needs reference data (set REFERENCE_DATA)`),
    ],
  };
}

const { passed, failed, skipped } = await run().catch((error: unknown) => {
  console.error(error);
  return { passed: 0, failed: 1, skipped: [] };
});
for (const what of skipped) console.log(`skipped: ${what}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
process.exit();
