import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { configSchema } from '../../src/app/config/schema.ts';

const root = resolve(import.meta.dirname, '../..');
const text = (name: string) => readFileSync(resolve(root, name), 'utf8');

/** Instructions of the Dockerfile, continued lines joined, comments left out. */
const instructions = text('Dockerfile')
  .split('\n')
  .filter((line) => !line.trimStart().startsWith('#'))
  .join('\n')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter(Boolean)
  .map((line) => /^(\w+)\s+(.*)$/.exec(line)!.slice(1) as [string, string]);
const of = (name: string) =>
  instructions.filter(([instruction]) => instruction === name).map(([, value]) => value);
const lastStage = instructions.slice(instructions.findLastIndex(([name]) => name === 'FROM'));

const allowed = text('.dockerignore')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));
const kept = text('.dockerignore')
  .split('\n')
  .filter((line) => /^ops\//.test(line));

test('what is copied exists, and is not kept out of the build', () => {
  const sources = of('COPY')
    .filter((value) => !value.startsWith('--from'))
    .flatMap((value) => value.split(/\s+/).slice(0, -1));
  expect(sources.length).toBeGreaterThan(5);
  for (const source of sources) {
    expect(existsSync(resolve(root, source)), source).toBe(true);
    expect(allowed, source).toContain(source.split('/')[0]);
    expect(kept, source).not.toContain(source);
  }
});

test('everything is kept out of the build unless it is named', () => {
  const lines = text('.dockerignore')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  expect(lines[0]).toBe('*');
  for (const private_ of ['.git', 'node_modules', 'tests', 'demo', 'letters'])
    expect(allowed).not.toContain(private_);
});

test('it runs as an ordinary user, on Node of the pinned major version, with what is needed to run alone', () => {
  const major = JSON.parse(text('package.json')).dependencies.node.split('.')[0];
  for (const image of of('FROM')) expect(image).toMatch(new RegExp(`^node:${major}-bookworm-slim`));
  expect(lastStage.filter(([name]) => name === 'USER')).toEqual([['USER', 'rebalanced']]);
  const after = lastStage.slice(lastStage.findIndex(([name]) => name === 'USER'));
  expect(after.map(([name]) => name)).not.toContain('RUN');
  expect(of('RUN').filter((command) => command.includes('npm ci'))).toEqual([
    expect.stringContaining('--omit=dev'),
  ]);
});

test('its health is asked at the port the configuration has by default', () => {
  const { port } = configSchema.shape.server.parse(undefined);
  expect(of('EXPOSE')).toEqual([String(port)]);
  expect(of('ENV').join(' ')).toContain(`HEALTH_URL=http://127.0.0.1:${port}/healthz`);
  expect(of('HEALTHCHECK')[0]).toContain('process.env.HEALTH_URL');
});

test('it starts what is there, without a shell in between', () => {
  const entry: string[] = JSON.parse(of('ENTRYPOINT')[0]!);
  expect(entry).toEqual(['node_modules/node/bin/node', 'src/main.ts']);
  expect(existsSync(resolve(root, entry[1]!))).toBe(true);
  expect(JSON.parse(of('CMD')[0]!)).toEqual(['run']);
});

test('no secret is in it', () => {
  expect(instructions.map(([, value]) => value).join('\n')).not.toMatch(
    /password|secret|token|DATABASE_URL=/i,
  );
});
