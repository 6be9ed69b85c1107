import { readAccount } from '../adapters/postgres/account-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { type DecisionRow, decisionBefore } from '../adapters/postgres/decision-rows.ts';
import { championModel } from '../adapters/postgres/model-rows.ts';
import { newestValuation, type StoredValuation } from '../adapters/postgres/valuation-rows.ts';
import { worthAt } from '../core/accounting/account.ts';
import { isoInstant } from '../core/calendar/instant.ts';
import type { Session } from '../core/calendar/session.ts';
import {
  type ForecastResult,
  failedForecast,
  forecastFrom,
  forecastNaively,
  noForecast,
} from '../core/forecast/forecast-result.ts';
import { headOf } from '../core/forecast/model-spec.ts';
import type { PricePanel } from '../core/market/panel.ts';
import { decide, decisionSessions } from '../core/policy/decide.ts';
import { type Decision, type DecisionReason, inOrderOf } from '../core/policy/decision.ts';
import type { Portfolio } from './portfolio.ts';
import { sessionsForDecision } from './portfolio.ts';
import { readPanel, readVintage } from './prices.ts';
import type { Services } from './services.ts';
import { NotReadyError } from './task.ts';

type Proposal = { decision: Decision; forecastResult: ForecastResult };

/** What decisions are made with. */
export type ProposalContext = { portfolio: Portfolio; services: Pick<Services, 'codeVersion' | 'readModel'> };

/** What would be decided at the close of `session` from what is known now. Writes nothing. */
export async function proposeDecision(
  sql: Sql,
  context: ProposalContext,
  session: Session,
  reason: DecisionReason,
): Promise<Proposal> {
  const count = sessionsForDecision(context.portfolio);
  const vintage = await readVintage(sql, context.portfolio, session, count);
  if (vintage === null)
    throw new NotReadyError(`${context.portfolio.id} has no prices up to ${session}: ingest first`);
  // Read as of that vintage: an ingest may commit in between, and what it brings is another decision's.
  const panel = await readPanel(sql, context.portfolio, session, count, vintage);
  const forecastResult = await readForecast(sql, context, panel, session);
  const { forecaster } = context.portfolio;
  const valuation = await valuationAt(sql, context.portfolio, session);
  const inputs = {
    vintage,
    modelId: (forecaster && forecastResult.forecast?.modelIds[headOf(forecaster)]) ?? null,
    configHash: context.portfolio.configHash,
    codeVersion: context.services.codeVersion,
    portfolioValue: worthAt(await readAccount(sql, context.portfolio), valuation),
    valuedAt: isoInstant(Date.parse(valuation.valuedAt)),
  };
  return {
    decision: await compose(sql, context, session, reason, panel, forecastResult, inputs),
    forecastResult,
  };
}

/**
 * Makes a stored decision again from what it was made from: its vintage, its stored forecast, the holdings and the
 * drawdown state of its session. Equal to the stored one bit for bit, or something is wrong.
 */
export async function recomputeDecision(
  sql: Sql,
  context: ProposalContext,
  stored: DecisionRow,
): Promise<Decision> {
  const { asOf, reason, inputs } = stored.decision;
  if (inputs.configHash !== context.portfolio.configHash)
    throw new Error(
      `the decision of ${asOf} was made with configuration ${inputs.configHash}, expected ${context.portfolio.configHash}`,
    );
  const panel = await readPanel(
    sql,
    context.portfolio,
    asOf,
    sessionsForDecision(context.portfolio),
    inputs.vintage,
  );
  return compose(sql, context, asOf, reason, panel, stored.forecastResult, inputs);
}

async function readForecast(
  sql: Sql,
  context: ProposalContext,
  panel: PricePanel,
  session: Session,
): Promise<ForecastResult> {
  const { id, policy, forecaster } = context.portfolio;
  if (!forecaster) return noForecast('the portfolio has no forecaster');
  if (forecaster.kind === 'naive') return forecastNaively(forecaster, panel, policy.symbols, policy.quality);
  const model = await championModel(sql, id, forecaster.head, session);
  try {
    return forecastFrom(
      model && context.services.readModel(JSON.parse(model.artefact)),
      panel,
      policy.quality,
    );
  } catch (error) {
    return failedForecast(error);
  }
}

async function compose(
  sql: Sql,
  { portfolio }: ProposalContext,
  session: Session,
  reason: DecisionReason,
  panel: PricePanel,
  forecastResult: ForecastResult,
  inputs: Decision['inputs'],
): Promise<Decision> {
  const { id, policy } = portfolio;
  const valuation = await valuationAt(sql, portfolio, session, inputs.valuedAt);
  const last = await decisionBefore(sql, id, session);
  return decide({
    asOf: session,
    reason,
    panel: panel.last(decisionSessions(policy)),
    forecastResult,
    holdings: valuation.live,
    shadowHoldings: valuation.shadow,
    drawdown: valuation.drawdown,
    previous: last && {
      asOf: last.decision.asOf,
      targets: inOrderOf(last.decision, last.decision.shadowTargets, policy.symbols),
    },
    policy,
    inputs,
  });
}

async function valuationAt(
  sql: Sql,
  { id, policy }: Portfolio,
  session: Session,
  valuedAt: string | null = null,
): Promise<StoredValuation> {
  const valuation = await newestValuation(sql, id, session, policy.symbols, valuedAt);
  if (valuation?.session !== session)
    throw new NotReadyError(
      `${id} has not been valued at ${session}${valuation ? ` (last: ${valuation.session})` : ''}`,
    );
  return valuation;
}
