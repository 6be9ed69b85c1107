/** Features a network may read: all are stationary by kind, so an undifferenced price can never be one. */
export const featureNames = [
  'return1',
  'return2',
  'return3',
  'return4',
  'return5',
  'ewma-volatility',
  'rsi',
  'bollinger-position',
  'bollinger-width',
  'market-slope-20',
  'market-slope-60',
] as const;
export type FeatureName = (typeof featureNames)[number];

/** True when a feature reads the market symbol's levels. */
export function needsMarket(names: readonly FeatureName[]): boolean {
  return names.some((name) => name.startsWith('market-'));
}
