#!/usr/bin/env bash
# npm test: Debian packages where they can be installed, then types, lint, format, generated pages, tests.
# The last line is "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/.."
results=$(mktemp)
trap 'rm -f "$results"' EXIT

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  bash lab/packages.sh || echo 'Some Debian packages could not be installed: tests that need them will say so.'
fi

failed=0
step() {
  echo "== $*"
  "$@" || failed=$((failed + 1))
}
step npx tsc -p tsconfig.json
step npx oxlint --deny-warnings
step npx oxfmt --check
step npx tsx docs/generate.ts --check
step npx publint --strict
step npx vitest run --reporter=default --reporter=json --outputFile.json="$results"

node -e '
  const fs = require("node:fs");
  const failedSteps = Number(process.argv[2]);
  let r = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  try { r = JSON.parse(fs.readFileSync(process.argv[1], "utf8")); } catch {}
  const skipped = r.numPendingTests + r.numTodoTests;
  const failed = r.numFailedTests + (failedSteps > 0 && r.numFailedTests === 0 ? failedSteps : 0);
  if (skipped > 0 && process.env.CI) console.log("CI skips nothing, but tests were skipped.");
  console.log(`${r.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 || r.numPassedTests === 0 || (skipped > 0 && process.env.CI) ? 1 : 0);
' "$results" "$failed"
