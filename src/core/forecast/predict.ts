import { unscaleValue } from '../features/scaler.ts';
import { forwardLstm } from '../inference/lstm.ts';
import type { PricePanel } from '../market/panel.ts';
import { type Artefact, decodeTensor } from './artefact.ts';
import type { Forecast } from './forecast.ts';
import { inferenceInputs } from './training-set.ts';

/**
 * The forecast of a trained network at the panel's last session, in return units.
 * Reads the panel's last `sessionsNeeded(config).inference` sessions; a missing symbol or level is an error.
 */
export function predict(artefact: Artefact, panel: PricePanel): Forecast {
  const { config, symbols, scalers } = artefact;
  const weights = artefact.weights.map(decodeTensor);
  const answers = inferenceInputs(panel, symbols, config, scalers).map((input, series) =>
    Array.from(forwardLstm(weights, input, config.lookbackSessions), (answer, output) =>
      unscaleValue(scalers[series]!.outputs, output, answer),
    ),
  );
  const meanLogReturn = answers.flat();
  const broken = meanLogReturn.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0)
    throw new Error(
      `model ${artefact.id} forecasts ${meanLogReturn[broken]} for ${symbols[broken]} at ${panel.lastSession}`,
    );
  return {
    asOf: panel.lastSession,
    symbols: [...symbols],
    horizonSessions: config.horizonSessions,
    meanLogReturn,
    modelId: artefact.id,
  };
}
