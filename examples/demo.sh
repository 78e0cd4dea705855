#!/usr/bin/env bash
# The main job, on real input, in a temporary directory: `make demo` runs it.  Usage: demo.sh BUILD-FOLDER
# Everything it starts is ended, and everything it makes is removed, when it is over; but for one page in BUILD-FOLDER.
set -euo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /tmp/whosh-demo.XXXXXX)
chmod 755 "$work"
dir=$work/approver
pids=()
account=
finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || :; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || :; done
	[ -z "$account" ] || userdel "$account" 2>/dev/null || :
	rm -rf "$work"
}
trap finish EXIT
bold= plain=
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi
say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; }
ctl() { "$build/whoctl" --dir "$dir" "$@"; }
# await WHAT COMMAND…: until the command succeeds.
await() {
	local what=$1 tries=0
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || { echo "demo: no $what within 20 s" >&2; cat "$work/whoshd.log" >&2; exit 1; }
		read -rt 0.1 <> <(:) || :
	done
}
# agent NAME LINE: one command line of that agent, as its account's login shell would get it.
agent() {
	local name=$1 line=$2 status=0
	show "[$name] $line"
	env PATH="$work/bin:$build:$PATH" WHOSH_CONFIG="$dir/client.conf" WHOSH_TOKEN_FILE="$work/$name.token" \
		WHOSH_MODEL=anthropic/claude-opus@4.8 ${task:+"WHOSH_TASK=$task"} \
		${chain:+"WHOSH_PRINCIPAL_CHAIN=$chain"} "$build/whosh" -c "$line" || status=$?
	[ "$status" = 0 ] || echo "(exit status $status)"
}
# reviewer: bob, who looks at what waits, and approves it.
reviewer() {
	bob() { "$build/whoctl" --dir "$dir" --token-file "$work/bob.operator" "$@"; }
	await "pending command" sh -c "'$build/whoctl' --dir '$dir' pending --json | grep -q '\"id\"'"
	show "whoctl pending"
	bob pending
	show "whoctl approve $(bob pending --quiet)"
	bob approve "$(bob pending --quiet)"
}

say "An approver with its embedded store, in $dir"
"$build/whoshd" init --dir "$dir" --listen 127.0.0.1:0
cp "$here/policies/demo.json" "$dir/policy.json"
"$build/whoshd" serve --dir "$dir" --listen 127.0.0.1:0 2>"$work/whoshd.log" &
pids+=($!)
await "approver" ctl status

say "Two people, and four agents, each with a credential of its own"
for name in alice bob; do ctl operator add "$name" --role reviewer --out "$work/$name.operator"; done
for name in code-review-agent orchestrator-v2 db-migration-agent build-agent; do
	ctl agent add "$name" --owner alice
	ctl credential issue "$name" --out "$work/$name.token"
done
cd "$work"
sqlite3 app.db "CREATE TABLE sessions(id, user); INSERT INTO sessions VALUES (1, 'ann'), (2, 'bob');"
mkdir -p src && echo 'int main(void) { return 0; }' >src/main.c

say "Approved by policy: it just runs"
task="review pull request 42" agent code-review-agent "cat src/main.c | wc -l"

say "Denied by rule: it does not run"
task="ticket 8: free some space" agent code-review-agent "sqlite3 app.db 'DROP TABLE sessions'"
show "sqlite3 app.db 'SELECT count(*) FROM sessions'"
sqlite3 app.db 'SELECT count(*) FROM sessions'

say "A person authorises: alice hands the staging release to orchestrator-v2, limited to what that takes"
cat >scope.json <<-'END'
	{"commands": [["whoctl", "delegate", "**"], ["on-staging", "*"], ["sqlite3", "app.db", "*"], ["echo", "**"]]}
END
show "whoctl delegate --to orchestrator-v2 --task 'Deploy staging release 4.2' --scope scope.json   # as alice"
chain=$("$build/whoctl" --dir "$dir" --token-file "$work/alice.operator" delegate --to orchestrator-v2 \
	--task "Deploy staging release 4.2" --scope scope.json)
echo "${chain:0:72}…"

# What is `ssh db-migration-agent@staging` elsewhere: that agent's account, with its credential and its login shell.
mkdir bin
printf '#!/bin/sh\nWHOSH_TOKEN_FILE=%s exec %s -c "$1"\n' "$work/db-migration-agent.token" "$build/whosh" >bin/on-staging
chmod 755 bin/on-staging

say "orchestrator-v2 hands the migrations on to db-migration-agent, whose ALTER TABLE asks a person: bob sees the lineage"
reviewer &
reviewing=$!
agent orchestrator-v2 "WHOSH_PRINCIPAL_CHAIN=\$(whoctl delegate --to db-migration-agent --task 'Apply the pending migrations') \
on-staging \"sqlite3 app.db 'ALTER TABLE sessions ADD COLUMN seen'\""
wait "$reviewing"
show "sqlite3 app.db .schema"
sqlite3 app.db .schema

say "What a hop above gives no authority for is denied, and the denial names the hop and the clause"
agent orchestrator-v2 "cat /etc/passwd"

say "A forged lineage is refused: somebody changed a few characters of it"
chain=${chain:0:400}AAAA${chain:404} agent orchestrator-v2 "echo deploying"
chain=

