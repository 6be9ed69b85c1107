import type { Session } from '../core/calendar/session.ts';
import type { DecisionReason, FallbackLevel } from '../core/policy/decision.ts';
import type { DrawdownState } from '../core/portfolio/drawdown.ts';
import type { TaskName } from '../core/schedule/slot.ts';
import type { Uninvested, Worth } from './account.ts';
import type { ValuationFigures } from './valuation.ts';

/** Weights, trades and costs are ratios of net asset value; instants are ISO text. */
export type StatusSnapshot = {
  /** the instant the snapshot was asked for */
  asOf: string;
  /** what the newest model of any portfolio was trained on; null before the first training */
  backend: string | null;
  backendVersion: string | null;
  portfolios: PortfolioStatus[];
  models: ModelStatus[];
  letters: LetterStatus[];
  sources: SourceStatus[];
  /** the newest of each portfolio, or all where they are asked for; ascending by session */
  decisions: DecisionStatus[];
};

export type PortfolioStatus = {
  portfolio: string;
  inception: Session;
  /** null where it was first started in time, or when that was is not known */
  uninvested: Uninvested | null;
  valuation: ValuationStatus | null;
  /** what the account is worth at the newest valuation; null before the first */
  worth: Worth | null;
  /** session of the newest holdings a broker told; null: they are simulated from the configured value */
  importedOn: Session | null;
  /** the newest time that prices which came otherwise have changed net asset value; null where they never did */
  restatement: RestatementStatus | null;
  /** by symbol, cash last; empty before the first decision */
  lines: WeightLine[];
  /** all that were ever made */
  decisionsMade: number;
  lastDecision: DecisionStatus | null;
  /** one a task, by due time: its earliest open slot, else the next one of the calendar */
  nextSlots: SlotStatus[];
  /** thinned to `navPointsMax` points, the first and the last among them */
  navHistory: NavPoint[];
};

export type ValuationStatus = { session: Session } & ValuationFigures;

export type RestatementStatus = {
  valuedAt: string;
  /** the first session that was valued again */
  fromSession: Session;
  /** of net asset value */
  effectBps: number;
  stateBefore: DrawdownState;
  stateAfter: DrawdownState;
  reason: string;
};

export type WeightLine = {
  symbol: string;
  /** held when the newest decision was made */
  before: number;
  /** what that decision wants held */
  target: number;
  /** held at the newest valuation; null before the first */
  held: number | null;
};

export type NavPoint = { session: Session; net: number; gross: number; shadow: number };

export type SlotStatus = {
  task: TaskName;
  session: Session;
  dueAt: string;
  deadlineAt: string;
  /** `upcoming`: from the calendar, not a row yet */
  state: 'waiting' | 'queued' | 'upcoming';
  /** open slots of the task, this one among them */
  open: number;
  attempts: number;
  lastError: string | null;
};

export type DecisionStatus = {
  portfolio: string;
  session: Session;
  revision: number;
  reason: DecisionReason;
  allocator: string;
  fallbackLevel: FallbackLevel;
  fallbackReason: string | null;
  /** attempts that met a fault of the program */
  programFaults: number;
  drawdownState: DrawdownState;
  turnoverOneWay: number;
  costRatio: number;
  /** null until it is filled */
  chargedCostRatio: number | null;
  modelId: string | null;
  decidedAt: string;
  /** by symbol, CASH last; they sum to 1 */
  weights: Record<string, number>;
};

/** The model that a portfolio's decisions read. */
export type ModelStatus = {
  portfolio: string;
  modelId: string;
  trainedOn: Session;
  trainedAt: string;
  /** sessions with a valuation since `trainedOn` */
  ageSessions: number;
  backend: string;
  backendVersion: string;
  note: string | null;
  epochs: number;
  trainingSeconds: number;
  validationLoss: number;
  naiveValidationLoss: number;
};

export type LetterStatus = {
  portfolio: string;
  sent: number;
  pending: number;
  sending: number;
  ambiguous: number;
  refused: number;
  lastError: string | null;
};

export type SourceStatus = {
  source: string;
  symbol: string;
  newestSession: Session | null;
  lastSuccessAt: string | null;
  failuresInARow: number;
  restatements: number;
  gaps: number;
  lastFailure: { at: string; kind: string; message: string } | null;
};
