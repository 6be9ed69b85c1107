import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot } from '../../../src/app/project.ts';
import { command } from '../../support/command.ts';
import { testDatabase } from '../../support/database.ts';

// Two portfolios on one file, replayed as a person does it: a process of its own for each command.
const prices = join(projectRoot, 'config/examples/prices/sp500-20.csv.gz');
const common = {
  source: 'closes',
  historyStart: '2014-07-01',
  covariance: { lookbackSessions: 60 },
  quality: { historySessionsMin: 60 },
};
const portfolios = [
  { ...common, id: 'even', symbols: ['AAPL', 'KO'], allocator: { method: 'equal' } },
  { ...common, id: 'calm', symbols: ['JNJ', 'XOM'], allocator: { method: 'inverse-vol' } },
];
const sources = { closes: { kind: 'file', path: prices, basis: 'total-return' } };
const span = ['--from', '2015-07-01', '--to', '2015-08-05'];
const name = `two-${process.pid}`;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-replays-'));
  await writeFile(join(folder, 'two.yaml'), JSON.stringify({ portfolios, sources }));
  await writeFile(
    join(folder, 'live.yaml'),
    JSON.stringify({
      portfolios: [{ ...portfolios[0], source: 'yahoo' }],
      sources: { yahoo: { kind: 'yahoo' } },
    }),
  );
  env = { DATABASE_URL: await testDatabase(), REBALANCED_STATE_DIR: folder };
});
afterAll(() => rm(folder, { recursive: true }));

const replay = (...args: string[]) =>
  command(['replay', '--config', join(folder, 'two.yaml'), '--name', name, ...args], env);

test('a replay makes the decisions of every portfolio, and other commands read them by its name', async () => {
  const { code, output, errors } = await replay(...span);
  expect([code, errors]).toEqual([0, '']);
  expect(output).toMatch(/even: 1 decisions over 25 sessions, 2015-07-01 to 2015-08-05/);
  expect(output).toMatch(/calm: 1 decisions over 25 sessions/);
  const targets = await command(['targets', '--replay', name, '--portfolio', 'even'], env);
  expect(targets.output).toMatch(/even: targets of 2015-07-31/);
  expect(await readdir(join(folder, 'replays', name, 'letters'))).toHaveLength(2);
}, 60_000);

test('made again it only tells what came of it, and asked for a later end it goes on', async () => {
  expect((await replay(...span)).output).toMatch(/This very replay was made before.*even: 1 decisions/s);
  const longer = await replay('--from', '2015-07-01', '--to', '2015-09-01');
  expect(longer.output).toMatch(/going on where it stopped.*even: 2 decisions over 44 sessions/s);
}, 60_000);

test.each([
  [
    'a source that is no file',
    ['--config', 'live.yaml', ...span],
    /even takes its prices from yahoo, which is no file/,
  ],
  ['no beginning', ['--config', 'two.yaml'], /even has no inception in .*two\.yaml; expected --from DATE/],
  [
    'an end before its beginning',
    ['--config', 'two.yaml', '--from', '2015-07-01', '--to', '2015-06-01'],
    /expected a later end/,
  ],
  ['a name that is none', ['--config', 'two.yaml', '--name', 'A B', ...span], /"A B" cannot name a replay/],
])('a replay with %s is refused', async (_, [flag, file, ...rest], says) => {
  const { code, errors } = await command(['replay', flag!, join(folder, file!), ...rest], env);
  expect([code, errors]).toEqual([2, expect.stringMatching(says)]);
});

test('a replay that was never made is named', async () => {
  const { code, errors } = await command(['targets', '--replay', 'none'], env);
  expect([code, errors]).toEqual([2, expect.stringMatching(/there is no replay none yet/)]);
});
