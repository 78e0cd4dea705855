"""How today's coding agents wrap a command for their shell.

Each form is a function of the command and of the folder in which the harness keeps its files; it gives the arguments of bash.  They were
taken from what the harnesses' own sources and process lists show.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import base64
import json
import pathlib

COMMANDS = pathlib.Path(__file__).resolve().parents[1] / "clients/harness/commands.txt"

FUNCTIONS = r"""
greeting ()
{
    local name="${1:-nobody}";
    printf 'greeting: %s\n' "$name"
}
__git_ps1 ()
{
    local exit=$?;
    case "$exit" in
        0) printf -- "${1:-(%s)}" main ;;
        *) return $exit ;;
    esac
}
"""


def snapshot():
    """A snapshot of a user's shell, as it is sourced before each command."""
    coded = base64.b64encode(b"coded () \n{ \n    echo \"coded $#\"\n}\n").decode()
    return r"""# Snapshot file
# Unset all aliases to avoid conflicts with functions
unalias -a 2>/dev/null || true
# Functions
eval "$(echo '%s' | base64 -d)" > /dev/null 2>&1
%s
# Shell Options
shopt -u autocd
shopt -u cdable_vars
shopt -s checkwinsize
shopt -s cmdhist
shopt -u dotglob
shopt -s extquote
shopt -s force_fignore
shopt -u nullglob
shopt -s progcomp
set -o braceexpand
set -o hashall
set -o interactive-comments
set -o posix
set +o posix
# Aliases
shopt -s expand_aliases
alias -- l.='ls -d .*'
alias -- ll='ls -A'
alias -- grep='grep --color=auto'
alias -- g=$'git log --format=\'%%h %%s\''
# Check for rg availability
if ! (unalias rg 2>/dev/null; command -v rg) >/dev/null 2>&1; then
  function rg {
    if [[ -n $ZSH_VERSION ]]; then
      ARGV0=rg /opt/agent/bin/agent "$@"
    else
      (exec -a rg /opt/agent/bin/agent "$@")
    fi
  }
fi
export PATH="$PATH:/opt/agent/bin"
""" % (coded, FUNCTIONS)


def commands():
    """[(name, command)] of the corpus."""
    found = []
    for line in COMMANDS.read_text().splitlines(keepends=True):
        if line.startswith("=== "):
            found.append([line[4:].strip(), ""])
        elif found:
            found[-1][1] += line
    return [(name, text[:-1]) for name, text in found]


def quoted(text):
    return "'" + text.replace("'", "'\"'\"'") + "'"


def claude_code(command, top):
    return ["-c", "source %s/snapshot.sh 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && eval %s < /dev/null && "
            "pwd -P >| %s/claude-1a2b-cwd" % (top, quoted(command), top)]


def claude_code_login(command, top):
    return ["-c", "-l", "source %s/snapshot.sh && eval %s \\< /dev/null && pwd -P >| %s/claude-1a2b-cwd" % (top, quoted(command), top)]


def codex(command, top):
    return ["-lc", command]


def codex_snapshot(command, top):
    return ["-c", "__CODEX_SNAPSHOT_OVERRIDE_SET_0=\"${CODEX_THREAD_ID+x}\"\n__CODEX_SNAPSHOT_OVERRIDE_0=\"${CODEX_THREAD_ID-}\"\n\n"
            "if . '%s/snapshot.sh' >/dev/null 2>&1; then :; fi\n\nif [ -n \"${__CODEX_SNAPSHOT_OVERRIDE_SET_0}\" ]; then export "
            "CODEX_THREAD_ID=\"${__CODEX_SNAPSHOT_OVERRIDE_0}\"; else unset CODEX_THREAD_ID; fi\n\nexec 'bash' -c %s" % (top, quoted(command))]


def gemini(command, top):
    return ["-c", "shopt -u promptvars nullglob extglob nocaseglob dotglob; (\n%s\n)\n__code=$?; pgrep -g 0 >%s/shell_pgrep.tmp 2>&1; "
            "exit $__code;" % (command, top)]


def gemini_short(command, top):
    return ["-c", "shopt -u promptvars nullglob extglob nocaseglob dotglob; { %s%s }; __code=$?; pgrep -g 0 >%s/shell_pgrep.tmp 2>&1; "
            "exit $__code;" % (command, "" if command.endswith("&") else ";", top)]


def opencode(command, top):
    return ["-l", "-c", "\n            shopt -s expand_aliases\n            [[ -f ~/.bashrc ]] && source ~/.bashrc >/dev/null 2>&1 || true\n"
            "            eval %s\n          " % json.dumps(command, ensure_ascii=False)]


def rc_and_eval(command, top):
    return ["-c", "source \"%s/bashrc\" 2>/dev/null; shopt -s expand_aliases 2>/dev/null; eval '%s'" % (top, command.replace("'", "'\\''"))]


def cursor(command, top):
    """With the state of the last command on descriptor 3 and a place for the next on 4."""
    return ["-O", "extglob", "-c", "snap=$(command cat <&3) && builtin shopt -s extglob && builtin eval -- \"$snap\" && { builtin set +u "
            "2>/dev/null || true; builtin eval \"${__CURSOR_SANDBOX_ENV_RESTORE:-}\" 2>/dev/null; builtin export PWD=\"$(builtin pwd)\"; "
            "builtin shopt -s expand_aliases 2>/dev/null; builtin eval \"$1\" < /dev/null; }; COMMAND_EXIT_CODE=$?; dump_bash_state >&4; "
            "builtin exit $COMMAND_EXIT_CODE", "--", command]


def plain(command, top):
    return ["-c", command]


CURSOR_STATE = r"""
dump_bash_state () { builtin set +e; builtin printf '%s\n' "$PWD"; builtin declare -f greeting | command base64 -w 0; builtin shopt -p extglob; }
"""
