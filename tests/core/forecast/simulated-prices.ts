import { addDays } from '../../../src/core/calendar/session.ts';
import { type NetworkSpec, parseNetworkSpec } from '../../../src/core/forecast/model-spec.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { createRandom } from '../../../src/core/numeric/random.ts';

/** Random walks with a common factor, 1 % a day, from 2010-01-01 on every calendar day. */
export function simulatedPanel(symbols: readonly string[], sessions: number, seed = 7): PricePanel {
  const random = createRandom(seed);
  const market = Float64Array.from({ length: sessions }, () => 0.006 * random.normal());
  const levels = symbols.map(() => {
    let level = 1;
    return market.map((common) => {
      level *= Math.exp(common + 0.008 * random.normal() + 0.0003);
      return level;
    });
  });
  const dates = Array.from({ length: sessions }, (_, day) => addDays('2010-01-01', day));
  return new PricePanel(dates, symbols, levels);
}

/** A panel with every level after row `row` (from it on, if `included`) replaced by something else. */
export function perturbedAfter(panel: PricePanel, row: number, included = false): PricePanel {
  return new PricePanel(
    panel.sessions,
    panel.symbols,
    panel.levels.map((column, symbol) =>
      column.map((level, index) =>
        index > row || (included && index === row) ? level * (1.5 + 0.1 * symbol + Math.sin(index)) : level,
      ),
    ),
  );
}

/** A small fast network, with some of its parts changed. */
export function smallSpec({
  body,
  inputs,
  training,
}: {
  body?: Partial<NetworkSpec['body']>;
  inputs?: Partial<NetworkSpec['inputs']>;
  training?: Partial<NetworkSpec['training']>;
} = {}): NetworkSpec {
  return parseNetworkSpec({
    horizonSessions: 5,
    body: { units: [8, 4], lookbackSessions: 10, ...body },
    inputs: { marketSymbol: 'AAA', ...inputs },
    training: { windowSessions: 120, epochsMax: 3, ...training },
  });
}

/** All features of the pooled form. */
export const everyFeature: NetworkSpec['inputs']['features'] = [
  'return1',
  'return5',
  'ewma-volatility',
  'rsi',
  'bollinger-position',
  'bollinger-width',
  'market-slope-20',
  'market-slope-60',
];

/** An artefact-like set of weights for a network of this size, from a seed. */
export function randomValues(count: number, seed: number, scale = 0.5): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => scale * random.normal());
}
