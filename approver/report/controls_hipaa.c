/* controls_hipaa.c: HIPAA Security Rule, the safeguards that records of commands and identities can speak to.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/controls.h"

static const struct control controls[] = {
    {"164.308(a)(1)(ii)(D)",
     "Review of system activity",
     "Is there a record of activity to look through, and what of it did people look at?",
     {TOPIC(REVIEWS), TOPIC(KILLS), TOPIC(REFUSED), TOPIC(PEOPLE)},
     {SAMPLE_OF(REVIEWED), SAMPLE_OF(KILL)},
     "That somebody reads the records regularly, and what they concluded, has to be shown in another way."},
    {"164.312(a)(2)(i)",
     "Unique identification",
     "Can each command be traced to one agent and to the person it worked for?",
     {TOPIC(AGENTS), TOPIC(DELEGATIONS)},
     {SAMPLE_OF(ANY)},
     ONLY_WHOSH},
    {"164.312(b)",
     "Audit controls",
     "Is activity on systems recorded, and can the record be examined?",
     {TOPIC(RECORD), TOPIC(LOG), TOPIC(OUTCOMES)},
     {SAMPLE_OF(ANY), SAMPLE_OF(LOG)},
     NOT_INSIDE " Whether a line touched health information cannot be told from it."},
    {"164.312(d)",
     "Authentication",
     "Is whoever asks for a command verified to be who it says it is?",
     {TOPIC(CREDENTIALS), TOPIC(REFUSED), TOPIC(PEOPLE)},
     {SAMPLE_OF(CREDENTIAL), SAMPLE_OF(SIGN_IN)},
     "Authentication of people on other systems is outside of it."},
};

STANDARD(standard_hipaa, "hipaa", "HIPAA Security Rule (45 CFR 164)", controls);
