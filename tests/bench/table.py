"""The measurements as a table: what, what it is held against, the ratio, the budget.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, measured, beside="", ratio=None, budget="", within=None):
        self.rows.append({"what": what, "measured": measured, "beside": beside, "ratio": ratio, "budget": budget,
                          "within": within})
        print("  %-46s %-22s %-34s %-7s %-9s %s" % (what, measured, beside, "" if ratio is None else "%.2f" % ratio,
                                                    budget, {True: "ok", False: "OVER", None: ""}[within]), flush=True)

    def at_most(self, what, measured, beside, ratio, budget):
        self.add(what, measured, beside, ratio, "≤ %g" % budget, ratio <= budget)

    def at_least(self, what, measured, beside, ratio, budget):
        self.add(what, measured, beside, ratio, "≥ %g" % budget, ratio >= budget)

    def markdown(self):
        lines = ["| what | measured | beside | ratio | budget |", "|---|---|---|---|---|"]
        for r in self.rows:
            lines.append("| %s | %s | %s | %s | %s |" % (r["what"], r["measured"], r["beside"],
                                                       "" if r["ratio"] is None else "%.2f" % r["ratio"], r["budget"]))
        return "\n".join(lines) + "\n"

    def json(self):
        return json.dumps(self.rows, indent=1, ensure_ascii=False) + "\n"
