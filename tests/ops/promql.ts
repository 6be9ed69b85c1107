/** What an expression reads: metrics with the labels it matches them by, and the labels it groups or joins by. */
export type Reading = {
  metrics: { name: string; matched: string[] }[];
  grouped: string[];
  unknown: string[];
};

const functions = new Set(['abs', 'absent', 'changes', 'max', 'min', 'sum', 'time', 'vector']);
const operators = new Set(['and', 'or', 'unless', 'bool']);
const metricPattern = /^(rebalanced_|nodejs_|process_|up$)/;

/** Reads the words of a PromQL expression. It is no parser: promtool is; this finds misspelt names where that is not installed. */
export function readPromql(expr: string): Reading {
  const grouped: string[] = [];
  const metrics: Reading['metrics'] = [];
  const unknown: string[] = [];
  const plain = expr
    .replace(/"[^"]*"/g, '""')
    .replace(/\[\d+[smhd]\]/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g, (_, __, labels: string) => {
      grouped.push(
        ...labels
          .split(',')
          .map((label) => label.trim())
          .filter(Boolean),
      );
      return ' ';
    });
  for (const [, name, selector = ''] of plain.matchAll(/([a-zA-Z_]\w*)(?:\{([^}]*)\})?/g)) {
    if (name === undefined || functions.has(name) || operators.has(name) || /^e\d+$/.test(name)) continue;
    if (!metricPattern.test(name)) unknown.push(name);
    else
      metrics.push({
        name,
        matched: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
      });
  }
  return { metrics, grouped, unknown };
}
