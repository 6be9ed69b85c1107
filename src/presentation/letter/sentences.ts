import { allocatorTitle } from '../../core/allocation/allocators.ts';
import type { QualityNote } from '../../core/market/quality.ts';
import {
  type BindingConstraint,
  type Decision,
  type FallbackLevel,
  programFaults,
  type TargetLine,
} from '../../core/policy/decision.ts';
import type { LetterContent } from '../../views/letter.ts';
import { uninvestedSentence } from '../account.ts';
import { list, longDate, percent } from '../format.ts';
import { restatementSentence } from '../restatement.ts';

/** A trade that rounds to at least 0.1% is worth a word; `held`, `target` and `trade` in the tables show the rest. */
const mentionedTradeRatioMin = 0.0005;

/** Beyond this many, the headline counts the trades instead of naming them. */
const namedTradesMax = 8;

/** A letter is read: no endless lists or reasons. */
const notesMax = 20;
const reasonLengthMax = 300;

const levelSentences: Record<Exclude<FallbackLevel, 'full'>, string> = {
  'signal-off': 'The forecasts were not used. These are the base weights of the allocator.',
  'previous-covariance': 'Risk could not be estimated again. The previous covariance was used.',
  'last-good': 'New weights could not be made. The last good weights are kept.',
  hold: 'New weights could not be made. The holdings stay as they are.',
};

/** What is to be done, in a handful of words: `Buy SPY and GLD, sell TLT`. */
export function headline(decision: Decision): string {
  const bought = tradesOf(decision, 1);
  const sold = tradesOf(decision, -1);
  const few = bought.length + sold.length <= namedTradesMax;
  const names = (lines: TargetLine[]) => {
    const symbols = lines.map(({ symbol }) => symbol);
    return few ? list(symbols, 3) : `${symbols.length} assets`;
  };
  const orders = [
    ...(bought.length > 0 ? [`buy ${names(bought)}`] : []),
    ...(sold.length > 0 ? [`sell ${names(sold)}`] : []),
  ];
  const text = orders.join(', ');
  if (text !== '') return text[0]!.toUpperCase() + text.slice(1);
  return tradesAtAll(decision) ? 'Only small trades' : 'Nothing to trade';
}

/** False where only rounding errors are left to trade. */
export function tradesAtAll({ turnoverTwoWay }: Decision): boolean {
  return turnoverTwoWay >= 1e-9;
}

/** Purchases (1) or sales (-1) that are worth a word, the largest first. */
function tradesOf({ lines }: Decision, sign: 1 | -1): TargetLine[] {
  return lines
    .filter(({ trade }) => sign * trade >= mentionedTradeRatioMin)
    .toSorted((a, b) => sign * (b.trade - a.trade));
}

export type Notice = { title: string; text: string };

/** What the reader must not miss: a fault of the program, a lower fallback level, a letter that is late. */
export function notices({ decision, late }: LetterContent): Notice[] {
  const all: Notice[] = [];
  if (programFaults(decision) > 0)
    all.push({
      title: 'A fault of the program.',
      text: 'The decision could not be made, and nothing but what a drawdown limit demands is traded. This is no condition of the market: please report it.',
    });
  if (decision.fallbackLevel !== 'full') {
    const because = decision.fallbackReason === null ? '' : ` Reason: ${sentence(decision.fallbackReason)}`;
    all.push({
      title: `Fallback level ${decision.fallbackLevel}.`,
      text: `${levelSentences[decision.fallbackLevel]}${because}`,
    });
  } else if (decision.fallbackReason !== null)
    all.push({
      title: 'Least variance.',
      text: `The least risk was taken instead of the greatest Sharpe ratio. Reason: ${sentence(decision.fallbackReason)}`,
    });
  if (late)
    all.push({
      title: 'Late.',
      text: 'The decision was made after its planned time. Compare the date of the fill before you act.',
    });
  return all;
}

/** Why the weights are what they are, in short sentences. */
export function reasons(content: LetterContent): string[] {
  const { decision } = content;
  const all = [reason(content)];
  const moved = ({ symbol, held, target }: TargetLine) =>
    `${symbol}, from ${percent(held)} to ${percent(target)}.`;
  const bought = tradesOf(decision, 1)[0];
  const sold = tradesOf(decision, -1)[0];
  if (bought) all.push(`The largest purchase is ${moved(bought)}`);
  if (sold) all.push(`The largest sale is ${moved(sold)}`);
  if (!bought && !sold) all.push('No holding changes by 0.1% or more.');
  if (decision.fallbackLevel === 'full' || decision.fallbackLevel === 'previous-covariance')
    all.push(method(decision));
  if (decision.exposureRatio < 1) all.push(exposure(decision));
  all.push(
    ...bounded(
      content.restatements.map((restated) => `${restatementSentence(restated)}.`),
      'restatements are stored (table restatements)',
    ),
  );
  if (content.uninvested) all.push(`This portfolio was ${uninvestedSentence(content.uninvested)}.`);
  return all;
}

