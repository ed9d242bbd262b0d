// SPDX-License-Identifier: GPL-2.0-only
/*
 * aux TEST DEVICE BDF [...]: address spaces with PASIDs on a pasid-dma device.
 *
 * What processes reach through the device, what they do not, and for how long.
 * The other tests are in aux_errors.c, aux_many.c and aux_crowd.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aux.h"
#include "iot.h"

#define HALF	(8 * PAGE)

/* What one of two processes has */
struct side {
	int fd, to, from;	/* pipes to and from the other process */
	uint8_t *mem;
	uint64_t own, other;	/* iova of its memory, and of the other's */
	uint32_t pasid;
	unsigned int seed;
};

static void step(struct side *s)
{
	char c = 0;

	if (write(s->to, &c, 1) != 1 || read(s->from, &c, 1) != 1)
		die("the other process is gone");
}

/* Both have the same IOVA for different memory, and one each of their own. */
static void use_own(struct side *s)
{
	check(s->pasid > 0, "process %u: PASID %#x on the device", s->seed, s->pasid);
	check(!aux_map(s->fd, s->mem, IOVA, 2 * HALF, RW), "process %u: maps 64 KiB at %#llx", s->seed, IOVA);
	check(!aux_map(s->fd, s->mem, s->own, 2 * HALF, RW), "process %u: and at %#llx", s->seed,
	      (unsigned long long)s->own);
	step(s);
	for (unsigned int i = 0; i < 8; i++) {
		if (!aux_copies(s->fd, s->mem, i & 1 ? s->own : IOVA, HALF, s->seed + 2 * i, 0)) {
			check(false, "process %u: copy %u by the device", s->seed, i);
			return;
		}
	}
	check(true, "process %u: the device reads and writes its memory while the other's is copied", s->seed);
}

static void try_other(struct side *s, const struct aux *aux)
{
	fill(s->mem, 2 * HALF, 77 + s->seed, 0);
	step(s);
	check(aux_copy(s->fd, s->other, IOVA, PAGE, 0) == PASID_DMA_READ_FAULT,
	      "process %u: reading the other's address faults", s->seed);
	check(aux_copy(s->fd, IOVA, s->other, PAGE, 0) == PASID_DMA_WRITE_FAULT,
	      "process %u: writing it faults", s->seed);
	step(s);
	check(filled(s->mem, 2 * HALF, 77 + s->seed, 0), "process %u: its memory is as it was", s->seed);
	step(s);
	if (s->seed == 1)
		check(aux_logged(aux, s->fd, s->pasid, s->other, AUX_WRITE),
		      "the fault is reported with device, PASID, address and access");
}

static void one_side(struct side *s, const struct aux *aux)
{
	s->fd = aux_open(aux);
	s->mem = pages(2 * HALF);
	s->pasid = aux_info(s->fd).pasid;
	s->own = IOVA + (uint64_t)s->seed * 0x40000000;
	s->other = IOVA + (uint64_t)(3 - s->seed) * 0x40000000;
	use_own(s);
	step(s);
	try_other(s, aux);
	step(s);
	close(s->fd);
}

/* Requests without PASID go on all the while, through the DMA API. */
static void bounce_until(int stop, const struct aux *aux)
{
	static uint8_t src[0x4000], dst[sizeof(src)];
	int fd = aux_open(aux);
	unsigned int i = 0;
	char c;

	do {
		fill(src, sizeof(src), ++i, 0);
		if (aux_bounce(fd, src, dst, sizeof(src), 0) || !filled(dst, sizeof(dst), i, 0)) {
			check(false, "copy %u without PASID, through the DMA API", i);
			return;
		}
	} while (read(stop, &c, 1) < 0 && errno == EAGAIN);
	check(i > 1, "meanwhile the device copied %u times 16 KiB without PASID, through the DMA API", i);
}

static pid_t start_bouncing(const struct aux *aux, int *stop)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_NONBLOCK))
		die("pipe");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(fds[1]);
		bounce_until(fds[0], aux);
		fflush(stdout);
		_exit(0);
	}
	close(fds[0]);
	*stop = fds[1];
	return pid;
}

