"""A tmux server of the test's own, without the user's configuration; ended with the test.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import re

from lib.fixture import Failed


class Tmux:
    def __init__(self, t, shell, env, cwd, name="tmux"):
        t.need("tmux")
        self.t, self.cwd, self.socket = t, cwd, t.tmp / (name + ".sock")
        self.env = {**env, "TERM": "xterm-256color"}
        conf = t.tmp / (name + ".conf")
        conf.write_text("set -g default-shell %s\nset -g default-terminal screen\nset -g escape-time 0\nset -g exit-empty off\n"
                        "set -g remain-on-exit on\nset -g status off\nset -g history-limit 5000\n" % shell)
        t.cleanups.append(lambda: self("kill-server", check=False))
        self("-f", conf, "start-server", ";", "new-session", "-d", "-s", "main", "-x", "100", "-y", "30", "sleep 600")

    def __call__(self, *args, check=True):
        r = self.t.run(["tmux", "-u", "-S", self.socket, *args], env=self.env, cwd=self.cwd)
        assert not check or r.code == 0, r
        return r

    def screen(self, target):
        text = self("capture-pane", "-p", "-J", "-S", "-", "-t", target).text
        return re.sub(r"\n+Pane is dead.*", "", text).rstrip("\n")

    def wait_dead(self, target):
        """Until a pane's program is over.  Its status is not asked for: tmux does not always hear of it."""
        self.t.eventually(lambda: self("display-message", "-p", "-t", target, "#{pane_dead}").text == "1\n", "the end of " + target)

    def wait_screen(self, target, text):
        try:
            return self.t.eventually(lambda: text in self.screen(target) and self.screen(target), "%r on the screen" % text)
        except Failed as e:
            raise Failed("%s, which is:\n%s" % (e, self.screen(target)))

    def type(self, target, text):
        """send-keys as agents do it: the text literally, then Enter."""
        self("send-keys", "-t", target, "-l", text)
        self("send-keys", "-t", target, "Enter")

    def wait_prompt(self, target, after=""):
        """Until the last line looks like a prompt and a line that was typed is above it."""
        prompt = re.compile(re.escape(after) + r"\n?(.*\n)*.*[#$>] *$")
        return self.t.eventually(lambda: prompt.search(self.screen(target)), "a prompt after %r" % after)

    def enter(self, target, text):
        """Type a line as a person would: after the prompt, and up to the next one."""
        self.type(target, text)
        self.wait_prompt(target, text + "\n")
