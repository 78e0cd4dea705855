#!/usr/bin/env bash
# The main job, on real input, in a temporary directory: `make demo` runs it.  Usage: demo.sh BUILD-FOLDER
# Everything it starts is ended, and everything it makes is removed, when it is over.
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
	WHOSH_CONFIG=$dir/client.conf WHOSH_TOKEN_FILE=$work/$name.token WHOSH_MODEL=${model:-anthropic/claude-opus@4.8} \
		WHOSH_TASK="${task:-}" "$build/whosh" -c "$line" || status=$?
	[ "$status" = 0 ] || echo "(exit status $status)"
}

say "An approver with its embedded store, in $dir"
"$build/whoshd" init --dir "$dir" --listen 127.0.0.1:0
cp "$here/policies/demo.json" "$dir/policy.json"
"$build/whoshd" serve --dir "$dir" --listen 127.0.0.1:0 2>"$work/whoshd.log" &
pids+=($!)
await "approver" ctl status

say "Three agents, each with a credential of its own"
for name in code-review-agent db-migration-agent build-agent; do
	ctl agent add "$name" --owner alice
	ctl credential issue "$name" --out "$work/$name.token"
done
cd "$work"
sqlite3 app.db "CREATE TABLE sessions(id, user); INSERT INTO sessions VALUES (1, 'ann'), (2, 'bob');"
mkdir -p src && echo 'int main(void) { return 0; }' >src/main.c

say "Approved by policy: it just runs"
task="review pull request 42" agent code-review-agent "cat src/main.c | wc -l"

say "Asks a person: bob sees who, for whom and why, and approves"
(
	await "pending command" sh -c "'$build/whoctl' --dir '$dir' pending --json | grep -q '\"id\"'"
	ctl pending
	id=$(ctl pending --json | grep -o '"id": *"[^"]*"' | head -n 1 | cut -d '"' -f 4)
	ctl approve "$id"
) &
reviewer=$!
task="ticket 7: tidy up" agent db-migration-agent "sqlite3 app.db 'DELETE FROM sessions WHERE id = 1'"
wait "$reviewer"

say "Denied by rule: it does not run"
task="ticket 8: free some space" agent code-review-agent "sqlite3 app.db 'DROP TABLE sessions'"
show "sqlite3 app.db 'SELECT count(*) FROM sessions'"
sqlite3 app.db 'SELECT count(*) FROM sessions'

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

say "03:47 — which agent ran it, for whom, on what task?"
show "whoctl who --match 'DROP TABLE'"
ctl who --match 'DROP TABLE'
