import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const node = join(root, 'node_modules/node/bin/node');
let project: string;

/** A project whose main.ts is `source`, with the real launcher. */
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'launcher-'));
  for (const folder of ['bin', 'src', 'node_modules/node/bin'])
    await mkdir(join(project, folder), { recursive: true });
  await cp(join(root, 'bin/rebalanced.js'), join(project, 'bin/rebalanced.js'));
  await writeFile(join(project, 'package.json'), '{"type": "module"}');
  await symlink(node, join(project, 'node_modules/node/bin/node'));
});

afterEach(() => rm(project, { recursive: true }));

async function launch(
  source: string,
  args: string[] = [],
  during = async (_: { kill(s: NodeJS.Signals): void }) => {},
) {
  await writeFile(join(project, 'src/main.ts'), source);
  const child = spawn(process.execPath, [join(project, 'bin/rebalanced.js'), ...args]);
  const ended = once(child, 'exit');
  const errors = text(child.stderr);
  const output: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk) => output.push(chunk));
  await Promise.race([once(child.stdout, 'data'), ended]);
  await during({ kill: (signal) => child.kill(signal) });
  const [code, signal] = await ended;
  return { code, signal, output: output.join(''), errors: await errors };
}

describe('bin/rebalanced.js', () => {
  test('runs src/main.ts on the pinned Node with the same arguments, and ends with its exit code', async () => {
    const source =
      'const a: string[] = process.argv; console.log(process.version, a.slice(2)); process.exitCode = 7;';
    const { code, output } = await launch(source, ['targets', '--as-of', 'a b']);
    expect(output).toMatch(/^v24\..*\[ 'targets', '--as-of', 'a b' \]/);
    expect(code).toBe(7);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'passes %s on once and waits for the end',
    async (signal) => {
      const source = `let count = 0;
      const alive = setInterval(() => {}, 1000);
      process.on('${signal}', () => {
        count += 1;
        setTimeout(() => { clearInterval(alive); console.log('got', count); }, 50);
      });
      console.log('up');`;
      const { code, output } = await launch(source, [], async ({ kill }) => kill(signal));
      expect(output).toBe('up\ngot 1\n');
      expect(code).toBe(0);
    },
  );

  test('dies of the signal that its child died of', async () => {
    const { signal } = await launch("console.log('up'); process.kill(process.pid, 'SIGKILL');");
    expect(signal).toBe('SIGKILL');
  });

  test('says what to do where the pinned Node is missing', async () => {
    await rm(join(project, 'node_modules'), { recursive: true });
    const { code, errors } = await launch('');
    expect(code).toBe(1);
    expect(errors.trim()).toBe(
      `rebalanced: its own Node is not installed (expected at ${join(project, 'node_modules/node/bin/node')}); ` +
        `run "npm ci" in ${project}`,
    );
  });
});
