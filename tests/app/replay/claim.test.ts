import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { claimReplay, refuseDuringReplay } from '../../../src/app/replay/claim.ts';
import { testDatabase } from '../../support/database.ts';

const url = await testDatabase();
const unexpected = (what: string) => () => {
  throw new Error(`${what} was told to go`);
};

test('the newest demo takes the claim over, and the one before is told', async () => {
  const lost = Promise.withResolvers<void>();
  await claimReplay(url, lost.resolve);
  const newest = await claimReplay(url, unexpected('the newest demo'));
  await lost.promise;
  await newest.release();
  const again = await claimReplay(url, unexpected('a free claim'));
  await again.release();
});

test('nothing is entered by hand while a demo replays; once its replay is over, it may be', async () => {
  const database = openDatabase(url, { connectionsMax: 1 });
  const claim = await claimReplay(url, unexpected('a free claim'));
  await expect(refuseDuringReplay(database)).rejects.toThrow(/^the replay is running.*finished or stopped/);
  await claim.replayed();
  await refuseDuringReplay(database);
  await claim.release();
  await refuseDuringReplay(database);
  await database.close();
});
