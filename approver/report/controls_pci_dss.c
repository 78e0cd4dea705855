/* controls_pci_dss.c: PCI DSS 4.0, the requirements that records of commands and identities can speak to.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/controls.h"

static const struct control controls[] = {
    {"7.2",
     "Access is defined and assigned",
     "Was what agents may do set down in rules, and held to?",
     {TOPIC(DECISIONS), TOPIC(CHANGES), TOPIC(DELEGATIONS)},
     {SAMPLE_OF(DENIED), SAMPLE_OF(POLICY)},
     ONLY_WHOSH},
    {"8.2",
     "Identities and their life",
     "Has each agent an account of its own, and how did accounts come and go?",
     {TOPIC(AGENTS), TOPIC(PEOPLE), TOPIC(REFUSED)},
     {SAMPLE_OF(ACCESS), SAMPLE_OF(SIGN_IN)},
     "Accounts of people on the systems themselves are outside of it."},
    {"8.6",
     "Accounts of applications and systems",
     "How are the secrets of accounts that no person uses interactively kept and changed?",
     {TOPIC(CREDENTIALS), TOPIC(AGENTS)},
     {SAMPLE_OF(CREDENTIAL)},
     "Secrets that programs themselves use (of databases, of clouds) are not known to the log."},
    {"10.2",
     "Audit logs record what matters",
     "Does the log hold who did what, when, where and with which result?",
     {TOPIC(RECORD), TOPIC(OUTCOMES), TOPIC(REFUSED)},
     {SAMPLE_OF(ANY), SAMPLE_OF(DENIED)},
     NOT_INSIDE " Access to cardholder data cannot be told from a line."},
    {"10.3",
     "Audit logs are protected",
     "Can the log have been changed after the fact?",
     {TOPIC(LOG), TOPIC(PEOPLE)},
     {SAMPLE_OF(LOG)},
     "Whether backups exist, and who may read the approver's disk, is not in the log. `whoctl verify` checks "
     "the "
     "log itself."},
    {"10.4",
     "Audit logs are reviewed",
     "What did people look at and decide, and how soon?",
     {TOPIC(REVIEWS), TOPIC(KILLS), TOPIC(REFUSED)},
     {SAMPLE_OF(REVIEWED), SAMPLE_OF(KILL)},
     "A daily look through the log leaves a trace only where it led to a decision or a kill."},
};

STANDARD(standard_pci_dss, "pci-dss", "PCI DSS 4.0", controls);
