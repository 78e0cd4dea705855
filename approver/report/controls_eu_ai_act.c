/* controls_eu_ai_act.c: Regulation (EU) 2024/1689, the articles that records of commands and identities can
 * speak to.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/controls.h"

static const struct control controls[] = {
    {"Art. 12",
     "Record-keeping",
     "Are the actions of AI systems recorded by themselves, so that they can be traced over their life?",
     {TOPIC(RECORD), TOPIC(MODELS), TOPIC(LOG)},
     {SAMPLE_OF(ANY)},
     "What went into a model, and what it answered, is not recorded: the commands it led to are. Whether a "
     "system is a high-risk one is not for a log to say."},
    {"Art. 14",
     "Human oversight",
     "Where could people step in, where did they, and could they stop a system?",
     {TOPIC(REVIEWS), TOPIC(KILLS), TOPIC(DELEGATIONS)},
     {SAMPLE_OF(REVIEWED), SAMPLE_OF(KILL)},
     "Whether the people who decided understood what they saw, and had the time to, is not in the log."},
    {"Art. 19",
     "Keeping the logs",
     "Since when are logs kept, and are they whole?",
     {TOPIC(LOG)},
     {SAMPLE_OF(LOG)},
     "How long they must be kept depends on the purpose of the system and on other law."},
    {"Art. 26",
     "Duties of those who use AI systems",
     "Who was responsible for each system's actions, was its use watched, and are its logs kept?",
     {TOPIC(AGENTS), TOPIC(REVIEWS), TOPIC(KILLS), TOPIC(REFUSED)},
     {SAMPLE_OF(REVIEWED), SAMPLE_OF(ANY)},
     "Training of the people who oversee, information of those concerned, and the provider's instructions "
     "for "
     "use are outside of it."},
};

STANDARD(standard_eu_ai_act, "eu-ai-act", "EU AI Act (Regulation (EU) 2024/1689)", controls);
