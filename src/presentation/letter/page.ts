import type { DecisionReason } from '../../core/policy/decision.ts';
import type { LetterContent } from '../../views/letter.ts';
import { basisPoints, longDate, percent, signedPercent, weekdayDate } from '../format.ts';
import { type Fact, type Section, sectionsOf } from './sections.ts';
import { headline, type Notice, notes, notices, reasons, tradesAtAll } from './sentences.ts';
import { type WeightRow, weightRows, weightsNote } from './weight-rows.ts';

/** What a letter says, in order, before it is put into text or HTML: both parts say the same. */
export type Page = {
  subject: string;
  kicker: string;
  headline: string;
  dateline: string;
  notices: Notice[];
  tiles: Fact[];
  why: string[];
  rows: WeightRow[];
  weightsNote: string | null;
  sections: Section[];
  notes: string[];
  smallPrint: string[];
  statusUrl: string | null;
};

/** Arranges the content of a letter. */
export function pageOf(content: LetterContent): Page {
  const { decision, fillSession } = content;
  const portfolio = decision.portfolio;
  const rows = weightRows(decision);
  return {
    subject: subject(content, portfolio),
    kicker: portfolio,
    headline: headline(decision),
    dateline: `Decided at the close of ${weekdayDate(decision.asOf)}. ${tradesAtAll(decision) ? 'To be filled at the close of' : 'The next session is'} ${weekdayDate(fillSession)}.`,
    notices: notices(content),
    tiles: tiles(content),
    why: reasons(content),
    rows,
    weightsNote: weightsNote(rows),
    sections: sectionsOf(content),
    notes: notes(decision),
    smallPrint: smallPrint(content),
    statusUrl:
      content.statusUrl !== null && /^https?:\/\//i.test(content.statusUrl) ? content.statusUrl : null,
  };
}

/** What the subject says of a decision that is not the month's own. */
const whyBeside: Record<DecisionReason, string> = {
  monthly: '',
  drawdown: ', drawdown limit',
  restatement: ', prices restated',
  delisting: ', no longer traded',
  manual: ', by hand',
};

function subject({ decision, fillSession, late }: LetterContent, portfolio: string): string {
  const why = whyBeside[decision.reason];
  const fallbackLevel = decision.fallbackLevel === 'full' ? '' : ` [${decision.fallbackLevel}]`;
  const what = tradesAtAll(decision) ? `trade ${percent(decision.turnoverTwoWay)}` : 'nothing to trade';
  return `${late ? 'Late: ' : ''}${portfolio}: ${what} on ${longDate(fillSession)}${why}${fallbackLevel}`;
}

function tiles({ decision, performance }: LetterContent): Fact[] {
  const since = performance.returnNetSinceLast ?? performance.returnNetSinceInception;
  return [
    { label: 'To trade', value: percent(decision.turnoverTwoWay) },
    { label: 'Cost', value: basisPoints(decision.costRatio) },
    { label: 'Return', value: signedPercent(since) },
    { label: 'Drawdown', value: percent(-decision.drawdown.drawdownRatio) },
  ];
}

function smallPrint({ decision, model }: LetterContent): string[] {
  const { inputs } = decision;
  const short = (hash: string) => hash.slice(0, 12);
  const made = `Prices as known at ${inputs.vintage}. Configuration ${short(inputs.configHash)}. Code ${inputs.codeVersion.slice(0, 40)}.`;
  const expiry = model?.expiresAfter ? `, to be used until ${longDate(model.expiresAfter)}` : '';
  const forecaster = model
    ? `Model ${short(model.id)}, trained on closes up to ${longDate(model.trainedOn)}${expiry}, on ${model.backend} ${model.backendVersion}.`
    : withoutModel(inputs.modelId);
  return [
    `${forecaster} ${made}`,
    'Forecasts and cost estimates can be wrong, and past returns promise nothing. This letter is not investment advice.',
  ];
}

/** A naive forecast moves weights, too; the reader of the letter is told by which rule. */
function withoutModel(modelId: string | null): string {
  if (!modelId?.startsWith('naive:')) return 'No model was used.';
  return `Forecast by the rule ${modelId.slice('naive:'.length)}, without a trained model.`;
}