function reason({ decision, fillSession }: LetterContent): string {
  if (decision.reason === 'manual') return 'This decision was asked for by hand.';
  if (decision.reason === 'drawdown' && decision.drawdown.sessionsInState > 0)
    return `The drawdown limit allows another exposure: the state is ${decision.drawdown.state} since ${longDate(decision.drawdown.since)}. This decision is made beside the monthly one.`;
  if (decision.reason === 'drawdown')
    return `The drawdown state changed: it is ${decision.drawdown.state} since ${longDate(decision.drawdown.since)}. This decision is made beside the monthly one.`;
  if (decision.reason === 'restatement')
    return `Prices were corrected, and on the corrected path the drawdown state is ${decision.drawdown.state}. This decision is made beside the monthly one.`;
  if (decision.reason === 'delisting')
    return 'A holding does not trade any more and was closed. This decision is made beside the monthly one.';
  const monthEnds = decision.asOf.slice(0, 7) !== fillSession.slice(0, 7);
  return monthEnds ? "This is the decision at the month's end." : 'This is the scheduled monthly decision.';
}

function method({ allocator, signalScale }: Decision): string {
  const name = allocatorTitle(allocator);
  if (signalScale <= 0) return `The weights come from ${name}. Forecasts did not move them.`;
  return `The weights come from ${name}. Forecasts move them ${percent(signalScale)} of the way from the base weights.`;
}

function exposure({ exposureRatio, drawdown }: Decision): string {
  if (exposureRatio === 0) return `The drawdown state, ${drawdown.state}, allows no exposure.`;
  return `The drawdown state, ${drawdown.state}, allows ${percent(exposureRatio)} of full exposure.`;
}

/** One sentence for each kind of limit and each level of it, with the names that lie against it. */
function limits(binding: readonly BindingConstraint[]): string[] {
  const grouped = Map.groupBy(binding, ({ kind, limit }) => `${kind} ${limit}`);
  return [...grouped.values()].map((same) => {
    const names = list(same.map(({ name }) => name));
    return limitSentence(same[0]!, names);
  });
}

function limitSentence({ kind, limit }: BindingConstraint, names: string): string {
  const at = percent(limit);
  switch (kind) {
    case 'lower':
      return `At the lower bound of ${at}: ${names}.`;
    case 'upper':
      return `At the upper bound of ${at}: ${names}.`;
    case 'group':
      return `At the group limit of ${at}: ${names}.`;
    case 'turnover':
      return `Turnover is held at its cap of ${at}, one-way.`;
    case 'cash':
      return `Cash is at its limit of ${at}.`;
    case 'band':
      return `Not traded, inside the no-trade band of ${at}: ${names}.`;
    case 'exposure':
      return `Exposure is held at ${at} by the drawdown limit.`;
    case 'gross':
      return `Gross exposure is at its limit of ${at}.`;
    case 'volatility':
      return `Annualised volatility is at its target of ${at}.`;
  }
}

/** What was done to the prices of one symbol, and why. */
function qualitySentence(note: QualityNote): string {
  if (note.kind === 'shortened') return `${note.symbol} has ${sentence(note.reason)}`;
  const done = note.kind === 'unforecast' ? 'not forecast' : note.kind;
  return `${note.symbol} was ${done}: ${sentence(note.reason)}`;
}

/** Binding limits, and what was done to the prices; the first `notesMax` of each. */
export function notes({ binding, quality }: Decision): string[] {
  return [
    ...bounded(limits(binding), 'limits bind'),
    ...bounded(quality.map(qualitySentence), 'notes on prices are stored with the decision'),
  ];
}

function bounded(sentences: string[], what: string): string[] {
  if (sentences.length <= notesMax) return sentences;
  return [...sentences.slice(0, notesMax), `${sentences.length - notesMax} more ${what}.`];
}

/** Text from elsewhere with a full stop at its end, cut short where it is long. */
function sentence(text: string): string {
  if (text.length > reasonLengthMax) return `${text.slice(0, reasonLengthMax)} ...`;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
