/* export_ocsf_event.c: OCSF for what is not a command: a table of classes, and what each class requires.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_ocsf.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct ocsf_class account = {3001, "Account Change", {3, "Identity & Access Management"}},
			       authentication = {3002, "Authentication", {3, "Identity & Access Management"}},
			       entity = {3004, "Entity Management", {3, "Identity & Access Management"}},
			       lifecycle = {6002, "Application Lifecycle", {6, "Application Activity"}},
			       finding = {2004, "Detection Finding", {2, "Findings"}};

static const struct kind {
	const struct ocsf_class *class;
	struct ocsf_pair activity;
	const char *type, *uid; /* of an entity: what it is, and the member of the body that names it */
} kinds[EVENT_KINDS] = {
    [EVENT_LOG_STARTED] = {&lifecycle, {3, "Start"}, NULL, NULL},
    [EVENT_LOG_STOPPED] = {&lifecycle, {4, "Stop"}, NULL, NULL},
    [EVENT_REVIEW] = {&entity, {3, "Update"}, "command", "command"},
    [EVENT_AGENT_ADDED] = {&account, {1, "Create"}, NULL, "agent"},
    [EVENT_AGENT_DISABLED] = {&account, {5, "Disable"}, NULL, "agent"},
    [EVENT_CREDENTIAL_ISSUED] = {&entity, {1, "Create"}, "credential", "credential"},
    [EVENT_CREDENTIAL_ROTATED] = {&entity, {3, "Update"}, "credential", "credential"},
    [EVENT_CREDENTIAL_REVOKED] = {&entity, {4, "Delete"}, "credential", "credential"},
    [EVENT_POLICY_LOADED] = {&entity, {3, "Update"}, "policy", "policy_s256"},
    [EVENT_OPERATOR_SIGN_IN] = {&authentication, {1, "Logon"}, NULL, "operator"},
    [EVENT_MODEL_CHANGED] = {&entity, {3, "Update"}, "session", "session"},
    [EVENT_OPERATOR_CHANGED] = {&account, {1, "Create"}, NULL, "name"},
    [EVENT_REFUSED] = {&authentication, {1, "Logon"}, NULL, "agent"},
    [EVENT_DELEGATION] = {&entity, {1, "Create"}, "delegation", "jti"},
    [EVENT_DELEGATION_REVOKED] = {&entity, {4, "Delete"}, "delegation", "delegation"},
    [EVENT_KEY_ENROLLED] = {&entity, {1, "Create"}, "key", "key"},
    [EVENT_KEY_REVOKED] = {&entity, {4, "Delete"}, "key", "key"},
    [EVENT_COMMAND_OUTCOME] = {&finding, {1, "Create"}, NULL, NULL}, /* of what was never approved */
    [EVENT_ALERT] = {&finding, {1, "Create"}, NULL, NULL},
    [EVENT_KILL] = {&entity, {1, "Create"}, "kill", "id"},
    [EVENT_UNMASKED] = {&entity, {2, "Read"}, "command", "command"},
    [EVENT_UNKILL] = {&entity, {4, "Delete"}, "kill", "id"},
};
/* What a later whoshd logs and this table does not know yet. */
static const struct kind other = {&entity, {0, "Unknown"}, "event", NULL};

static void put_operator(struct buf *out, const struct export_item *item)
{
	const char *name = export_operator(item);
	if (!name)
		return;
	put_open(out, "actor", '{');
	put_ocsf_user(out, name, NULL, item->kind == EVENT_DELEGATION ? 0 : 1,
		      item->kind == EVENT_DELEGATION ? "Unknown" : "User", NULL);
	put_close(out, '}');
}

static void put_entity(struct buf *out, const struct export_item *item, const struct kind *kind)
{
	const char *uid = kind->uid ? export_body(item, kind->uid) : NULL, *name = export_body(item, "name");
	put_operator(out, item);
	put_open(out, "entity", '{');
	put_text(out, "type", kind->type);
	put_text(out, "uid", uid ? uid : item->subject ? item->subject : export_kind(item));
	put_text(out, "name", name ? name : export_agent(item));
	put_close(out, '}');
	put_text(out, "comment", export_body(item, "reason"));
}

