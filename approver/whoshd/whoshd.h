/* whoshd.h: the verbs of whoshd, each in files of its own name.
 *
 * A verb is handed what stands after its name and returns the exit status, having said why when it is not 0.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOSHD_WHOSHD_H
#define WHOSH_WHOSHD_WHOSHD_H

int whoshd_init(int argc, char **argv);
int whoshd_serve(int argc, char **argv);
int whoshd_reindex(int argc, char **argv);
int whoshd_retain(int argc, char **argv);

#endif
