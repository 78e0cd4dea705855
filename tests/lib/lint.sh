#!/bin/sh
# Style and static checks of the whole tree.  Closes with `N passed, N failed`.
set -u
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0
report() { # NAME STATUS OUTPUT
	if [ "$2" = 0 ]; then
		echo "ok $1"
		passed=$((passed + 1))
	else
		echo "not ok $1"
		printf '%s\n' "$3" | head -n 40 | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}
sources=$(git ls-files '*.c' '*.h')

# shellcheck disable=SC2086 # lists of names without blanks
out=$(clang-format --dry-run -Werror $sources 2>&1)
report "clang-format: every file reads the same way" $? "$out"

for page in man/*.[1578]; do
	[ -e "$page" ] || continue
	out=$(mandoc -T lint -W warning "$page" 2>&1)
	report "mandoc: $page" $? "$out"
done

out=$(for f in $sources; do head -n 60 "$f" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' || echo "$f"; done)
[ -z "$out" ]
report "licence: every source file names it" $? "$out"

out=$(for f in $sources; do head -n 1 "$f" | grep -q '^/\* ' || echo "$f"; done)
[ -z "$out" ]
report "heads: every source file opens by saying what it is for" $? "$out"

out=$(git ls-files '*.c' '*.h' '*.sh' '*.py' | xargs grep -nE '\b(TODO|FIXME|XXX|HACK)\b' | grep -v 'tests/lib/lint.sh' || true)
[ -z "$out" ]
report "no marks of unfinished work" $? "$out"

# common includes nothing of the other two; shell and approver never include each other.
out=$(git ls-files 'common/*.[ch]' | xargs grep -nE '#include "(shell|approver)/' || true
	git ls-files 'shell/*.[ch]' | xargs grep -nE '#include "approver/' || true
	git ls-files 'approver/*.[ch]' | xargs grep -nE '#include "shell/' || true
	git ls-files 'shell/whosh/*.[ch]' | xargs grep -nE '#include (<(curl|openssl|cjson)/|"common/(json|jws|token)\.h")' || true)
[ -z "$out" ]
report "house: who may include whom" $? "$out"

out=$(git ls-files '*.c' | xargs wc -c | awk '$2 != "total" && $1 > 24000 {print $2 ": " $1 " bytes"}')
[ -z "$out" ]
report "size: no source file has become more than one idea" $? "$out"

for script in $(git ls-files '*.sh') .ci/run; do
	case $(head -n 1 "$script") in *bash*) out=$(bash -n "$script" 2>&1) ;; *) out=$(sh -n "$script" 2>&1) ;; esac
	report "syntax: $script" $? "$out"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
