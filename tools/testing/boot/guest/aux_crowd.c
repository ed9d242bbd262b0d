// SPDX-License-Identifier: GPL-2.0-only
/*
 * All CPUs map, unmap and attach at once, each an address space of its own, so that
 * invalidations of all of them meet in the unit's queue.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aux.h"
#include "iot.h"

#define HALF	(8 * PAGE)
#define BURST	16	/* unmaps between two looks at what the device reaches */

struct member {
	pthread_t thread;
	unsigned int cpu, rounds;
	int fd;
	uint8_t *mem;		/* 2 * HALF */
	unsigned int unmaps, elsewhere, bad;
};

static void map_and_unmap(struct member *m, unsigned int size)
{
	uint64_t iova = IOVA + 4 * HALF + size * PAGE;

	m->bad += aux_map(m->fd, m->mem, iova, size * PAGE, RW) || aux_unmap(m->fd, iova);
	m->unmaps++;
}

/* What the device has just used must be out of its reach when unmapped. */
static void use_and_unmap(struct member *m, unsigned int seed)
{
	m->bad += aux_map(m->fd, m->mem, IOVA, 2 * HALF, RW) < 0;
	m->bad += !aux_copies(m->fd, m->mem, IOVA, HALF, seed, 0);
	m->bad += aux_unmap(m->fd, IOVA) < 0;
	m->bad += aux_copy(m->fd, IOVA, IOVA, 4, 0) != PASID_DMA_READ_FAULT;
	m->unmaps++;
}

static void *take_part(void *arg)
{
	struct member *m = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(m->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		m->bad++;
	for (unsigned int i = 0; i < m->rounds; i++) {
		for (unsigned int k = 0; k < BURST; k++)
			map_and_unmap(m, 1 + k);
		use_and_unmap(m, i);
		if (i % 8 == m->cpu % 8)
			m->bad += aux_detach(m->fd, -1, PASID_DMA_AUX) || aux_attach(m->fd, -1, PASID_DMA_AUX, 0);
		m->elsewhere += sched_getcpu() != (int)m->cpu;
	}
	return NULL;
}

int aux_crowd(const struct aux *aux, unsigned int rounds)
{
	unsigned int count = sysconf(_SC_NPROCESSORS_ONLN), unmaps = 0, elsewhere = 0, bad = 0;
	struct member *members = calloc(count, sizeof(*members));

	check(count > 2, "there are %u CPUs", count);
	for (unsigned int i = 0; i < count; i++)
		members[i] = (struct member) { .cpu = i, .rounds = rounds, .fd = aux_open(aux), .mem = pages(2 * HALF) };
	for (unsigned int i = 0; i < count; i++)
		if (pthread_create(&members[i].thread, NULL, take_part, &members[i]))
			die("pthread_create");
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(members[i].thread, NULL);
		unmaps += members[i].unmaps;
		elsewhere += members[i].elsewhere;
		bad += members[i].bad;
		close(members[i].fd);
	}
	check(!elsewhere, "each has a thread, with an address space of its own");
	check(!bad, "%u times one unmapped, and the device reached what was mapped and nothing else (%u failures)", unmaps, bad);
	free(members);
	return 0;
}
