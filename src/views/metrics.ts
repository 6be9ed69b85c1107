import type { Session } from '../core/calendar/session.ts';
import type { DecisionReason, FallbackLevel } from '../core/policy/decision.ts';
import type { Slot, SlotState, TaskName } from '../core/schedule/slot.ts';
import type { LetterState } from './letter.ts';
import type { ValuationFigures } from './valuation.ts';

/** A configured portfolio: what must be seen in the metrics even before it has a row. */
export type WatchedPortfolio = {
  portfolio: string;
  /** the price source its bars come from */
  source: string;
  symbols: readonly string[];
  /** losses at which exposure begins to fall and has fallen to none; null without limits */
  drawdownLimits: { softRatio: number; hardRatio: number } | null;
};

/**
 * The next slot of each task after the newest session in rows (null: no row yet), from the calendar and never from the
 * clock: so a deadline is known before its slot is a row, and stays put when rows stop coming.
 */
export type NextSlots = (portfolio: string, after: Session | null) => readonly Slot[];

export type TaskMetrics = {
  task: TaskName;
  portfolio: string;
  lastSuccessAt: number | null;
  lastMissedAt: number | null;
  /** of the earliest open slot, else of the next one */
  deadlineAt: number | null;
  slots: Record<SlotState, number>;
};

export type PortfolioMetrics = {
  portfolio: string;
  /** the newest session whose ingest slot is settled, done or missed: its bars should be here */
  expectedSessionAt: number | null;
  drawdownLimits: WatchedPortfolio['drawdownLimits'];
  valuation: ({ sessionAt: number } & ValuationFigures) | null;
  decision: {
    sessionAt: number;
    decidedAt: number;
    fallbackLevel: FallbackLevel;
    programFaults: number;
    exposureRatio: number;
    signalScale: number;
    turnoverOneWay: number;
    costRatio: number;
  } | null;
  /** the last fill and the sums over all fills; the estimates are those of the same, filled decisions */
  fills: {
    lastEstimatedCostRatio: number;
    lastChargedCostRatio: number;
    estimatedCostRatioSum: number;
    chargedCostRatioSum: number;
    turnoverOneWaySum: number;
  } | null;
  /** how often prices that came otherwise have changed net asset value, and the newest time they did */
  restatements: { count: number; newest: { valuedAt: number; effectBps: number } | null };
  decisions: Record<DecisionReason, number>;
  /** faults of the program that all decisions met */
  programFaults: number;
  model: {
    backend: string;
    backendVersion: string;
    sessionAt: number;
    trainedAt: number;
    trainingSeconds: number;
    validationLoss: number;
    naiveValidationLoss: number;
    /** over the training window, by input; null where it was flat */
    inputLag1Autocorrelation: Record<string, number | null>;
  } | null;
  letters: Record<LetterState, { count: number; newestAt: number | null }>;
  oldestUnsentLetterAt: number | null;
};

/** Every row-made value of one scrape. Instants (`...At`) are epoch seconds; a session's is its midnight UTC. */
export type MetricsSnapshot = {
  /** system clock less database clock; null where time is virtual */
  clockSkewSeconds: number | null;
  /** when a daemon last put the jobs of dead workers back; null where time is virtual, for nobody does there */
  queueSupervisedAt: number | null;
  tasks: TaskMetrics[];
  portfolios: PortfolioMetrics[];
  bars: { portfolio: string; symbol: string; newestSessionAt: number | null }[];
  sourceSymbols: {
    source: string;
    symbol: string;
    failuresInARow: number;
    lastSuccessAt: number | null;
    restatements: number;
    gaps: number;
  }[];
  sources: { source: string; reachable: boolean }[];
  /** CASH among the symbols */
  targets: { portfolio: string; symbol: string; weight: number }[];
  holdings: { portfolio: string; symbol: string; weight: number }[];
};

/** Reads the snapshot; rejects when the database does not answer. */
export type MetricsReader = { read(): Promise<MetricsSnapshot> };
