import type { MetricsSnapshot, PortfolioMetrics } from '../../views/metrics.ts';
import { family, type MetricFamily } from './family.ts';

type Model = NonNullable<PortfolioMetrics['model']>;

const ofModel =
  (value: (model: Model) => number) =>
  ({ portfolios }: MetricsSnapshot) =>
    portfolios.map(({ portfolio, model }) => ({ portfolio, value: model && value(model) }));

/** The model each portfolio's decisions read; no series before the first training. */
export const modelFamilies: readonly MetricFamily[] = [
  family(
    'gauge',
    'rebalanced_model_info',
    ['portfolio', 'backend', 'backend_version'],
    'Always 1: what the newest model was trained on',
    ({ portfolios }) =>
      portfolios.map(({ portfolio, model }) => ({
        portfolio,
        backend: model?.backend ?? '',
        backend_version: model?.backendVersion ?? '',
        value: model && 1,
      })),
  ),
  family(
    'gauge',
    'rebalanced_model_trained_timestamp_seconds',
    ['portfolio'],
    'When the newest model was trained',
    ofModel((model) => model.trainedAt),
  ),
  family(
    'gauge',
    'rebalanced_model_session_timestamp_seconds',
    ['portfolio'],
    'Last session of the newest model’s training window, as its midnight UTC',
    ofModel((model) => model.sessionAt),
  ),
  family(
    'gauge',
    'rebalanced_model_training_seconds',
    ['portfolio'],
    'How long the newest model’s training took',
    ofModel((model) => model.trainingSeconds),
  ),
  family(
    'gauge',
    'rebalanced_model_validation_loss',
    ['portfolio'],
    'Mean squared error of the newest model on its validation part, in scaled units',
    ofModel((model) => model.validationLoss),
  ),
  family(
    'gauge',
    'rebalanced_model_naive_validation_loss',
    ['portfolio'],
    'The same error of the naive forecast, which a useful model is below',
    ofModel((model) => model.naiveValidationLoss),
  ),
  family(
    'gauge',
    'rebalanced_model_input_autocorrelation',
    ['portfolio', 'input'],
    'Lag-1 autocorrelation of an input over the newest model’s training window: near 1 for levels, near 0 for returns',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, model }) =>
        Object.entries(model?.inputLag1Autocorrelation ?? {}).map(([input, value]) => ({
          portfolio,
          input,
          value,
        })),
      ),
  ),
];
