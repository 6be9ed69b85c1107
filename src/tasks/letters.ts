import type { LetterContent } from '../adapters/letter/letter.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { chargedSoFar, decisionBefore } from '../adapters/postgres/decision-rows.ts';
import { queueLetter } from '../adapters/postgres/letter-rows.ts';
import { modelInUse } from '../adapters/postgres/model-rows.ts';
import { readNavs } from '../adapters/postgres/valuation-rows.ts';
import { maximumDrawdown } from '../core/evaluation/performance.ts';
import type { Outlook } from '../core/forecast/outlook.ts';
import type { Decision } from '../core/policy/decision.ts';
import type { Portfolio } from './portfolio.ts';
import type { Instant } from './task.ts';

/** Renders a letter and composes the message that is frozen; `messageId` is derived from decision and recipient. */
export type LetterWriter = {
  write(content: LetterContent): Promise<{ subject: string; text: string; html: string }>;
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

/** Freezes one letter per recipient in the decision's own transaction. */
export async function queueLetters(
  sql: Sql,
  { portfolio, letters }: { portfolio: Portfolio; letters: LetterWriter },
  made: {
    decision: Decision;
    outlook: Outlook;
    decisionId: number;
    revision: number;
    late: boolean;
    at: Instant;
  },
): Promise<void> {
  const { decision, decisionId, revision, at } = made;
  const written = await letters.write(await letterContent(sql, portfolio, made.decision, made.late));
  for (const recipient of portfolio.letter.to) {
    const key = { portfolio: decision.portfolio, session: decision.asOf, revision, recipient };
    const messageId = letters.messageIdFor(key);
    const message = { ...written, from: portfolio.letter.from, to: recipient, messageId, date: new Date(at) };
    await queueLetter(sql, {
      decisionId,
      portfolio: decision.portfolio,
      session: decision.asOf,
      recipient,
      messageId,
      subject: written.subject,
      bytes: await letters.compose(message),
      at,
    });
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
