#!/usr/bin/env bash
# Checks the rules, runs their tests, and reads every query of the dashboards, with promtool (apt-get install prometheus).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
if ! command -v promtool > /dev/null; then
  echo "promtool is not installed: the rules' own tests are not run (their structure and names are, by npm test)"
  exit 0
fi
promtool check config prometheus.yml
promtool test rules rules_test.yml

queries="$(mktemp --suffix=.yml)"
trap 'rm -f "$queries"' EXIT
node > "$queries" <<'JS'
const { panels, annotations } = require('../grafana/live-drift.json');
const asked = [...panels.flatMap(({ targets }) => targets ?? []), ...annotations.list];
const rules = asked.map(({ expr }, i) => ({ record: `query:${i}`, expr: expr.replaceAll('$portfolio', 'core') }));
console.log(JSON.stringify({ groups: [{ name: 'dashboards', rules }] }));
JS
promtool check rules "$queries"
