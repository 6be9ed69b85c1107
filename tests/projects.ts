import { existsSync, globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Where a test file runs. `unit` needs nothing and is done in seconds; `database` imports tests/support/database.ts or
 * task-bench.ts, so PostgreSQL is started for it; `slow` starts processes or TensorFlow; `reference` reads market data
 * that may not be committed, so it runs only where REFERENCE_DATA names their folder.
 */
export type TestProject = 'unit' | 'database' | 'slow' | 'reference';

export const projectRoot = resolve(import.meta.dirname, '..');

const slowPlaces = /^tests\/(networks|setup|app|cli|adapters\/embedded-postgres)\//;

/** The project of a test file, by its path from the project's root and its text. */
export function projectOf(path: string, text: string): TestProject {
  if (path.endsWith('.reference.test.ts')) return 'reference';
  if (/^(?:import .*|\} )from '[./]+\/support\/(?:database|task-bench)\.ts'/m.test(text)) return 'database';
  return slowPlaces.test(path) ? 'slow' : 'unit';
}

/** All test files of a project, ascending. */
export function testFiles(project: TestProject): string[] {
  return globSync('tests/**/*.test.ts', { cwd: projectRoot })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => projectOf(path, readFileSync(resolve(projectRoot, path), 'utf8')) === project)
    .sort();
}

/** Whether the reference tests run; where REFERENCE_DATA names a folder that is not there, it is said, not skipped. */
export function hasReferenceData(): boolean {
  const named = process.env.REFERENCE_DATA;
  if (!named) return false;
  const folder = resolve(projectRoot, named);
  if (!existsSync(folder))
    throw new Error(`REFERENCE_DATA is ${named}, expected a folder at ${folder}; correct it, or unset it`);
  return true;
}
