"""The log at rest: sealed leaves, and entries that are archived by policy."""
import json
import os
import subprocess

from lib import auditlog
from lib.bare import POLICY, enrol, post


def whoshd(a, *args):
    """Run whoshd while the approver is stopped."""
    return subprocess.run([a.serve[0], *args], capture_output=True, text=True, timeout=60)
