import { existsSync, globSync } from 'node:fs';
import { dirname, join, matchesGlob } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../../src/app/project.ts';
import { circlesOf, importsOf, readImports } from '../support/imports.ts';

const fromAdapter = ['src/adapters/*.ts', 'src/{views,core}/**'];

/** What the files of a room may import beside one another. */
const rooms: Record<string, readonly string[]> = {
  'src/main.ts': ['src/cli/program.ts', 'src/app/stop-signal.ts'],
  'src/cli/**': ['src/app/**', 'src/presentation/**'],
  'src/app/**': ['src/{tasks,views,presentation,networks,adapters,core}/**'],
  'src/tasks/**': [
    'src/{views,core}/**',
    'src/adapters/prices/source.ts',
    'src/adapters/mail/mailer.ts',
    'src/adapters/postgres/{database,*-rows}.ts',
  ],
  'src/presentation/**': ['src/{views,core}/**'],
  'src/views/**': ['src/core/**'],
  'src/networks/**': ['src/core/**'],
  'src/adapters/*.ts': [],
  'src/adapters/embedded-postgres/**': fromAdapter,
  'src/adapters/http/**': fromAdapter,
  'src/adapters/mail/**': fromAdapter,
  'src/adapters/metrics/**': fromAdapter,
  'src/adapters/postgres/**': fromAdapter,
  'src/adapters/prices/*.ts': fromAdapter,
  'src/adapters/prices/csv/**': ['src/adapters/prices/*.ts', ...fromAdapter],
  'src/adapters/prices/yahoo/**': ['src/adapters/prices/*.ts', ...fromAdapter],
  'src/core/*.ts': [],
};

/** The folders of src/core: each may import those after it, and the files beside them. */
const coreOrder = [
  'evaluation',
  'accounting',
  'policy',
  'allocation',
  'forecast',
  'inference',
  'features',
  'optimisation',
  'clustering',
  'risk',
  'portfolio',
  'market',
  'schedule',
  'calendar',
  'numeric',
].map((folder) => `src/core/${folder}/**`);
for (const [i, room] of coreOrder.entries()) rooms[room] = ['src/core/*.ts', ...coreOrder.slice(i + 1)];

const imports = readImports();

function isAllowed(file: string, imported: string): boolean {
  return Object.entries(rooms).some(
    ([room, others]) =>
      matchesGlob(file, room) && [room, ...others].some((allowed) => matchesGlob(imported, allowed)),
  );
}

test('every file of src has one room, and every room has files', () => {
  expect(imports.size).toBeGreaterThan(100);
  for (const file of imports.keys())
    expect([file, Object.keys(rooms).filter((room) => matchesGlob(file, room)).length]).toEqual([file, 1]);
  for (const room of Object.keys(rooms))
    expect(
      [...imports.keys()].some((file) => matchesGlob(file, room)),
      room,
    ).toBe(true);
});

test('no import goes up, or from one adapter to another', () => {
  const up = [...imports].flatMap(([file, imported]) =>
    imported.filter((other) => !isAllowed(file, other)).map((other) => `${file} -> ${other}`),
  );
  expect(up).toEqual([]);
});

test.each([
  ['src/cli/options.ts', 'src/core/calendar/session.ts'],
  ['src/tasks/ingest.ts', 'src/adapters/prices/yahoo/yahoo.ts'],
  ['src/tasks/ingest.ts', 'src/adapters/postgres/views/status.ts'],
  ['src/tasks/letters.ts', 'src/presentation/letter/letter.ts'],
  ['src/adapters/http/server.ts', 'src/adapters/metrics/metrics.ts'],
  ['src/adapters/prices/csv/csv.ts', 'src/adapters/prices/yahoo/yahoo.ts'],
  ['src/core/numeric/root.ts', 'src/core/calendar/calendar.ts'],
  ['src/core/canonical-json.ts', 'src/core/numeric/root.ts'],
])('%s may not import %s', (file, imported) => {
  expect(isAllowed(file, imported)).toBe(false);
});

test('no files import one another in a circle', () => {
  expect(circlesOf(imports)).toEqual([]);
});

test('imports and circles are found however they are written', () => {
  const text = `import { a } from './a.ts';\nexport type { B } from '../b.ts';\nimport './c.ts';\nawait import('./d.ts');`;
  expect(importsOf('src/x/y.ts', text)).toEqual(['src/x/a.ts', 'src/b.ts', 'src/x/c.ts', 'src/x/d.ts']);
  const graph = { a: ['b'], b: ['c'], c: ['b', 'd'], d: [], e: ['e'] };
  expect(circlesOf(new Map(Object.entries(graph)))).toEqual([['b', 'c'], ['e']]);
});

test('tests lie where what they test lies', () => {
  const folders = new Set(
    globSync('tests/{adapters,app,cli,core,networks,presentation,tasks,views}/**/*.test.ts', {
      cwd: projectRoot,
    }).map((file) => dirname(file).replace(/^tests/, 'src')),
  );
  expect(folders.size).toBeGreaterThan(10);
  expect([...folders].filter((folder) => !existsSync(join(projectRoot, folder)))).toEqual([]);
});
