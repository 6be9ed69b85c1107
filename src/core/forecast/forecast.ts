import type { Session } from '../calendar/session.ts';

/** What a forecaster says at one session's close about the sessions after it. */
export type Forecast = {
  /** Last session whose close the forecast has read. */
  asOf: Session;
  symbols: string[];
  /** The forecast is about the sessions asOf + 1 .. asOf + horizonSessions. */
  horizonSessions: number;
  /** Mean daily log return over the horizon, one per symbol, in return units (scaled back). */
  meanLogReturn: number[];
  /** Content address of the artefact it came from, or `naive:<name>`. */
  modelId: string;
};
