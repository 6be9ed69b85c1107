import type { DecisionStatus, NavPoint, PortfolioStatus, StatusSnapshot } from '../../../src/views/status.ts';

export const decision: DecisionStatus = {
  portfolio: 'core',
  session: '2024-02-29',
  revision: 0,
  reason: 'monthly',
  allocator: 'signal-inverse-vol',
  fallbackLevel: 'full',
  fallbackReason: null,
  programFaults: 0,
  drawdownState: 'normal',
  turnoverOneWay: 0.125,
  costRatio: 0.00042,
  chargedCostRatio: 0.00041,
  modelId: `sha256:${'b'.repeat(64)}`,
  decidedAt: '2024-02-29T22:45:00.000Z',
  weights: { GLD: 0.25, SPY: 0.5, CASH: 0.25 },
};

export const navHistory: NavPoint[] = [
  { session: '2024-02-28', net: 1, gross: 1, shadow: 1 },
  { session: '2024-02-29', net: 1.01, gross: 1.02, shadow: 1.03 },
  { session: '2024-03-01', net: 1.04, gross: 1.05, shadow: 1.06 },
];

export const portfolio: PortfolioStatus = {
  portfolio: 'core',
  inception: '2024-01-02',
  uninvested: null,
  valuation: {
    session: '2024-03-01',
    navGross: 1.05,
    navNet: 1.04,
    navShadow: 1.06,
    driftOneWay: 0.0125,
    drawdownState: 'normal',
    drawdownRatio: 0,
    highWaterMark: 1.04,
  },
  restatement: null,
  lines: [
    { symbol: 'GLD', before: 0.5, target: 0.25, held: 0.24 },
    { symbol: 'SPY', before: 0.25, target: 0.5, held: 0.51 },
    { symbol: 'CASH', before: 0.25, target: 0.25, held: 0.25 },
  ],
  worth: { amount: 104_000, currency: 'USD' },
  importedOn: null,
  decisionsMade: 1,
  lastDecision: decision,
  nextSlots: [
    {
      task: 'ingest',
      session: '2024-03-04',
      dueAt: '2024-03-04T21:45:00.000Z',
      deadlineAt: '2024-03-05T03:45:00.000Z',
      state: 'upcoming',
      open: 0,
      attempts: 0,
      lastError: null,
    },
  ],
  navHistory,
};

/** All is well. */
export const snapshot: StatusSnapshot = {
  asOf: '2024-03-02T10:00:00.000Z',
  backend: 'tensorflow',
  backendVersion: '2.21.0',
  portfolios: [portfolio],
  models: [
    {
      portfolio: 'core',
      modelId: `sha256:${'b'.repeat(64)}`,
      trainedOn: '2024-02-28',
      trainedAt: '2024-02-28T22:30:00.000Z',
      ageSessions: 2,
      backend: 'tensorflow',
      backendVersion: '2.21.0',
      note: null,
      epochs: 12,
      trainingSeconds: 8.5,
      validationLoss: 0.25,
      naiveValidationLoss: 0.5,
    },
  ],
  letters: [
    { portfolio: 'core', sent: 2, pending: 0, sending: 0, ambiguous: 0, refused: 0, lastError: null },
  ],
  sources: [
    {
      source: 'yahoo',
      symbol: 'SPY',
      newestSession: '2024-03-01',
      lastSuccessAt: '2024-03-01T22:00:00.000Z',
      failuresInARow: 0,
      restatements: 0,
      gaps: 0,
      lastFailure: null,
    },
  ],
  decisions: [decision],
};
