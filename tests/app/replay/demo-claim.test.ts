import { test } from 'vitest';
import { claimDemo } from '../../../src/app/replay/demo-claim.ts';
import { testDatabase } from '../../support/database.ts';

const url = await testDatabase();

test('the newest demo takes the claim over, and the one before is told', async () => {
  const lost = Promise.withResolvers<void>();
  await claimDemo(url, lost.resolve);
  const release = await claimDemo(url, () => {
    throw new Error('the newest demo was told to go');
  });
  await lost.promise;
  await release();
  const again = await claimDemo(url, () => {
    throw new Error('a free claim was told to go');
  });
  await again();
});
