import { expect, test } from 'vitest';
import { backtest } from '../../../src/app/backtest/backtest.ts';
import { wirePortfolio } from '../../../src/app/portfolios.ts';
import { trainingSessions } from '../../../src/core/schedule/plan.ts';
import { configWith, portfolioInput, smallForecaster, testSymbols } from '../../support/context.ts';
import { memorySource } from '../../support/memory-source.ts';
import { instantTrainer } from '../../support/trainer.ts';

const historyStart = '2023-07-03';
const inception = '2024-01-02';
const last = '2024-03-28';

function portfolioWith(forecaster: NonNullable<Parameters<typeof portfolioInput>[0]>['forecaster']) {
  const input = portfolioInput({ historyStart, allocator: { method: 'signal-inverse-vol' }, forecaster });
  const config = configWith([input]);
  return wirePortfolio(
    config,
    config.portfolios[0]!,
    memorySource(testSymbols, historyStart, last),
    inception,
  );
}

test('a network is trained at each session of the plan’s rhythm, on the prices up to it', async () => {
  const portfolio = portfolioWith(smallForecaster);
  const trainer = instantTrainer();
  const [own, equal] = await backtest(portfolio, trainer, last);
  expect(trainer.asked.map(({ panel }) => panel.sessions.at(-1))).toEqual(
    trainingSessions(portfolio.plan, inception, last),
  );
  expect(trainer.asked).toHaveLength(3);
  expect([own!.decisions, equal!.decisions]).toEqual([3, 3]);
});

test('a rule is walked without any training, and is not equal weight', async () => {
  const trainer = instantTrainer();
  const portfolio = portfolioWith({ kind: 'naive', name: 'historical-mean', windowSessions: 40 });
  const [own, equal] = await backtest(portfolio, trainer, last);
  expect(trainer.asked).toEqual([]);
  expect(own!.decisions).toBe(3);
  expect(own!.net.cumulativeReturn).not.toBeCloseTo(equal!.net.cumulativeReturn, 6);
});
