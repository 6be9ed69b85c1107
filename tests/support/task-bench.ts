import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { type TestContext, testContext, testMonthEnd, testSymbols, twin } from './context.ts';
import { testDatabase } from './database.ts';
import { type MemorySource, memorySource } from './memory-source.ts';

/** What tests of tasks work on: a database, and as many portfolios as there are tests. */
export type TaskBench = {
  url: string;
  context: TestContext;
  /** A portfolio of its own, whose plan begins at the month's end, on a source of its own. */
  fresh(of?: Portfolio): Promise<{ portfolio: Portfolio; source: MemorySource }>;
  close(): Promise<void>;
};

export async function taskBench(options: Parameters<typeof testContext>[1] = {}): Promise<TaskBench> {
  const url = await testDatabase();
  const context = await testContext(url, options);
  let made = 0;
  return {
    url,
    context,
    async fresh(of = context.portfolios[0]!) {
      made += 1;
      const base = await twin(context.database, of, `${of.id}-${made}`);
      const source = memorySource(testSymbols, of.historyStart, '2024-02-29');
      return { portfolio: { ...base, plan: { ...base.plan, inception: testMonthEnd }, source }, source };
    },
    close: () => context.close(),
  };
}
