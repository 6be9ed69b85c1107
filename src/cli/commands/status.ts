import { Command } from 'commander';
import { readStatus, type StatusSnapshot } from '../../app/queries/status.ts';
import { holdingsKind, uninvestedSentence } from '../../presentation/account.ts';
import { money, percent } from '../../presentation/format.ts';
import { type Common, withDatabase, withStore } from '../options.ts';
import { printTable } from '../output/table.ts';

export function statusCommand(): Command {
  return withStore(new Command('status'))
    .description('what was decided, what is held, what is due, and what is wrong')
    .option('--json', 'everything, as JSON, with all decisions')
    .action(async (options: Common & { json?: boolean }) =>
      withDatabase(options, async (database, config) => {
        const decisions = options.json ? 'all' : 1;
        const snapshot = await readStatus(database, config, { now: Date.now(), decisions });
        if (options.json) console.log(JSON.stringify(snapshot, null, 2));
        else print(snapshot);
      }),
    );
}

function print({ portfolios, models, letters, sources, backend, backendVersion }: StatusSnapshot): void {
  if (portfolios.length === 0) console.log('No portfolio has run yet.');
  for (const status of portfolios) {
    const { portfolio, valuation, lines, decisionsMade, lastDecision, nextSlots, worth, uninvested } = status;
    console.log(
      `${portfolio}: ${decisionsMade} decisions${lastDecision ? `, the last of ${lastDecision.session} (${lastDecision.reason}, fallback level ${lastDecision.fallbackLevel})` : ''}`,
    );
    if (valuation)
      console.log(
        `  valued at ${valuation.session}: net ${valuation.navNet.toFixed(4)}, gross ${valuation.navGross.toFixed(4)}, drawdown ${percent(valuation.drawdownRatio, 2)} (${valuation.drawdownState}), drift ${percent(valuation.driftOneWay, 2)} one-way`,
      );
    console.log(
      `  holdings ${holdingsKind(status.importedOn)}${worth ? `, the account is worth ${money(worth.amount, worth.currency)}` : ''}`,
    );
    if (uninvested) console.log(`  ${uninvestedSentence(uninvested)}`);
    for (const slot of nextSlots) console.log(`  next: ${slot.task} of ${slot.session}, due ${slot.dueAt}`);
    console.log('');
    printTable(
      ['symbol', 'target', 'held'],
      lines.map((line) => [
        line.symbol,
        percent(line.target, 2),
        line.held === null ? '-' : percent(line.held, 2),
      ]),
    );
    console.log('');
  }
  for (const model of models)
    console.log(
      `model of ${model.portfolio}: trained on ${model.trainedOn} by ${model.backend} ${model.backendVersion}, validation loss ${model.validationLoss.toFixed(4)} against ${model.naiveValidationLoss.toFixed(4)} without a network`,
    );
  if (backend === null) console.log(`no model trained yet${backendVersion ?? ''}`);
  for (const { portfolio, ...states } of letters)
    console.log(
      `letters of ${portfolio}: ${Object.entries(states)
        .filter(([, n]) => typeof n === 'number')
        .map(([state, n]) => `${n} ${state}`)
        .join(', ')}`,
    );
  for (const source of sources)
    if (source.failuresInARow > 0)
      console.log(
        `source ${source.source}, ${source.symbol}: ${source.failuresInARow} failures in a row, last: ${source.lastFailure ? `${source.lastFailure.kind}: ${source.lastFailure.message}` : 'unknown'}`,
      );
}
