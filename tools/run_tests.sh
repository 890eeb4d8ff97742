#!/usr/bin/env bash
# Run `make test-LANGUAGE` for each language named, whatever became of the ones before, and end with their summaries.
#
#   tools/run_tests.sh rust julia python
#
# Libraries may write as the test process ends; the runner's own last word is repeated after all that.
set -uo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The lines in which a runner says how many tests passed and failed: nextest or cargo test, Julia's Test, pytest.
summary() {
    case $1 in
        rust) grep -E '^ +Summary \[|^test result:' "$log" ;;
        julia) grep -A 1 '^Test Summary:' "$log" ;;
        python) grep -E '^=+ .*[0-9]+ (passed|failed|error).* in .*=+$' "$log" | tail -n 1 ;;
    esac
}

failed=()
ending=()
for language in "$@"; do
    "${MAKE:-make}" --no-print-directory "test-$language" 2>&1 | tee "$log" || failed+=("$language")
    ending+=("$(summary "$language")")
done

printf '\n'
((${#failed[@]} == 0)) || printf 'failed: %s\n' "${failed[*]}"
printf '%s\n' "${ending[@]}"
((${#failed[@]} == 0))
