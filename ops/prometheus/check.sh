#!/usr/bin/env bash
# Checks the rules and runs their tests with promtool (Debian and Ubuntu: apt-get install prometheus).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
if ! command -v promtool > /dev/null; then
  echo "promtool is not installed: the rules' own tests are not run (their structure and names are, by npm test)"
  exit 0
fi
promtool check config prometheus.yml
promtool check rules rules.yml
promtool test rules rules_test.yml
