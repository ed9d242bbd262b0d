// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only process of the benchmark's machine: loads the module, which prints the
 * figures, and ends the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/bench.ko", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		printf("ioasid_bench: not loaded: %s\n", strerror(errno));
	fflush(stdout);
	reboot(RB_AUTOBOOT);
	return 1;
}
