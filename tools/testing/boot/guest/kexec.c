// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec [-p] KERNEL INITRD CMDLINE: load the next kernel, with -p the one for a crash.
 * kexec -e: shut down and start the next kernel.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "iot.h"

int cmd_kexec(int argc, char **argv)
{
	bool crash = argc > 1 && !strcmp(argv[1], "-p");
	int kernel, initrd;

	if (argc == 2 && !strcmp(argv[1], "-e")) {
		reboot(RB_KEXEC);
		die("reboot");
	}
	argv += crash;
	if (argc - crash != 4)
		die("kexec [-p] KERNEL INITRD CMDLINE, kexec -e");
	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	if (kernel < 0 || initrd < 0)
		die("%s or %s", argv[1], argv[2]);
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1, argv[3],
		    crash ? KEXEC_FILE_ON_CRASH : 0))
		die("kexec_file_load");
	return 0;
}
