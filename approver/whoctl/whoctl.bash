# bash completion for whoctl: verbs, options, and the IDs that exist.
#
# Verbs and options are asked of whoctl itself (`whoctl help`, `whoctl VERB --help`), so that this file cannot fall behind
# it; agents, credentials, operators and pending commands are asked of the approver, quietly and without waiting long.
#
# Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later

# The lines of whoctl's answer; nothing when it fails.
_whoctl_ask() {
	timeout 3 "$_whoctl_program" "$@" 2>/dev/null </dev/null
}

# The words that may follow "" or the first word of a verb.
_whoctl_verbs() {
	local line
	while IFS= read -r line; do
		[[ $line =~ ^'  '([a-z][a-z-]*)(' '([a-z]+))?' ' ]] || continue
		if [[ -z $1 ]]; then
			echo "${BASH_REMATCH[1]}"
		elif [[ $1 == "${BASH_REMATCH[1]}" ]]; then
			echo "${BASH_REMATCH[3]}"
		fi
	done < <(_whoctl_ask help) | sort -u
}

_whoctl() {
	local cur prev words cword
	if declare -F _init_completion >/dev/null; then
		_init_completion -n =: || return
	else
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	fi
	local _whoctl_program=${words[0]} i verb=() where=() candidates=
	_whoctl_program=${_whoctl_program/#\~/$HOME}

	# What stands before the cursor: the verb's words, and the options that say which approver is meant.
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--dir | --url | --token-file | --ca)
			((i + 1 < cword)) && where+=("${words[i]}" "${words[i + 1]/#\~/$HOME}")
			((i++))
			;;
		--*=* | --json | --tree-only | --force | --quiet | --all | --delegated | --help | --version | -*[qhV]) ;;
		--*) ((i++)) ;;
		*) verb+=("${words[i]}") ;;
		esac
	done

	case $prev in
	--dir | --cwd | --log)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		compopt -o filenames 2>/dev/null
		return
		;;
	--token-file | --ca | --out | --id-token | --id-token-ca | --key | --scope | --vkey | --approver-key | --old | --witness | --proof | --state | --new-key)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
		return
		;;
	--to)
		[[ ${verb[0]} == report ]] && return
		candidates=$(_whoctl_ask "${where[@]}" agent list --quiet)
		;;
	--agent) candidates=$(_whoctl_ask "${where[@]}" agent list --quiet) ;;
	--role) candidates="viewer reviewer admin" ;;
	--verdict) candidates="approved denied pending" ;;
	--mode) candidates="command login ssh script prompt stdin source" ;;
	--expires) candidates="90d 30d 7d 12h 1h 20m" ;;
	--overlap) candidates="1h 0 10m 24h" ;;
	--depth) candidates="0 1 2 3 4 5 6 7" ;;
	--for) candidates="15m 1h 12h 7d" ;;
	--wait) candidates="10s 30s 60s" ;;
	--around) candidates="30m 5m 2h 12h" ;;
	--format)
		candidates="text json html"
		[[ ${verb[0]} == report ]] && candidates+=" csv"
		[[ ${verb[0]} == export ]] && candidates="jsonl ocsf ecs otel csv"
		;;
	--url | --owner | --reason | --match | --human | --model | --session | --task | --host | --user) return ;;
	--at | --env-kept | --since | --until | --limit | --before | --after | --last | --agent-version | --audience | --date | --from | --sample | --seed) return ;;
	*)
		if [[ $cur == -* ]]; then
			candidates=$(_whoctl_ask "${verb[@]:0:2}" --help | grep -o -- '^  \(-[a-zA-Z], \)\{0,1\}--[a-z-]*' |
				grep -o -- '--[a-z-]*')
			candidates+=" --dir --url --token-file --ca --help"
		else
			case "${verb[*]}" in
			"" | agent | credential | operator | policy | delegation | key) candidates=$(_whoctl_verbs "${verb[*]}") ;;
			"agent show" | "agent disable" | "credential issue" | "credential rotate")
				candidates=$(_whoctl_ask "${where[@]}" agent list --quiet)
				;;
			"credential revoke") candidates=$(_whoctl_ask "${where[@]}" credential list --quiet) ;;
			"delegation revoke") candidates=$(_whoctl_ask "${where[@]}" delegation list --quiet) ;;
			"key revoke") candidates=$(_whoctl_ask "${where[@]}" key list --quiet) ;;
			"operator remove") candidates=$(_whoctl_ask "${where[@]}" operator list --quiet) ;;
			kill | unkill)
				candidates="agent credential session human model command"
				[[ ${verb[0]} == unkill ]] && candidates+=" "$(_whoctl_ask "${where[@]}" kills --quiet)
				;;
			"kill agent") candidates=$(_whoctl_ask "${where[@]}" agent list --quiet) ;;
			"kill credential") candidates=$(_whoctl_ask "${where[@]}" credential list --quiet) ;;
			"kill command") candidates=$(_whoctl_ask "${where[@]}" who --quiet --limit 20) ;;
			kills) candidates=$(_whoctl_ask "${where[@]}" kills --all --quiet) ;;
			approve* | deny*) candidates=$(_whoctl_ask "${where[@]}" pending --quiet) ;;
			compare-models) candidates=$(_whoctl_ask "${where[@]}" agent list --quiet) ;;
			report) candidates="soc2 iso27001 hipaa pci-dss nist-800-53 eu-ai-act" ;;
			show | prove) candidates=$(_whoctl_ask "${where[@]}" who --quiet --limit 20) ;;
			"policy check" | "policy explain" | "policy load" | "policy test"* | "policy diff"*)
				mapfile -t COMPREPLY < <(compgen -f -- "$cur")
				compopt -o filenames 2>/dev/null
				return
				;;
			esac
		fi
		;;
	esac
	# Not `compgen -W`, which would expand what the approver sent.
	COMPREPLY=()
	local candidate
	while read -r -d ' ' candidate; do
		[[ -n $candidate && $candidate == "$cur"* ]] && COMPREPLY+=("$candidate")
	done <<<"${candidates//$'\n'/ } "
}
complete -F _whoctl whoctl
