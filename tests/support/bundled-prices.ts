import { fileURLToPath } from 'node:url';
import { readWidePrices } from '../../src/adapters/prices/csv/csv.ts';
import { PricePanel } from '../../src/core/market/panel.ts';

/** The prices every clone has: 20 stocks and ^GSPC, 2013-01-02 to 2022-12-28, a wide CSV of adjusted closes. */
export const bundledPrices = fileURLToPath(
  new URL('../../config/examples/prices/sp500-20.csv.gz', import.meta.url),
);

/** The bundled prices of some symbols. */
export function bundledPanel(wanted: readonly string[]): PricePanel {
  const { dates, symbols, values } = readWidePrices(bundledPrices).value;
  return new PricePanel(
    dates,
    wanted,
    wanted.map((symbol) => values[symbols.indexOf(symbol)]!),
  );
}
