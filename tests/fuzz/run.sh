#!/bin/sh
# Runs each fuzzer for a while on its seed corpus.  Usage: run.sh FOLDER SECONDS
# Closes with `N passed, N failed`.  A finding is left in FOLDER/NAME.findings with how to repeat it.
set -u
folder=$1 seconds=$2 passed=0 failed=0
here=$(dirname "$0")
for fuzzer in "$folder"/fuzz_*; do
	[ -x "$fuzzer" ] && [ -f "$fuzzer" ] || continue
	name=${fuzzer##*/fuzz_}
	work=$(mktemp -d)
	mkdir -p "$fuzzer.findings" "$here/corpus/$name"
	if "$fuzzer" -seed=1 -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$fuzzer.findings/" "$work" "$here/corpus/$name" >"$work.log" 2>&1; then
		echo "ok $name: $(sed -n 's/stat::number_of_executed_units: *//p' "$work.log") runs"
		passed=$((passed + 1))
	else
		echo "not ok $name: a hostile input breaks this parser; repeat: $fuzzer $fuzzer.findings/…"
		tail -n 30 "$work.log" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
	rm -rf "$work" "$work.log"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