int aux_two(const struct aux *aux)
{
	struct side first = { .seed = 1 }, second = { .seed = 2 };
	int there[2], back[2], stop;
	pid_t other, bouncer = start_bouncing(aux, &stop);

	if (pipe(there) || pipe(back))
		die("pipe");
	fflush(stdout);
	other = fork();
	if (!other) {
		close(stop);
		second.to = back[1];
		second.from = there[0];
		one_side(&second, aux);
		fflush(stdout);
		_exit(0);
	}
	first.to = there[1];
	first.from = back[0];
	one_side(&first, aux);
	waitpid(other, NULL, 0);
	close(stop);
	waitpid(bouncer, NULL, 0);
	return 0;
}

/* The same with and without the device's translation cache */
static void unmap_once(int fd, uint8_t *mem, uint32_t flags, int error)
{
	const char *how = flags & PASID_DMA_RUN_ATC ? "with translations cached by the device" : "without a cache";

	check(!aux_map(fd, mem, IOVA, 2 * HALF, RW), "memory is mapped");
	check(aux_copies(fd, mem, IOVA, HALF, 5, flags), "the device copies it, %s", how);
	check(!aux_unmap(fd, IOVA), "it is unmapped");
	fill(mem, 2 * HALF, 6, 0);
	check(aux_copy(fd, IOVA, IOVA + HALF, HALF, flags) == error, "then reading faults at once, %s", how);
	for (size_t i = 0; i < 2 * HALF; i += PAGE) {
		struct pasid_dma_run run = { .op = PASID_DMA_OP_FILL, .flags = flags, .dst = IOVA + i, .len = 4 };

		if (aux_run(fd, &run) == PASID_DMA_OK) {
			check(false, "page %zu can still be written", i / PAGE);
			return;
		}
	}
	check(filled(mem, 2 * HALF, 6, 0), "and so does writing every page; memory is as it was");
}

/* A device that ignores invalidations is found out: the tests above can fail. */
static void unmap_deaf(int fd, uint8_t *mem)
{
	check(!aux_map(fd, mem, IOVA, PAGE, RW) && !aux_set(fd, PASID_DMA_SET_DEAF, 1, 0),
	      "the device is told to ignore invalidations");
	fill(mem, PAGE, 7, 0);
	aux_copy(fd, IOVA, IOVA, 8, PASID_DMA_RUN_ATC);
	check(!aux_unmap(fd, IOVA) && aux_copy(fd, IOVA, IOVA, 8, PASID_DMA_RUN_ATC) == PASID_DMA_OK,
	      "then it reaches memory that is unmapped, which shows that the cache is real");
	check(!aux_set(fd, PASID_DMA_SET_DEAF, 0, 0), "it obeys again");
	aux_run(fd, &(struct pasid_dma_run) { .op = PASID_DMA_OP_FLUSH });
}

int aux_unmapped(const struct aux *aux)
{
	int fd = aux_open(aux);
	uint8_t *mem = pages(2 * HALF);
	bool ats = aux_info(fd).flags & PASID_DMA_INFO_ATS;

	for (unsigned int i = 0; i < 2; i++)
		unmap_once(fd, mem, 0, PASID_DMA_READ_FAULT);
	for (unsigned int i = 0; ats && i < 2; i++)
		unmap_once(fd, mem, PASID_DMA_RUN_ATC, PASID_DMA_NO_TRANSLATION);
	if (ats)
		unmap_deaf(fd, mem);
	close(fd);
	return 0;
}

