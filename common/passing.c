/* passing.c: a descriptor through a unix socket.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/passing.h"
#include <errno.h>
#include <sys/socket.h>

/* One byte of data, since a message of none passes nothing on a stream, and room for one descriptor. */
struct parcel {
	char byte;
	struct iovec data;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message;
};

static void parcel_init(struct parcel *parcel)
{
	*parcel = (struct parcel){.data = {&parcel->byte, 1}};
	parcel->message = (struct msghdr){.msg_iov = &parcel->data,
					  .msg_iovlen = 1,
					  .msg_control = &parcel->control,
					  .msg_controllen = sizeof parcel->control.room};
}

bool fd_pass(int through, int fd)
{
	struct parcel parcel;
	ssize_t sent;
	parcel_init(&parcel);
	struct cmsghdr *passed = CMSG_FIRSTHDR(&parcel.message);
	passed->cmsg_level = SOL_SOCKET;
	passed->cmsg_type = SCM_RIGHTS;
	passed->cmsg_len = CMSG_LEN(sizeof(int));
	*(int *)(void *)CMSG_DATA(passed) = fd;
	do
		sent = sendmsg(through, &parcel.message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == 1;
}

int fd_receive(int through)
{
	struct parcel parcel;
	parcel_init(&parcel);
	ssize_t got = recvmsg(through, &parcel.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		return FD_NEVER;
	if (got != 1)
		return -1;
	const struct cmsghdr *passed = CMSG_FIRSTHDR(&parcel.message);
	if (!passed || passed->cmsg_level != SOL_SOCKET || passed->cmsg_type != SCM_RIGHTS ||
	    passed->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	return *(const int *)(const void *)CMSG_DATA(passed);
}
