// SPDX-License-Identifier: GPL-2.0-only
/*
 * blk DEVICE BYTES BLOCK DEPTH [SEED]: write a block device and read it back.
 *
 * DEPTH threads share the range, each with one direct-I/O request in flight; the
 * data of a block is a function of SEED and its place.  The buffers start at an odd
 * multiple of 512, so that requests cross pages.  A DEPTH of 0 reads and writes
 * with one thread until the device goes away, for removal with I/O in flight.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iot.h"

#define ODD	512

struct job {
	pthread_t thread;
	int fd;
	size_t block;
	uint64_t first, step, bytes, seed;
	bool write;
	bool good;
};

static void *run(void *arg)
{
	struct job *job = arg;
	uint8_t *buf = (uint8_t *)pages(job->block + PAGE) + ODD;

	job->good = true;
	for (uint64_t at = job->first; job->good && at < job->bytes; at += job->step) {
		ssize_t done;

		if (job->write) {
			fill(buf, job->block, job->seed, at);
			done = pwrite(job->fd, buf, job->block, at);
		} else {
			memset(buf, 0, job->block);
			done = pread(job->fd, buf, job->block, at);
		}
		if (done != (ssize_t)job->block) {
			fprintf(stderr, "%s at %#llx: %s\n", job->write ? "write" : "read",
				(unsigned long long)at, done < 0 ? strerror(errno) : "short");
			job->good = false;
		} else if (!job->write && !filled(buf, job->block, job->seed, at)) {
			fprintf(stderr, "wrong data at %#llx\n", (unsigned long long)at);
			job->good = false;
		}
	}
	return NULL;
}

static bool pass(struct job proto, unsigned int depth)
{
	struct job jobs[64];
	bool good = true;

	if (depth > 64)
		depth = 64;
	for (unsigned int i = 0; i < depth; i++) {
		jobs[i] = proto;
		jobs[i].first = i * proto.block;
		jobs[i].step = depth * proto.block;
		if (pthread_create(&jobs[i].thread, NULL, run, &jobs[i]))
			die("thread");
	}
	for (unsigned int i = 0; i < depth; i++) {
		pthread_join(jobs[i].thread, NULL);
		good &= jobs[i].good;
	}
	return good;
}

/*
 * Goes on until an error, which has to be the device's absence and not wrong data.
 * Says so when it is under way.
 */
static int until_gone(struct job job)
{
	uint8_t *buf = pages(job.block);
	bool busy = false;

	for (uint64_t at = 0;; at = (at + job.block) % job.bytes) {
		fill(buf, job.block, job.seed, at);
		if (pwrite(job.fd, buf, job.block, at) != (ssize_t)job.block ||
		    pread(job.fd, buf, job.block, at) != (ssize_t)job.block)
			return 0;
		if (!filled(buf, job.block, job.seed, at))
			die("wrong data at %#llx", (unsigned long long)at);
		if (!busy)
			dprintf(STDOUT_FILENO, "busy\n");
		busy = true;
	}
}

int cmd_blk(int argc, char **argv)
{
	struct job job = {};
	unsigned int depth;

	if (argc < 5)
		die("blk DEVICE BYTES BLOCK DEPTH [SEED]");
	job.fd = open(argv[1], O_RDWR | O_DIRECT | O_SYNC);
	if (job.fd < 0)
		die("%s", argv[1]);
	job.bytes = strtoull(argv[2], NULL, 0);
	job.block = strtoull(argv[3], NULL, 0);
	job.seed = argc > 5 ? strtoull(argv[5], NULL, 0) : 1;
	depth = strtoul(argv[4], NULL, 0);
	if (!depth)
		return until_gone(job);
	job.write = true;
	if (!pass(job, depth))
		return 1;
	job.write = false;
	return !pass(job, depth);
}