static void put_account(struct buf *out, const struct export_item *item, const struct kind *kind)
{
	const char *name = export_body(item, kind->uid), *role = export_body(item, "role");
	bool person = item->kind == EVENT_OPERATOR_CHANGED;
	bool admin = role && !strcmp(role, "admin");
	if (!name)
		name = item->subject ? item->subject : "unknown";
	put_operator(out, item);
	put_ocsf_user(out, name, name,
		      !person ? 99
		      : admin ? 2
			      : 1,
		      !person ? "AI agent"
		      : admin ? "Admin"
			      : "User",
		      NULL);
}

/* As ip_t; an address that is none is left out. */
static void put_source(struct buf *out, const char *address)
{
	unsigned char bytes[16];
	if (!address || (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1))
		return;
	put_open(out, "src_endpoint", '{');
	put_text(out, "ip", address);
	put_close(out, '}');
}

static void put_authentication(struct buf *out, const struct export_item *item, const struct kind *kind)
{
	const char *name = export_body(item, kind->uid), *credential = export_body(item, "credential");
	bool person = item->kind == EVENT_OPERATOR_SIGN_IN;
	if (!name && !credential)
		name = "unknown";
	put_ocsf_user(out, name, name ? name : credential, person ? 1 : 99, person ? "User" : "AI agent",
		      credential);
	put_source(out, export_body(item, "from"));
	put_open(out, "service", '{');
	put_text(out, "name", "whoshd");
	put_text(out, "uid", item->approver);
	put_close(out, '}');
	put_int(out, "auth_protocol_id", 99);
	put_text(out, "auth_protocol", person ? "Bearer token" : "Ed25519 signature");
	put_bool(out, "is_remote", true);
	put_text(out, "status_detail", export_body(item, "reason"));
}

static void put_lifecycle(struct buf *out, const struct export_item *item)
{
	put_open(out, "app", '{');
	put_text(out, "name", "whoshd");
	put_text(out, "vendor_name", "whosh");
	put_text(out, "version", export_body(item, "version"));
	put_text(out, "uid", item->approver);
	put_close(out, '}');
	put_text(out, "status_detail", export_body(item, "reason"));
}

static void put_finding(struct buf *out, const struct export_item *item)
{
	const char *alert = export_body(item, "alert");
	char uid[160];
	snprintf(uid, sizeof uid, "%s/%" PRId64, item->approver, item->index);
	put_open(out, "finding_info", '{');
	put_text(out, "uid", uid);
	put_text(out, "title", alert ? alert : "outcome of a command that was not approved");
	put_text(out, "desc", export_body(item, "reason"));
	put_int(out, "created_time", item->ms);
	put_close(out, '}');
}

void put_ocsf_event(struct buf *out, const struct export_item *item)
{
	static const struct ocsf_pair success = {1, "Success"}, failure = {2, "Failure"}, new = {1, "New"},
				      removed = {6, "Delete"};
	const struct kind *kind =
	    item->kind < EVENT_KINDS && kinds[item->kind].class ? &kinds[item->kind] : &other;
	const char *change = export_body(item, "change");
	bool gone = item->kind == EVENT_OPERATOR_CHANGED && change && !strcmp(change, "operator_removed");
	put_classification(out, item, kind->class, gone ? &removed : &kind->activity);
	put_pair(out, "status_id", "status",
		 kind->class == &finding ? &new
		 : export_success(item)  ? &success
					 : &failure);
	if (kind->class == &entity)
		put_entity(out, item, kind);
	else if (kind->class == &account)
		put_account(out, item, kind);
	else if (kind->class == &authentication)
		put_authentication(out, item, kind);
	else if (kind->class == &lifecycle)
		put_lifecycle(out, item);
	else
		put_finding(out, item);
	put_open(out, "unmapped", '{');
	put_text(out, "kind", export_kind(item));
	put_text(out, "subject", item->subject);
	put_json(out, "body", item->body);
	put_whosh_marks(out, item);
	put_close(out, '}');
}
