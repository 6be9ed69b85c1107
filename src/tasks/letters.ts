import type { DrawdownNotice, LetterContent } from '../adapters/letter/letter.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { chargedSoFar, decisionBefore } from '../adapters/postgres/decision-rows.ts';
import { type LetterSubject, queueLetter } from '../adapters/postgres/letter-rows.ts';
import { modelInUse } from '../adapters/postgres/model-rows.ts';
import { readNavs } from '../adapters/postgres/valuation-rows.ts';
import { maximumDrawdown } from '../core/evaluation/performance.ts';
import type { Session } from '../core/market/session.ts';
import type { Decision } from '../core/policy/decision.ts';
import { allowedExposure, type DrawdownState } from '../core/policy/drawdown.ts';
import type { Valuation } from '../core/policy/valuation.ts';
import type { Portfolio } from './portfolio.ts';
import type { Instant } from './task.ts';

type Written = { subject: string; text: string; html: string };

export type LetterContext = { portfolio: Portfolio; letters: LetterWriter };

/** Renders a letter and composes the message that is frozen; `messageId` is derived from decision and recipient. */
export type LetterWriter = {
  write(content: LetterContent): Promise<Written>;
  writeNotice(content: DrawdownNotice): Promise<Written>;
  compose(message: {
    from: string;
    to: string;
    subject: string;
    text: string;
    html: string;
    messageId: string;
    date: Date;
  }): Promise<Buffer>;
  messageIdFor(key: { portfolio: string; session: string; revision: number; recipient: string }): string;
};

/** Freezes a decision's letters, one per recipient, in the decision's own transaction. */
export async function queueLetters(
  sql: Sql,
  { portfolio, letters }: LetterContext,
  made: { decision: Decision; decisionId: number; revision: number; late: boolean; at: Instant },
): Promise<void> {
  const { decision, decisionId, revision, late, at } = made;
  const written = await letters.write(await letterContent(sql, portfolio, decision, late));
  const about = { decisionId };
  await freeze(sql, { portfolio, letters }, written, { about, session: decision.asOf, revision, at });
}

/** Message-IDs are derived from a decision's revision; a notice has none. */
const noRevision = -1;

/** Freezes the letters that tell of a drawdown state without a decision. */
export async function queueDrawdownNotice(
  sql: Sql,
  { portfolio, letters }: LetterContext,
  before: DrawdownState,
  { session, drawdown, navNet }: Valuation,
  at: Instant,
): Promise<void> {
  const { policy } = portfolio;
  const exposureRatio = allowedExposure(drawdown.state, policy.drawdown);
  const notice = { portfolio: policy.portfolio, session, before, status: drawdown, exposureRatio, navNet };
  const about = { drawdownState: drawdown.state };
  await freeze(sql, { portfolio, letters }, await letters.writeNotice(notice), {
    about,
    session,
    revision: noRevision,
    at,
  });
}

async function freeze(
  sql: Sql,
  { portfolio, letters }: LetterContext,
  written: Written,
  of: { about: LetterSubject; session: Session; revision: number; at: Instant },
): Promise<void> {
  const { about, session, revision, at } = of;
  const id = portfolio.policy.portfolio;
  for (const recipient of portfolio.letter.to) {
    const messageId = letters.messageIdFor({ portfolio: id, session, revision, recipient });
    const message = { ...written, from: portfolio.letter.from, to: recipient, messageId, date: new Date(at) };
    const bytes = await letters.compose(message);
    const { subject } = written;
    await queueLetter(sql, { about, portfolio: id, session, recipient, messageId, subject, bytes, at });
  }
}

async function letterContent(
  sql: Sql,
  { plan, currency, capital }: Portfolio,
  decision: Decision,
  late: boolean,
): Promise<LetterContent> {
  const { portfolio, asOf } = decision;
  const navs = await readNavs(sql, portfolio, asOf);
  const newest = navs.at(-1)!;
  const last = await decisionBefore(sql, portfolio, asOf);
  const atLast = last && navs.find((row) => row.session === last.decision.asOf);
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
    capital,
    model: decision.inputs.modelId ? await modelInUse(sql, portfolio, decision.inputs.modelId) : null,
    late,
    statusUrl: null,
  };
}