say "A real build with make SHELL=whosh: every recipe line is attributed"
cp -R "$here/build-project" project
WHOSH_CONFIG=$dir/client.conf WHOSH_TOKEN_FILE=$work/build-agent.token WHOSH_TASK="nightly build" \
	WHOSH_MODEL=openai/gpt@6 make -C project --no-print-directory SHELL="$build/whosh" -j2
ctl who --agent build-agent

sshd=$(PATH=$PATH:/usr/sbin command -v sshd || :)
if [ -n "$sshd" ] && [ "$(id -u)" = 0 ] && command -v useradd >/dev/null && command -v ssh >/dev/null; then
	say "Through a real sshd: the account's login shell is whosh, its credential is the broker's"
	account=whoshdemo$$
	mkdir -p "$work/home/.ssh" "$work/credentials" "$work/spool" /run/sshd
	useradd -M -d "$work/home" -s "$build/whosh" "$account"
	usermod -p '*' "$account"
	ssh-keygen -q -t ed25519 -N '' -f "$work/host"
	ssh-keygen -q -t ed25519 -N '' -f "$work/client"
	cp "$work/client.pub" "$work/home/.ssh/authorized_keys"
	chown -R "$account" "$work/home"
	install -m 400 "$work/code-review-agent.token" "$work/credentials/$account.json"
	chmod 755 "$dir"
	{
		cat "$dir/client.conf"
		echo "broker_socket = $work/broker.sock"
		echo "credentials = $work/credentials"
		echo "spool = $work/spool"
	} >"$work/whosh.conf"
	"$build/whosh-broker" --config "$work/whosh.conf" 2>"$work/broker.log" &
	pids+=($!)
	await "broker" test -S "$work/broker.sock"
	port=$(($$ % 20000 + 30000))
	cat >"$work/sshd_config" <<-END
		ListenAddress 127.0.0.1:$port
		HostKey $work/host
		PidFile $work/sshd.pid
		AuthorizedKeysFile $work/home/.ssh/authorized_keys
		PasswordAuthentication no
		UsePAM no
		StrictModes no
		SetEnv WHOSH_CONFIG=$work/whosh.conf WHOSH_TASK=review-43 WHOSH_MODEL=anthropic/claude-opus@4.8
	END
	"$sshd" -D -e -f "$work/sshd_config" 2>"$work/sshd.log" &
	pids+=($!)
	client=(ssh -p "$port" -i "$work/client" -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
		-o LogLevel=ERROR -o BatchMode=yes "$account@127.0.0.1")
	await "sshd" bash -c ": </dev/tcp/127.0.0.1/$port"
	for line in "echo hello from the other side of ssh" "sqlite3 $work/app.db 'DROP TABLE sessions'"; do
		show "ssh agent@host \"$line\""
		"${client[@]}" "$line" || echo "(exit status $?)"
	done
else
	say "No sshd here, or not root: the part that goes through a real sshd is left out"
fi

say "A session: one bash that keeps its state, and every line in it is asked about before it runs"
cat >session.txt <<-'END'
	cd src
	files=$(ls)
	echo "in ${PWD##*/} there is $files"
	sqlite3 ../app.db 'DROP TABLE sessions'
	echo "the line before ended with $?"
END
show "[build-agent] whosh -s < session.txt"
cat session.txt
echo
WHOSH_CONFIG=$dir/client.conf WHOSH_TOKEN_FILE=$work/build-agent.token WHOSH_TASK="look around" \
	WHOSH_MODEL=openai/gpt@6 "$build/whosh" -s <session.txt || echo "(exit status $?)"

say "The kill switch: two agents are at work; one of them is killed, the other finishes"
busy() { # NAME: a line that runs until the file `go` is there; its output and exit status go to NAME.out
	{
		agent "$1" "echo $1 at work; until [ -e $work/go ]; do sleep 0.2; done; echo $1 has finished"
	} >"$work/$1.out" 2>&1
}
busy code-review-agent &
killed=$!
busy build-agent &
finishing=$!
for name in code-review-agent build-agent; do await "$name" grep -q 'at work$' "$work/$name.out"; done
show "whoctl kill agent code-review-agent --reason 'it opens a pull request a second'"
ctl kill agent code-review-agent --reason "it opens a pull request a second"
wait "$killed"
touch "$work/go"
wait "$finishing"
cat "$work/code-review-agent.out" "$work/build-agent.out"
agent code-review-agent "echo once more"

say "03:47 — which agent ran it, for whom, on what task?"
show "whoctl who --match 'DROP TABLE'"
ctl who --match 'DROP TABLE'

say "And who authorised the ALTER TABLE?"
show "whoctl show $(ctl who --match 'ALTER TABLE' --agent db-migration-agent --quiet)"
ctl show "$(ctl who --match 'ALTER TABLE' --agent db-migration-agent --quiet)"

say "The post-mortem of that moment: one page that stands alone"
at=$(ctl who --match 'ALTER TABLE' --agent db-migration-agent --json | sed -n 's/.*"ts":"\([^"]*\)".*/\1/p' | head -n 1)
show "whoctl incident --at $at --around 1m --match 'ALTER TABLE'"
ctl incident --at "$at" --around 1m --match 'ALTER TABLE'
show "whoctl incident --at $at --out demo-incident.html"
ctl incident --at "$at" --out "$build/demo-incident.html" --force
echo "$build/demo-incident.html"
