import { lines, type Row, stat } from './panels.ts';
import { of } from './queries.ts';

export const models: Row = {
  title: 'Models',
  panels: [
    stat({
      title: 'Model trained',
      description: 'How long ago the newest model was trained',
      width: 4,
      height: 6,
      unit: 'dtdurations',
      query: { expr: `time() - ${of('rebalanced_model_trained_timestamp_seconds')}` },
    }),
    stat({
      title: 'Backend',
      description: 'What the newest model was trained on',
      width: 4,
      height: 6,
      name: true,
      query: {
        expr: of('rebalanced_model_info', ['backend', 'backend_version']),
        legend: '{{backend}} {{backend_version}}',
      },
    }),
    lines({
      title: 'Validation loss',
      description: 'Of the newest model and of the naive forecast, which a useful model is below',
      width: 8,
      height: 6,
      stepped: true,
      queries: [
        { expr: of('rebalanced_model_validation_loss'), legend: 'model' },
        { expr: of('rebalanced_model_naive_validation_loss'), legend: 'naive' },
      ],
    }),
    lines({
      title: 'Signal scale',
      description: 'How far the forecast moved the newest decision from the base weights',
      width: 8,
      height: 6,
      unit: 'percentunit',
      stepped: true,
      queries: [{ expr: of('rebalanced_signal_scale_ratio'), legend: 'scale' }],
    }),
  ],
};

export const work: Row = {
  title: 'Work and prices',
  panels: [
    lines({
      title: 'Time to the deadline',
      description: 'Of each task’s earliest open slot, else of its next one; below 0 it is overdue',
      width: 8,
      unit: 's',
      queries: [
        {
          expr: `min by (task) (rebalanced_task_deadline_timestamp_seconds{portfolio="$portfolio"}) - time()`,
          legend: '{{task}}',
        },
      ],
    }),
    lines({
      title: 'Open slots',
      description: 'Waiting or queued',
      width: 8,
      queries: [
        {
          expr: `sum by (task) (${of('rebalanced_slots', ['task', 'state'], ['state=~"waiting|queued"'])})`,
          legend: '{{task}}',
        },
      ],
    }),
    lines({
      title: 'Letters',
      description: 'By state',
      width: 8,
      stepped: true,
      queries: [{ expr: of('rebalanced_letters', ['state']), legend: '{{state}}' }],
    }),
    lines({
      title: 'Prices behind',
      description: 'Calendar time from a symbol’s newest bar to the newest session ingested',
      width: 8,
      unit: 's',
      queries: [
        {
          expr: `max by (portfolio) (rebalanced_bars_expected_session_timestamp_seconds{portfolio="$portfolio"}) - on (portfolio) group_right () ${of('rebalanced_bars_newest_session_timestamp_seconds', ['symbol'])}`,
          legend: '{{symbol}}',
        },
      ],
    }),
    lines({
      title: 'Source failures',
      description: 'In a row, of all sources',
      width: 8,
      queries: [
        {
          expr: 'max by (source, symbol) (rebalanced_source_failures_in_a_row) > 0',
          legend: '{{source}} {{symbol}}',
        },
      ],
    }),
    lines({
      title: 'Gaps and restatements',
      description: 'Of all sources: expected sessions without a bar, and bars changed after they were final',
      width: 8,
      stepped: true,
      queries: [
        { expr: 'sum by (source) (max by (source, symbol) (rebalanced_gaps))', legend: 'gaps, {{source}}' },
        {
          expr: 'sum by (source) (max by (source, symbol) (rebalanced_restatements_total))',
          legend: 'restated, {{source}}',
        },
      ],
    }),
  ],
};

export const processes: Row = {
  title: 'Processes',
  panels: [
    lines({
      title: 'Database',
      description: '1 when the rows could be read',
      width: 6,
      height: 6,
      stepped: true,
      queries: [{ expr: 'rebalanced_database_up', legend: '{{instance}}' }],
    }),
    lines({
      title: 'Reading the rows',
      description: 'How long each scrape’s reading took',
      width: 6,
      height: 6,
      unit: 's',
      queries: [{ expr: 'rebalanced_database_read_seconds', legend: '{{instance}}' }],
    }),
    lines({
      title: 'Clock skew',
      description: 'System clock less database clock',
      width: 6,
      height: 6,
      unit: 's',
      queries: [{ expr: 'rebalanced_clock_skew_seconds', legend: '{{instance}}' }],
    }),
    lines({
      title: 'Event loop',
      description: '99th percentile of the delay; 100 ms is the limit',
      width: 6,
      height: 6,
      unit: 's',
      queries: [{ expr: 'nodejs_eventloop_lag_p99_seconds{job="rebalanced"}', legend: '{{instance}}' }],
    }),
  ],
};
