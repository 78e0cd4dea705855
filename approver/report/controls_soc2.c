/* controls_soc2.c: SOC 2, the criteria that records of commands and identities can speak to.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/controls.h"

static const struct control controls[] = {
    {"CC6.1",
     "Logical access is restricted",
     "Could software agents act on systems only with an identity of their own, and only as far as a rule or "
     "a "
     "person approved?",
     {TOPIC(DECISIONS), TOPIC(AGENTS), TOPIC(REFUSED)},
     {SAMPLE_OF(ANY), SAMPLE_OF(DENIED)},
     ONLY_WHOSH " Whether the policy itself is strict enough is for people to judge."},
    {"CC6.2",
     "Access is granted and removed deliberately",
     "Who let agents and operators in during the period, and who took access away again?",
     {TOPIC(AGENTS), TOPIC(CREDENTIALS), TOPIC(PEOPLE)},
     {SAMPLE_OF(ACCESS), SAMPLE_OF(CREDENTIAL)},
     "Why somebody was given access, and whether it was taken away in time after they left, is not "
     "recorded."},
    {"CC6.3",
     "Least privilege and separation of duties",
     "Were agents held to what their role needs, and was anything let through by the person it was done for?",
     {TOPIC(REVIEWS), TOPIC(PEOPLE), TOPIC(DELEGATIONS)},
     {SAMPLE_OF(REVIEWED), SAMPLE_OF(DENIED)},
     "Which privileges a role should have is not in the log; it shows what was asked for and what was "
     "approved."},
    {"CC7.2",
     "Unusual activity is noticed",
     "What happened that somebody should have looked at: refusals, alerts, kills, commands of unknown end?",
     {TOPIC(REFUSED), TOPIC(KILLS), TOPIC(OUTCOMES), TOPIC(LOG)},
     {SAMPLE_OF(KILL), SAMPLE_OF(UNKNOWN)},
     "Whether anybody read the alerts, and what they did about them outside whosh, is not recorded."},
    {"CC8.1",
     "Changes are authorised",
     "Which changes that agents made were looked at by a person first, by whom, and after how long?",
     {TOPIC(REVIEWS), TOPIC(CHANGES), TOPIC(OUTCOMES)},
     {SAMPLE_OF(REVIEWED), SAMPLE_OF(POLICY)},
     "A line does not say whether it was a change, nor whether the change was tested; link the tickets that "
     "the "
     "tasks name."},
};

STANDARD(standard_soc2, "soc2", "SOC 2 (Trust Services Criteria)", controls);
