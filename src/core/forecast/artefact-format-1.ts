import type { Artefact } from './artefact.ts';
import type { NetworkSpec } from './model-spec.ts';

type Inputs = NetworkSpec['inputs'];
type Training = NetworkSpec['training'];

/** The flat configuration of format 1, when every model was an LSTM that forecasts the mean return. */
type Config1 = Inputs &
  Training &
  Omit<NetworkSpec['body'], 'type'> & { model: 'lstm'; horizonSessions: number };

/** An artefact of format 1 in today's; it keeps its address, which is that of the bytes in storage. */
export function fromFormat1(stored: object): Artefact {
  const { config, ...rest } = stored as Omit<Artefact, 'spec'> & { config: Config1 };
  const { form, features, marketSymbol, scaler, units, dropoutRatio, lookbackSessions, ...others } = config;
  const { model, horizonSessions, ...training } = others;
  return {
    ...rest,
    spec: {
      kind: 'network',
      head: 'mean-return',
      horizonSessions,
      body: { type: model, units, dropoutRatio, lookbackSessions },
      inputs: { form, features, marketSymbol, scaler },
      training,
    },
    inputLag1Autocorrelation: {},
  };
}
