import type { ReentryReason } from '../../core/portfolio/drawdown.ts';
import type { LetterContent } from '../../views/letter.ts';
import { basisPoints, decimal, longDate, money, percent, signedPercent } from '../format.ts';

export type Fact = { label: string; value: string };
export type Section = { title: string; facts: Fact[] };

/** The figures below the table of weights. */
export function sectionsOf(content: LetterContent): Section[] {
  return [costSection(content), performanceSection(content), drawdownSection(content)];
}

function costSection(content: LetterContent): Section {
  const { decision, costs, currency, worth } = content;
  const amount = worth === null ? '' : `, ${money(decision.costRatio * worth, currency)}`;
  return {
    title: 'Turnover and cost',
    facts: [
      { label: 'Turnover, one-way', value: percent(decision.turnoverOneWay) },
      { label: 'Turnover, two-way (all that is traded)', value: percent(decision.turnoverTwoWay) },
      { label: 'Estimated cost', value: `${basisPoints(decision.costRatio)}${amount}` },
      { label: 'Charged since inception', value: basisPoints(costs.chargedSinceInceptionRatio) },
      { label: 'Traded since inception, two-way', value: percent(costs.turnoverTwoWaySinceInception) },
    ],
  };
}

function performanceSection(content: LetterContent): Section {
  const { performance, currency, worth, importedOn } = content;
  const holdings = importedOn === null ? 'simulated' : `imported on ${longDate(importedOn)}`;
  const facts: Fact[] = [
    ...(worth === null ? [] : [{ label: 'Worth of the account', value: money(worth, currency) }]),
    { label: 'Holdings', value: holdings },
    { label: 'Net asset value, after costs', value: decimal(performance.navNet, 4) },
    { label: 'Net asset value, before costs', value: decimal(performance.navGross, 4) },
  ];
  if (performance.returnNetSinceLast !== null)
    facts.push({
      label: 'Return since the last decision',
      value: signedPercent(performance.returnNetSinceLast),
    });
  facts.push(
    {
      label: `Return since ${longDate(performance.inception)}`,
      value: signedPercent(performance.returnNetSinceInception),
    },
    { label: 'Maximum drawdown, net', value: percent(-Math.abs(performance.maximumDrawdown)) },
  );
  return { title: 'Performance', facts };
}

/** What let a halted portfolio in again, after the date. */
const rebasedWhy: Record<ReentryReason | 'unknown', string> = {
  'shadow-inside-ratio': ', the portfolio without the limit being back inside its ratio',
  'shadow-recovered': ', the portfolio without the limit having regained enough of its fall',
  'sessions-passed': ', the longest halt having passed',
  unknown: '',
};

function drawdownSection({ decision }: LetterContent): Section {
  const { drawdown } = decision;
  const facts: Fact[] = [
    { label: 'State', value: `${drawdown.state}, since ${longDate(drawdown.since)}` },
    { label: 'High-water mark', value: decimal(drawdown.highWaterMark, 4) },
    { label: 'Against the mark', value: percent(-drawdown.drawdownRatio) },
    { label: 'Exposure allowed', value: percent(decision.exposureRatio) },
  ];
  if (drawdown.state !== 'normal')
    facts.push({
      label: 'Without the limit, against its mark',
      value: percent(-drawdown.shadowDrawdownRatio),
    });
  if (drawdown.rebasedOn !== null)
    facts.push({
      label: 'Mark rebased on',
      value: [longDate(drawdown.rebasedOn), rebasedWhy[drawdown.rebasedWhy ?? 'unknown']].join(''),
    });
  return { title: 'Drawdown', facts };
}
