import { describe, expect, test } from 'vitest';
import { codeVersion } from '../../src/app/project.ts';
import { command } from '../support/command.ts';

const help = await command(['--help']);
const listed = [...(help.output.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+)\b/gm)].map(
  (match) => match[1]!,
);

describe.concurrent('--help', () => {
  test('names every command the product promises', () => {
    expect(help).toMatchObject({ code: 0, errors: '' });
    for (const name of [
      'run',
      'demo',
      'migrate',
      'ingest',
      'retrain',
      'rebalance',
      'backtest',
      'targets',
      'orders',
      'holdings',
      'flow',
      'status',
    ])
      expect(listed).toContain(name);
    expect(help.output).toContain('DATABASE_URL');
  });

  test.each(listed.filter((name) => name !== 'help'))(
    'of %s says what it does and what it takes',
    async (name) => {
      const { code, output, errors } = await command([name, '--help']);
      expect([code, errors]).toEqual([0, '']);
      expect(output).toMatch(new RegExp(`^Usage: rebalanced ${name}\\b`));
      expect(output.split('\n\n')[1]!.length).toBeGreaterThan(20);
      expect(output).toMatch(/-h, --help/);
    },
  );

  test('fits a terminal of eighty columns', () => {
    for (const line of help.output.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});

test('--version tells the version', async () => {
  expect(await command(['--version'])).toMatchObject({ code: 0, output: `${codeVersion}\n` });
});