int aux_detached(const struct aux *aux)
{
	int fd = aux_open(aux);
	uint8_t *mem = pages(2 * HALF);
	struct pasid_dma_info info = aux_info(fd);
	uint32_t atc = info.flags & PASID_DMA_INFO_ATS ? PASID_DMA_RUN_ATC : 0;

	check(!aux_map(fd, mem, IOVA, 2 * HALF, RW), "memory is mapped");
	check(aux_copies(fd, mem, IOVA, HALF, 1, 0) && aux_copies(fd, mem, IOVA, HALF, 2, atc), "the device copies it");
	check(!aux_attach(fd, -1, PASID_DMA_AUX, 0), "a second attach of the same domain counts");
	check(!aux_detach(fd, -1, PASID_DMA_AUX), "one detach");
	check(aux_info(fd).pasid == info.pasid && aux_copies(fd, mem, IOVA, HALF, 3, atc),
	      "leaves it attached, with PASID %u", info.pasid);

	check(!aux_detach(fd, -1, PASID_DMA_AUX), "the last detach");
	fill(mem, 2 * HALF, 4, 0);
	check(aux_foreign(fd, info.pasid, IOVA, IOVA + HALF, PAGE, 0) == PASID_DMA_READ_FAULT,
	      "then DMA with PASID %u faults", info.pasid);
	if (atc)
		check(aux_foreign(fd, info.pasid, IOVA, IOVA + HALF, PAGE, atc) == PASID_DMA_NO_TRANSLATION,
		      "also through the device's cache");
	check(filled(mem, 2 * HALF, 4, 0), "memory is as it was");
	check(aux_logged(aux, fd, info.pasid, IOVA, AUX_DETACHED), "the fault is reported with the PASID");
	check(aux_copy(fd, IOVA, IOVA + HALF, PAGE, 0) < 0 && errno == ENOENT, "the file has no PASID: ENOENT");

	check(!aux_attach(fd, -1, PASID_DMA_AUX, 0) && aux_copies(fd, mem, IOVA, HALF, 5, atc),
	      "attached again it is reached again");
	close(fd);
	return 0;
}

int aux_reused(const struct aux *aux)
{
	int old = aux_open(aux), new;
	uint8_t *first = pages(2 * HALF), *second = pages(2 * HALF);
	uint32_t atc = aux_info(old).flags & PASID_DMA_INFO_ATS ? PASID_DMA_RUN_ATC : 0;
	uint32_t pasid = aux_info(old).pasid;
	bool same = true, apart = true;

	close(old);
	new = aux_open(aux);
	aux_detach(new, -1, PASID_DMA_AUX);
	check(!aux_set(new, PASID_DMA_SET_RANGE, pasid, pasid), "the device may use PASID %u alone", pasid);
	close(new);
	for (unsigned int i = 0; i < 20; i++) {
		old = aux_open(aux);
		same &= aux_info(old).pasid == pasid;
		aux_map(old, first, IOVA, 2 * HALF, RW);
		aux_copies(old, first, IOVA, HALF, i, i & 1 ? atc : 0);
		fill(first, 2 * HALF, i, 0);
		if (i & 2)
			aux_detach(old, -1, PASID_DMA_AUX);
		else
			close(old);
		new = aux_open(aux);
		same &= aux_info(new).pasid == pasid;
		aux_map(new, second, IOVA + HALF, HALF, RW);
		fill(second, HALF, i + 100, 0);
		apart &= aux_copy(new, IOVA + HALF, IOVA, HALF, i & 1 ? atc : 0) > 0;
		apart &= aux_copy(new, IOVA, IOVA + HALF, HALF, i & 1 ? atc : 0) > 0;
		apart &= filled(first, 2 * HALF, i, 0) && filled(second, HALF, i + 100, 0);
		close(new);
		if (i & 2)
			close(old);
	}
	check(same, "20 times another domain gets the same PASID");
	check(apart, "and never reaches the old domain's memory");
	new = aux_open(aux);
	aux_detach(new, -1, PASID_DMA_AUX);
	check(!aux_set(new, PASID_DMA_SET_RANGE, 1, 0xfffff), "the device may use all PASIDs");
	close(new);
	return 0;
}

