import type { TargetLine } from '../../../src/core/policy/decision.ts';
import type { LetterContent } from '../../../src/presentation/letter/letter.ts';

/** Letter contents for tests and for looking at; see `render-samples.ts`. */
function line(symbol: string, held: number, target: number, forecast: number | null): TargetLine {
  const trade = target - held;
  return { symbol, held, target, trade, lower: 0, upper: 0.5, forecast, costRatio: Math.abs(trade) * 5e-4 };
}

/** An ordinary month's end: four funds, forecasts, one binding bound, a filled gap. */
export function monthlyContent(): LetterContent {
  const lines = [
    line('SPY', 0.342, 0.391, 0.00041),
    line('TLT', 0.301, 0.219, -0.00012),
    line('GLD', 0.207, 0.24, 0.00027),
    line('VNQ', 0.14, 0.14, 0.00009),
  ];
  return {
    decision: {
      portfolio: 'us-etfs',
      asOf: '2024-01-31',
      reason: 'monthly',
      allocator: 'signal-inverse-vol',
      fallbackLevel: 'full',
      fallbackReason: null,
      fallbackAttempts: [],
      lines,
      cash: { held: 0.01, target: 0.01 },
      turnoverOneWay: 0.082,
      turnoverTwoWay: 0.164,
      costRatio: 0.000082,
      signalScale: 0.5,
      binding: [{ kind: 'upper', name: 'VNQ', limit: 0.14, multiplier: null }],
      drawdown: {
        state: 'normal',
        since: '2018-01-02',
        sessionsInState: 1530,
        highWaterMark: 1.4412,
        shadowHighWaterMark: 1.4412,
        drawdownRatio: 0.0213,
        shadowDrawdownRatio: 0.0213,
        rebasedOn: null,
      },
      exposureRatio: 1,
      shadowTargets: lines.map(({ target }) => target),
      quality: [
        {
          symbol: 'VNQ',
          kind: 'filled',
          sessions: 1,
          firstSession: '2024-01-12',
          lastSession: '2024-01-12',
          reason: '1 missing closes filled with the last level before them',
        },
      ],
      inputs: {
        vintage: '2024-01-31T21:45:12.204Z',
        modelId: '3f2a9c'.padEnd(64, '0'),
        configHash: 'b41d77'.padEnd(64, 'e'),
        codeVersion: '0.1.0+4f0c2d1',
      },
    },
    fillSession: '2024-02-01',
    performance: {
      navNet: 1.4105,
      navGross: 1.4388,
      returnNetSinceLast: 0.0124,
      returnNetSinceInception: 0.4105,
      inception: '2018-01-02',
      maximumDrawdown: 0.1131,
    },
    costs: { chargedSinceInceptionRatio: 0.0201, turnoverTwoWaySinceInception: 10.37 },
    currency: 'USD',
    worth: 352_625,
    importedOn: null,
    restatements: [],
    uninvested: null,
    model: {
      id: '3f2a9c'.padEnd(64, '0'),
      backend: 'tensorflow',
      backendVersion: '2.21.0',
      trainedOn: '2023-12-29',
      expiresAfter: '2024-07-05',
    },
    late: false,
    statusUrl: 'http://127.0.0.1:9464/',
  };
}

/** The first investment: everything from cash, no forecast, no portfolio value told. */
export function firstContent(): LetterContent {
  const content = monthlyContent();
  const lines = ['SPY', 'TLT', 'GLD', 'VNQ'].map((symbol) => line(symbol, 0, 0.2475, null));
  return {
    ...content,
    decision: {
      ...content.decision,
      asOf: '2018-01-02',
      allocator: 'hrp',
      lines,
      cash: { held: 1, target: 0.01 },
      turnoverOneWay: 0.495,
      turnoverTwoWay: 0.99,
      costRatio: 0.000495,
      signalScale: 0,
      binding: [],
      quality: [],
      drawdown: { ...content.decision.drawdown, sessionsInState: 0, highWaterMark: 1, drawdownRatio: 0 },
    },
    fillSession: '2018-01-03',
    performance: {
      navNet: 1,
      navGross: 1,
      returnNetSinceLast: null,
      returnNetSinceInception: 0,
      inception: '2018-01-02',
      maximumDrawdown: 0,
    },
    costs: { chargedSinceInceptionRatio: 0, turnoverTwoWaySinceInception: 0 },
    worth: null,
    model: null,
    statusUrl: null,
  };
}

/** A crash: the limit reached, forecasts off, late. */
export function drawdownContent(): LetterContent {
  const content = monthlyContent();
  const held = [0.31, 0.3, 0.26, 0.12];
  const target = [0.15, 0.155, 0.13, 0.06];
  return {
    ...content,
    late: true,
    fillSession: '2020-03-13',
    performance: {
      ...content.performance,
      navNet: 1.1231,
      navGross: 1.1409,
      returnNetSinceLast: -0.0932,
      returnNetSinceInception: 0.1231,
      maximumDrawdown: 0.1002,
    },
    decision: {
      ...content.decision,
      asOf: '2020-03-12',
      reason: 'drawdown',
      fallbackLevel: 'signal-off',
      fallbackReason: 'the model expired on 2020-03-05, trained on 2019-09-30',
      signalScale: 0,
      lines: content.decision.lines.map(({ symbol }, index) =>
        line(symbol, held[index]!, target[index]!, null),
      ),
      cash: { held: 0.01, target: 0.505 },
      turnoverOneWay: 0.495,
      turnoverTwoWay: 0.99,
      costRatio: 0.000495,
      exposureRatio: 0.5,
      binding: [{ kind: 'exposure', name: 'reduced', limit: 0.5, multiplier: null }],
      drawdown: {
        ...content.decision.drawdown,
        state: 'reduced',
        since: '2020-03-12',
        sessionsInState: 0,
        highWaterMark: 1.2482,
        drawdownRatio: 0.1002,
        shadowDrawdownRatio: 0.1002,
      },
    },
  };
}

/** `count` assets, some short, some at their bounds. */
export function largeContent(count: number): LetterContent {
  const content = monthlyContent();
  const weight = (index: number, step: number) => Math.sin(index * step) * 0.02 + 1 / count;
  const lines = Array.from({ length: count }, (_, index) =>
    line(`ASSET${index}`, weight(index, 1.3), weight(index, 1.7), Math.sin(index) * 5e-4),
  );
  const invested = (key: 'held' | 'target') => lines.reduce((sum, asset) => sum + asset[key], 0);
  const turnover = lines.reduce((sum, { trade }) => sum + Math.abs(trade), 0);
  return {
    ...content,
    decision: {
      ...content.decision,
      allocator: 'mvo',
      lines,
      cash: { held: 1 - invested('held'), target: 1 - invested('target') },
      turnoverOneWay: turnover / 2,
      turnoverTwoWay: turnover,
      binding: lines
        .slice(0, 14)
        .map(({ symbol }) => ({ kind: 'lower' as const, name: symbol, limit: 0, multiplier: 0.01 })),
      shadowTargets: lines.map(({ target }) => target),
    },
  };
}

/** No new weights: nothing is traded. */
export function holdContent(): LetterContent {
  const content = monthlyContent();
  return {
    ...content,
    decision: {
      ...content.decision,
      fallbackLevel: 'hold',
      fallbackReason: 'only 1 of 4 symbols has a final close for 2024-01-31, expected at least 90%',
      lines: content.decision.lines.map(({ symbol, held }) => line(symbol, held, held, null)),
      turnoverOneWay: 0,
      turnoverTwoWay: 0,
      costRatio: 0,
      binding: [],
    },
  };
}
