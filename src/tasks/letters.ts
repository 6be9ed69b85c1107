import { importedOn } from '../adapters/postgres/account-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { chargedSoFar, decisionBefore } from '../adapters/postgres/decision-rows.ts';
import { queueLetter } from '../adapters/postgres/letter-rows.ts';
import { modelInUse } from '../adapters/postgres/model-rows.ts';
import { readStart } from '../adapters/postgres/portfolio-rows.ts';
import { restatementsSince } from '../adapters/postgres/restatement-rows.ts';
import { readNavs } from '../adapters/postgres/valuation-rows.ts';
import type { Calendar } from '../core/calendar/calendar.ts';
import type { Session } from '../core/calendar/session.ts';
import { maximumDrawdown } from '../core/evaluation/performance.ts';
import type { Decision } from '../core/policy/decision.ts';
import { pastMonths } from '../core/schedule/past-months.ts';
import type { SchedulePlan } from '../core/schedule/plan.ts';
import type { Uninvested } from '../views/account.ts';
import type { LetterContent } from '../views/letter.ts';
import type { Portfolio } from './portfolio.ts';
import type { Services } from './services.ts';

/** So many letters tell why a portfolio was not invested before them. */
const firstLetters = 3;

/** What letters are written with. */
export type LetterContext = { portfolio: Portfolio; services: Pick<Services, 'letters'> };

/** Freezes a decision's letters, one per recipient, in the decision's own transaction. */
export async function queueLetters(
  sql: Sql,
  { portfolio, services: { letters } }: LetterContext,
  made: { decision: Decision; decisionId: number; revision: number; late: boolean; at: number },
): Promise<void> {
  const { decision, decisionId, revision, late, at } = made;
  const written = await letters.write(await letterContent(sql, portfolio, decision, late));
  const { portfolio: id, asOf: session } = decision;
  for (const recipient of portfolio.letter.to) {
    const messageId = letters.messageIdFor({ portfolio: id, session, revision, recipient });
    const message = { ...written, from: portfolio.letter.from, to: recipient, messageId, date: new Date(at) };
    const bytes = await letters.compose(message);
    const { subject } = written;
    await queueLetter(sql, { decisionId, portfolio: id, session, recipient, messageId, subject, bytes, at });
  }
}

async function letterContent(
  sql: Sql,
  { plan, currency, policy, letter }: Portfolio,
  decision: Decision,
  late: boolean,
): Promise<LetterContent> {
  const { portfolio, asOf } = decision;
  const navs = await readNavs(sql, portfolio, asOf);
  const newest = navs.at(-1)!;
  const last = await decisionBefore(sql, portfolio, asOf);
  const atLast = last && navs.find((row) => row.session === last.decision.asOf);
  const { modelId } = decision.inputs;
  const model = modelId ? await modelInUse(sql, portfolio, modelId) : null;
  const charged = await chargedSoFar(sql, portfolio, asOf);
  return {
    decision,
    fillSession: plan.calendar.next(asOf),
    performance: {
      navNet: newest.navNet,
      navGross: newest.navGross,
      returnNetSinceLast: atLast ? newest.navNet / atLast.navNet - 1 : null,
      returnNetSinceInception: newest.navNet - 1,
      inception: navs[0]!.session,
      maximumDrawdown: maximumDrawdown(navs.map((row) => row.navNet)),
    },
    costs: {
      chargedSinceInceptionRatio: charged.costRatio,
      turnoverTwoWaySinceInception: charged.turnoverTwoWay,
    },
    currency,
    worth: decision.inputs.portfolioValue ?? null,
    importedOn: await importedOn(sql, portfolio, asOf),
    restatements: await restatementsSince(sql, portfolio, last?.decidedAt ?? null),
    uninvested: await readUninvested(sql, plan),
    model: model && {
      ...model,
      expiresAfter: sessionAhead(plan.calendar, model.trainedOn, policy.modelExpirySessions),
    },
    late,
    statusUrl: letter.statusUrl,
  };
}

/** Months that were past deciding at the first start: told by the first letters, for later ones it is history. */
async function readUninvested(sql: Sql, plan: SchedulePlan): Promise<Uninvested | null> {
  const { registeredAt, firstDecided, decisions } = await readStart(sql, plan.portfolio);
  if (registeredAt === null || firstDecided === null || decisions > firstLetters) return null;
  const monthEnds = pastMonths(plan, registeredAt).length;
  return monthEnds === 0 ? null : { from: plan.inception, to: firstDecided, monthEnds };
}

/** The session so many after another; null where the calendar does not know that far. */
function sessionAhead(calendar: Calendar, session: Session, count: number): Session | null {
  return calendar.sessions(session, calendar.last)[count] ?? null;
}
