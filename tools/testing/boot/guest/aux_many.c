// SPDX-License-Identifier: GPL-2.0-only
/* Thousands of auxiliary domains on one device, and a device that goes away. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "aux.h"
#include "iot.h"

#define HALF	(PAGE / 2)

struct many {
	unsigned int count;
	int *fds;
	uint32_t *pasids;	/* 0: not attached */
	uint8_t *mem;		/* a page for each */
	uint32_t atc;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static bool open_all(struct many *m, const struct aux *aux)
{
	struct rlimit files = { m->count + 64, m->count + 64 };

	if (setrlimit(RLIMIT_NOFILE, &files))
		die("RLIMIT_NOFILE");
	for (unsigned int i = 0; i < m->count; i++) {
		m->fds[i] = aux_try(aux);
		if (m->fds[i] < 0 || aux_map(m->fds[i], m->mem + i * PAGE, IOVA, PAGE, RW))
			return false;
		m->pasids[i] = aux_info(m->fds[i]).pasid;
	}
	return true;
}

static bool distinct(const struct many *m)
{
	uint8_t *seen = calloc(1 << 20, 1);
	bool good = true;

	for (unsigned int i = 0; i < m->count; i++) {
		if (!m->pasids[i])
			continue;
		good &= !seen[m->pasids[i]];
		seen[m->pasids[i]] = 1;
	}
	free(seen);
	return good;
}

static bool reaches(const struct many *m, unsigned int i, uint64_t seed)
{
	return aux_copies(m->fds[i], m->mem + i * PAGE, IOVA, HALF, seed, seed & 1 ? m->atc : 0);
}

/* Attached becomes detached, and the other way round. */
static bool toggle(struct many *m, unsigned int i)
{
	bool good;

	if (m->pasids[i]) {
		good = !aux_detach(m->fds[i], -1, PASID_DMA_AUX) && !aux_info(m->fds[i]).pasid;
		m->pasids[i] = 0;
		return good;
	}
	good = !aux_attach(m->fds[i], -1, PASID_DMA_AUX, 0);
	m->pasids[i] = aux_info(m->fds[i]).pasid;
	return good && m->pasids[i];
}

static unsigned int churn(struct many *m, unsigned int rounds)
{
	unsigned int bad = 0, k;

	srandom(1);
	for (unsigned int i = 0; i < rounds; i++) {
		bad += !toggle(m, random() % m->count);
		k = random() % m->count;
		if (m->pasids[k])
			bad += !reaches(m, k, i);
		else
			bad += aux_copy(m->fds[k], IOVA, IOVA, 4, 0) != -1 || errno != ENOENT;
	}
	return bad;
}

int aux_many(const struct aux *aux, unsigned int count, unsigned int rounds)
{
	struct many m = {
		.count = count,
		.fds = calloc(count, sizeof(int)),
		.pasids = calloc(count, sizeof(uint32_t)),
		.mem = pages(count * PAGE),
	};
	unsigned int bad = 0;
	double start = now();

	if (!check(open_all(&m, aux), "%u aux-domains are attached to one device", count))
		return 0;
	printf("%u opened in %.1f s\n", count, now() - start);
	m.atc = aux_info(m.fds[0]).flags & PASID_DMA_INFO_ATS ? PASID_DMA_RUN_ATC : 0;
	check(distinct(&m), "each has a PASID of its own");
	for (unsigned int i = 0; i < count; i += 37)
		bad += !reaches(&m, i, i);
	check(!bad, "each tried reaches its memory");
	start = now();
	bad = churn(&m, rounds);
	check(!bad, "%u attached and detached in random order: those attached reach their memory (%u did not)", rounds, bad);
	printf("%u in %.1f s\n", rounds, now() - start);
	check(distinct(&m), "no PASID is given twice");
	for (unsigned int i = 0; i < count; i++)
		close(m.fds[i]);
	return 0;
}

/* Has an aux-domain and uses it until the device goes. */
int aux_hold(const struct aux *aux, bool careless)
{
	int fd = aux_open(aux), second = aux_open(aux);
	uint8_t *mem = pages(2 * PAGE);
	unsigned int i = 0;

	if (careless && aux_set(fd, PASID_DMA_SET_CARELESS, 1, 0))
		die("PASID_DMA_SET_CARELESS");
	if (aux_map(fd, mem, IOVA, 2 * PAGE, RW))
		die("PASID_DMA_MAP");
	while (aux_copies(fd, mem, IOVA, PAGE, i, 0)) {
		if (!i++) {
			puts("busy");
			fflush(stdout);
		}
	}
	check(i > 0, "the device copied %u times before it went", i);
	check(aux_copy(fd, IOVA, IOVA, 4, 0) < 0 && errno == ENODEV, "then: ENODEV");
	/* The engine stops first; until the driver detaches its domains, this counts. */
	while (!aux_attach(fd, -1, PASID_DMA_AUX, 0))
		usleep(1000);
	check(errno == ENODEV, "attaching: ENODEV");
	check(!aux_unmap(fd, IOVA), "unmapping works");
	close(fd);
	close(second);
	return 0;
}
