import { unscaleValue } from '../features/scaler.ts';
import { bodyOf } from '../inference/bodies.ts';
import type { PricePanel } from '../market/panel.ts';
import { UnusableDataError } from '../unusable-data-error.ts';
import { type Artefact, decodeTensor } from './artefact.ts';
import type { Forecast } from './forecast.ts';
import { heads } from './heads/heads.ts';
import { inferenceInputs } from './training-set.ts';

/**
 * The forecast of a trained network at the panel's last session, scaled back to the units `Forecast` names.
 * Reads the panel's last `sessionsRead(spec).inference` sessions; a missing symbol or level is an error.
 */
export function predict(artefact: Artefact, panel: PricePanel): Forecast {
  const { spec, symbols, scalers } = artefact;
  const weights = artefact.weights.map(decodeTensor);
  const body = bodyOf(spec.body);
  const answers = inferenceInputs(panel, symbols, spec, scalers).flatMap((input, series) =>
    Array.from(body.forward(weights, input, spec.body.lookbackSessions), (answer, output) =>
      unscaleValue(scalers[series]!.outputs, output, answer),
    ),
  );
  const broken = answers.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0)
    throw new UnusableDataError(
      `model ${artefact.id} forecasts ${answers[broken]} for ${symbols[broken]} at ${panel.lastSession}`,
    );
  return {
    asOf: panel.lastSession,
    symbols: [...symbols],
    horizonSessions: spec.horizonSessions,
    modelIds: { [spec.head]: artefact.id },
    ...heads[spec.head].toForecast(answers),
  };
}
