import { startVitest } from 'vitest/node';

/**
 * Runs all tests; arguments are file filters. The last line is `N passed, N failed`, with `, N skipped` where any was,
 * and every skipped test is named before it, its reason being part of its name.
 */
const vitest = await startVitest('test', process.argv.slice(2), { watch: false, reporters: ['default'] });
const files = vitest.state.getTestModules();
const tests = files.flatMap((file) => [...file.children.allTests()]);
const count = (state: string) => tests.filter((test) => test.result().state === state).length;
// A file or a hook that broke fails once, whatever became of its tests.
const broken = files.filter(
  (file) => file.state() === 'failed' && ![...file.children.allTests('failed')].length,
).length;
const unhandled = vitest.state.getUnhandledErrors().length;
await vitest.close();

const skipped = tests.filter((test) => test.result().state === 'skipped');
for (const test of skipped) console.log(`skipped: ${test.fullName}`);
const failed = count('failed') + broken + unhandled;
const line = `${count('passed')} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`;
process.exitCode = failed > 0 || count('passed') === 0 ? 1 : 0;
console.log(line);
process.exit();
