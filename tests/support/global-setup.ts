import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/adapters/embedded-postgres/server.ts';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { cacheFolder, stateFolder } from '../../src/app/config/folders.ts';
import { installQueue } from '../../src/app/daemon/queue.ts';
import { projectRoot } from '../../src/app/project.ts';

declare module 'vitest' {
  interface ProvidedContext {
    serverUrl: string;
    templateDatabase: string;
  }
}

/** One PostgreSQL for all tests: the one in DATABASE_URL, else an embedded one; and a migrated template database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.DATABASE_URL;
  const server = given
    ? { url: given, stop: async () => {} }
    : await startEmbedded({
        dataFolder: `${stateFolder(process.env, projectRoot)}/test-postgres`,
        cacheFolder: cacheFolder(process.env),
        settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
        log: () => {},
      });
  const template = `rebalanced_test_template_${process.pid}`;
  const url = new URL(server.url);
  url.pathname = `/${template}`;
  await onServer(server.url, `create database ${template}`);
  await migrate(url.toString());
  await installQueue(url.toString());
  project.provide('serverUrl', server.url);
  project.provide('templateDatabase', template);
  return async () => {
    await onServer(server.url, `drop database if exists ${template} with (force)`);
    await server.stop();
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
