// The few kinds of Grafana panels the dashboards are made of, placed on its grid of 24 columns.

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
const datasource = { type: 'prometheus', uid: '${datasource}' };

export type Query = { expr: string; legend?: string; instant?: true };
type Unit = 'percentunit' | 's' | 'short' | 'dtdurations' | 'none' | 'bool_yes_no' | 'dateTimeFromNow';
type Step = { color: string; value: number | null };

export type Panel = {
  type: string;
  title: string;
  description?: string;
  width: number;
  height: number;
} & Record<string, unknown>;
export type Row = { title: string; panels: Panel[] };

const targets = (queries: readonly Query[], format: 'time_series' | 'table' = 'time_series') =>
  queries.map(({ expr, legend, instant }, i) => ({
    refId: String.fromCharCode(65 + i),
    datasource,
    expr,
    legendFormat: legend ?? '__auto',
    range: !instant,
    instant: Boolean(instant),
    format,
  }));

type Common = {
  title: string;
  description: string;
  width: number;
  height?: number;
  unit?: Unit;
  decimals?: number;
  steps?: Step[];
};

/** Green without steps, since a value without a limit is neither good nor bad. */
const defaults = ({ unit = 'none', decimals, steps }: Common, custom: Record<string, unknown> = {}) => ({
  unit,
  ...(decimals === undefined ? {} : { decimals }),
  color: { mode: steps ? 'thresholds' : 'palette-classic' },
  thresholds: { mode: 'absolute', steps: steps ?? [{ color: 'green', value: null }] },
  custom,
});

/** One number, or one name where `name` shows which series holds. */
export function stat(common: Common & { query: Query; name?: true }): Panel {
  const { title, description, width, height = 4, query, name } = common;
  return {
    type: 'stat',
    title,
    description,
    width,
    height,
    targets: targets([{ ...query, instant: true }]),
    fieldConfig: {
      defaults: defaults({ ...common, steps: common.steps ?? [{ color: 'text', value: null }] }),
      overrides: [],
    },
    options: {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: name ? 'name' : 'value',
      colorMode: 'value',
      graphMode: 'none',
      wideLayout: true,
      showPercentChange: false,
      percentChangeColorMode: 'standard',
      justifyMode: 'auto',
      orientation: 'auto',
    },
  };
}

/** Lines over time; `limit` draws its steps as lines too. */
export function lines(
  common: Common & { queries: Query[]; stacked?: true; stepped?: true; limit?: true },
): Panel {
  const { title, description, width, height = 8, queries, stacked, stepped, limit } = common;
  const custom = {
    drawStyle: 'line',
    lineInterpolation: stepped ? 'stepAfter' : 'linear',
    lineWidth: 1,
    fillOpacity: stacked ? 30 : 0,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: limit ? 'line' : 'off' },
  };
  const color = { color: { mode: 'palette-classic' } };
  return {
    type: 'timeseries',
    title,
    description,
    width,
    height,
    targets: targets(queries),
    fieldConfig: { defaults: { ...defaults(common, custom), ...color }, overrides: [] },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** Which of the known states held when. */
export function states(common: Common & { query: Query }): Panel {
  const { title, description, width, height = 5, query } = common;
  return {
    type: 'state-timeline',
    title,
    description,
    width,
    height,
    targets: targets([query]),
    fieldConfig: {
      defaults: {
        ...defaults(common, { fillOpacity: 70, lineWidth: 0, spanNulls: false }),
        mappings: [
          {
            type: 'value',
            options: { 0: { text: ' ', color: 'transparent' }, 1: { text: 'yes', color: 'blue' } },
          },
        ],
      },
      overrides: [],
    },
    options: {
      showValue: 'never',
      mergeValues: true,
      rowHeight: 0.8,
      legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
  };
}

/** A row for each value of `label`, a column for each query, named. */
export function table(common: Common & { label: string; columns: { name: string; expr: string }[] }): Panel {
  const { title, description, width, height = 8, label, columns } = common;
  const renamed = columns.map(({ name }, i) => [`Value #${String.fromCharCode(65 + i)}`, name]);
  return {
    type: 'table',
    title,
    description,
    width,
    height,
    targets: targets(
      columns.map(({ expr }) => ({ expr, instant: true })),
      'table',
    ),
    transformations: [
      { id: 'joinByField', options: { byField: label, mode: 'outer' } },
      {
        id: 'organize',
        options: {
          excludeByName: Object.fromEntries(
            ['Time', ...columns.map((_, i) => `Time ${i + 1}`)].map((name) => [name, true]),
          ),
          renameByName: Object.fromEntries(renamed),
          indexByName: {},
        },
      },
    ],
    fieldConfig: {
      defaults: defaults(common, { align: 'auto', cellOptions: { type: 'auto' } }),
      overrides: [],
    },
    options: { frameIndex: 0, showHeader: true, cellHeight: 'sm' },
  };
}

type Placed = { id: number; gridPos: { x: number; y: number; w: number; h: number } } & Record<
  string,
  unknown
>;

/** Rows from the top, panels from the left; ids are given in order. */
export function layOut(rows: readonly Row[]): Placed[] {
  const placed: Placed[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const { width, height, ...panel } of panels) {
      if (x + width > 24) {
        x = 0;
        y += tallest;
        tallest = 0;
      }
      placed.push({ id: placed.length + 1, datasource, ...panel, gridPos: { x, y, w: width, h: height } });
      x += width;
      tallest = Math.max(tallest, height);
    }
    y += tallest;
  }
  return placed;
}

/** A whole dashboard, with a data source to choose and one portfolio to look at. */
export function dashboard(about: { uid: string; title: string; description: string; rows: readonly Row[] }) {
  return {
    uid: about.uid,
    title: about.title,
    description: about.description,
    tags: ['rebalanced'],
    schemaVersion: 41,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'utc',
    refresh: '1m',
    time: { from: 'now-90d', to: 'now' },
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'Data source',
          type: 'datasource',
          query: 'prometheus',
          hide: 0,
          multi: false,
          includeAll: false,
          refresh: 1,
          options: [],
        },
        {
          name: 'portfolio',
          label: 'Portfolio',
          type: 'query',
          datasource,
          definition: 'label_values(rebalanced_drawdown_state, portfolio)',
          query: { query: 'label_values(rebalanced_drawdown_state, portfolio)', refId: 'portfolios' },
          hide: 0,
          multi: false,
          includeAll: false,
          refresh: 2,
          sort: 1,
          options: [],
        },
      ],
    },
    annotations: {
      list: [
        {
          name: 'Decisions',
          datasource,
          enable: true,
          iconColor: 'blue',
          expr: 'max by (portfolio) (rebalanced_decision_timestamp_seconds{portfolio="$portfolio"}) * 1000',
          useValueForTime: true,
          titleFormat: 'Decision',
        },
      ],
    },
    links: [],
    panels: layOut(about.rows),
  };
}