int aux_permissions(const struct aux *aux, bool noexec)
{
	int fd = aux_open(aux);
	uint8_t *mem = pages(4 * PAGE);
	const uint64_t ro = IOVA, rw = IOVA + PAGE, nx = IOVA + 2 * PAGE;

	check(!aux_map(fd, mem, ro, PAGE, PASID_DMA_MAP_READ), "a page is mapped for reading");
	check(!aux_map(fd, mem + PAGE, rw, PAGE, RW), "another for both");
	fill(mem, 2 * PAGE, 1, 0);
	check(aux_copy(fd, rw, ro, PAGE, 0) == PASID_DMA_WRITE_FAULT, "writing the first faults");
	check(filled(mem, 2 * PAGE, 1, 0), "and changes nothing");
	check(aux_copy(fd, ro, rw, PAGE, 0) == PASID_DMA_OK && !memcmp(mem, mem + PAGE, PAGE), "reading it works");
	check(aux_copy(fd, rw, ro, PAGE, 0) == PASID_DMA_WRITE_FAULT, "writing faults after that, too");
	if (noexec) {
		check(!aux_map(fd, mem + 2 * PAGE, nx, PAGE, RW | PASID_DMA_MAP_NOEXEC), "a third without execution");
		check(aux_copy(fd, rw, rw, 8, PASID_DMA_RUN_EXEC) == PASID_DMA_OK, "instructions are fetched from the second");
		check(aux_copy(fd, nx, rw, 8, PASID_DMA_RUN_EXEC) == PASID_DMA_READ_FAULT, "not from the third");
		check(aux_copy(fd, nx, rw, 8, 0) == PASID_DMA_OK, "which can be read");
	}
	close(fd);
	return 0;
}

/* One domain: aux-domain of one device, primary of another. */
int aux_primary(const struct aux *aux, const struct aux *other)
{
	const uint32_t poll = PASID_DMA_RUN_POLL;
	int a = aux_open(aux), b = aux_open(other);
	uint8_t *mem = pages(2 * HALF);
	const uint64_t ring = IOVA - PAGE;

	check(!aux_map(a, mem, IOVA, 2 * HALF, RW), "memory is mapped in a domain, aux on %s", aux->bdf);
	check(aux_attach(a, b, PASID_DMA_PRIMARY, ring) < 0 && errno == EBUSY,
	      "it cannot be primary on %s, which has an aux-domain: EBUSY", other->bdf);
	check(!aux_detach(b, -1, PASID_DMA_AUX), "the aux-domain goes");
	check(!aux_attach(a, b, PASID_DMA_PRIMARY, ring), "now it is primary there");
	check(aux_unmap(a, ring) < 0 && errno == EPERM, "the ring of its driver cannot be unmapped: EPERM");
	check(aux_copies(a, mem, IOVA, HALF, 1, 0), "%s copies with PASID %u", aux->bdf, aux_info(a).pasid);
	fill(mem, HALF, 2, 0);
	check(aux_foreign(b, 0, IOVA, IOVA + HALF, HALF, poll) == PASID_DMA_OK && filled(mem + HALF, HALF, 2, 0),
	      "%s copies the same memory without PASID", other->bdf);
	check(aux_bounce(b, mem, mem + HALF, PAGE, 0) < 0 && errno == EBUSY, "its DMA API is out of use: EBUSY");
	check(!aux_unmap(a, IOVA), "the memory is unmapped");
	check(aux_copy(a, IOVA, IOVA + HALF, 4, 0) == PASID_DMA_READ_FAULT, "%s faults", aux->bdf);
	check(aux_foreign(b, 0, IOVA, IOVA + HALF, 4, poll) == PASID_DMA_READ_FAULT, "%s faults", other->bdf);
	check(!aux_detach(a, b, PASID_DMA_PRIMARY), "primary no more");
	fill(mem, HALF, 3, 0);
	check(!aux_bounce(b, mem, mem + HALF, HALF, 0) && filled(mem + HALF, HALF, 3, 0), "%s is back on the DMA API", other->bdf);
	close(a);
	close(b);
	return 0;
}

/* The faults of a domain with a handler go to it, and not to the log. */
int aux_handled(const struct aux *aux)
{
	int fd = aux_open(aux);
	uint8_t *mem = pages(2 * PAGE);
	struct pasid_dma_info info;

	check(aux_set(fd, PASID_DMA_SET_HANDLER, 1, 0) < 0 && errno == EBUSY, "no handler while it is attached: EBUSY");
	aux_detach(fd, -1, PASID_DMA_AUX);
	check(!aux_set(fd, PASID_DMA_SET_HANDLER, 1, 0) && !aux_attach(fd, -1, PASID_DMA_AUX, 0), "a domain with a fault handler");
	aux_map(fd, mem, IOVA, PAGE, RW);
	check(aux_copy(fd, IOVA, IOVA + 3 * PAGE, 4, 0) == PASID_DMA_WRITE_FAULT, "a write beside its memory faults");
	for (unsigned int i = 0; i < 100 && !aux_info(fd).faults; i++)
		usleep(20000);
	info = aux_info(fd);
	check(info.faults && info.fault_addr == IOVA + 3 * PAGE, "the handler has been told the address %#llx",
	      (unsigned long long)info.fault_addr);
	close(fd);
	return 0;
}

/* Requests without PASID through the DMA API, whose addresses come back again and again */
int aux_dma(const struct aux *aux)
{
	static uint8_t src[PASID_DMA_BOUNCE_MAX], dst[sizeof(src)];
	int fd = open(aux->path, O_RDONLY);
	uint32_t atc;
	unsigned int bad = 0, i;

	if (fd < 0)
		die("%s", aux->path);
	atc = aux_info(fd).flags & PASID_DMA_INFO_ATS ? PASID_DMA_RUN_ATC : 0;
	check(!aux_info(fd).pasid, "the file has no PASID");
	for (i = 0; i < 200; i++) {
		uint32_t len = 0x1000 + i % 16 * 0xc00;

		fill(src, len, i, 0);
		memset(dst, 0, len);
		bad += aux_bounce(fd, src, dst, len, atc) || !filled(dst, len, i, 0);
	}
	check(!bad, "%u copies through the DMA API%s", i, atc ? ", with translations cached by the device" : "");
	close(fd);
	return 0;
}

static int only_try(const struct aux *aux)
{
	bool opened = aux_try(aux) >= 0;

	puts(opened ? "opened" : strerrorname_np(errno));
	return !opened;
}

static int attach_and_wait(const struct aux *aux)
{
	aux_open(aux);
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}

int cmd_aux(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct aux *aux);
	} tests[] = {
		{ "two", aux_two }, { "unmap", aux_unmapped }, { "detach", aux_detached },
		{ "reuse", aux_reused }, { "errors", aux_errors }, { "owner", aux_owner },
		{ "handler", aux_handled }, { "dma", aux_dma }, { "fail", aux_fail },
		{ "none", aux_none }, { "try", only_try }, { "wait", attach_and_wait },
		{ "silent", aux_silent },
	};
	struct aux aux, other;

	if (argc < 4)
		die("aux TEST DEVICE BDF [...]");
	aux = (struct aux) { argv[2], argv[3] };
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		if (!strcmp(argv[1], tests[i].name))
			return tests[i].run(&aux);
	if (!strcmp(argv[1], "permissions") || !strcmp(argv[1], "noexec"))
		return aux_permissions(&aux, argv[1][0] == 'n');
	if (!strcmp(argv[1], "hold") || !strcmp(argv[1], "careless"))
		return aux_hold(&aux, argv[1][0] == 'c');
	if (argc > 4 && !strcmp(argv[1], "crowd"))
		return aux_crowd(&aux, atoi(argv[4]));
	if (argc < 6)
		die("aux primary|narrow|many DEVICE BDF ...");
	if (!strcmp(argv[1], "many"))
		return aux_many(&aux, atoi(argv[4]), atoi(argv[5]));
	other = (struct aux) { argv[4], argv[5] };
	if (!strcmp(argv[1], "primary"))
		return aux_primary(&aux, &other);
	if (!strcmp(argv[1], "narrow"))
		return aux_narrow(&aux, &other);
	die("no such test");
}
