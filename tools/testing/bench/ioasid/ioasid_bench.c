// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the PASID allocator costs, beside the bitmap allocator (ida) that the base
 * kernel takes PASIDs from.
 *
 * Meant for QEMU with -icount shift=0, where a tick of the time stamp counter is
 * one instruction.  Each figure is the least of several rounds, since a timer
 * interrupt can fall into any one of them.
 */
#define pr_fmt(fmt) "ioasid_bench: " fmt

#include <linux/delay.h>
#include <linux/idr.h>
#include <linux/ioasid.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#define OPS		256
#define ROUNDS		16
#define LAST		0xfffff

static DEFINE_IDA(ida);
static u32 *ids;		/* the population */
static ioasid_t extra[OPS];	/* what is measured on top of it */

/**
 * struct costs - instructions per operation
 * @alloc: allocate
 * @free: free, for the caller
 * @reclaim: the rest, in the work item, per id of a batch of OPS
 * @find: look up
 * @get_put: take and drop a reference
 */
struct costs {
	u64 alloc, free, reclaim, find, get_put;
};

static void least(u64 *value, cycles_t start)
{
	cycles_t now = get_cycles();

	*value = min(*value, div_u64(now - start, OPS));
}

/* The task that reclaims: whoever runs the drainers. */
static struct task_struct *worker;

static int bench_drain(struct ioasid_drainer *drainer, ioasid_t id)
{
	worker = current;
	return 0;
}

static struct ioasid_drainer drainer = { .drain = bench_drain };

/* Let the work item run and go back to sleep, so that its time is accounted. */
static void bench_settle(void)
{
	ioasid_flush();
	schedule_timeout_uninterruptible(2);
}

static int bench_find_worker(void)
{
	int ret = ioasid_register_drainer(&drainer);

	if (ret)
		return ret;
	ioasid_free(NULL, ioasid_alloc(NULL, 1, LAST, NULL));
	bench_settle();
	ioasid_unregister_drainer(&drainer);
	return 0;
}

static void bench_round_ida(struct costs *c)
{
	cycles_t t;
	int i;

	t = get_cycles();
	for (i = 0; i < OPS; i++)
		extra[i] = ida_alloc_range(&ida, 1, LAST, GFP_KERNEL);
	least(&c->alloc, t);
	t = get_cycles();
	for (i = 0; i < OPS; i++)
		ida_free(&ida, extra[i]);
	least(&c->free, t);
}

static void bench_lookups(struct costs *c, unsigned int population)
{
	unsigned long sum = 0;
	cycles_t t;
	int i;

	t = get_cycles();
	rcu_read_lock();
	for (i = 0; i < OPS; i++)
		sum += (unsigned long)ioasid_find(NULL, extra[i], NULL);
	rcu_read_unlock();
	least(&c->find, t);
	t = get_cycles();
	for (i = 0; i < OPS; i++) {
		ioasid_get(NULL, extra[i]);
		ioasid_put(NULL, extra[i]);
	}
	least(&c->get_put, t);
	WARN_ON(sum != OPS * (unsigned long)&ida);
}

static void bench_round(struct costs *c, unsigned int population)
{
	u64 before, ran;
	cycles_t t;
	int i;

	t = get_cycles();
	for (i = 0; i < OPS; i++)
		extra[i] = ioasid_alloc(NULL, 1, LAST, &ida);
	least(&c->alloc, t);
	bench_lookups(c, population);

	before = worker->se.sum_exec_runtime;
	t = get_cycles();
	for (i = 0; i < OPS; i++)
		ioasid_free(NULL, extra[i]);
	least(&c->free, t);
	bench_settle();
	ran = worker->se.sum_exec_runtime - before;
	/* Another task can have done it. */
	if (ran)
		c->reclaim = min(c->reclaim, div_u64(ran, OPS));
}

/* What objects take: neither allocator has anything but those. */
static unsigned long bytes_now(void)
{
	/* Long enough for the counters of the CPUs to be gathered. */
	msleep(3000);
	return (global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)) *
	       PAGE_SIZE;
}

static void grow(unsigned int from, unsigned int to, bool old)
{
	unsigned int i;

	for (i = from; i < to; i++) {
		ids[i] = old ? ida_alloc_range(&ida, 1, LAST, GFP_KERNEL) :
			       ioasid_alloc(NULL, 1, LAST, &ida);
		cond_resched();
	}
}

static void shrink(unsigned int nr, bool old)
{
	while (nr--) {
		if (old)
			ida_free(&ida, ids[nr]);
		else
			ioasid_free(NULL, ids[nr]);
		cond_resched();
	}
	ioasid_flush();
}

static void bench(unsigned int population, bool old)
{
	unsigned long before = bytes_now(), bytes;
	struct costs c;
	int i;

	memset(&c, 0xff, sizeof(c));
	grow(0, population, old);
	bytes = bytes_now() - before;
	for (i = 0; i < ROUNDS; i++) {
		if (old)
			bench_round_ida(&c);
		else
			bench_round(&c, population);
	}
	shrink(population, old);
	if (old)
		pr_info("ida     %8u ids: alloc %4llu free %4llu; %lu bytes\n",
			population, c.alloc, c.free, bytes);
	else
		pr_info("ioasid  %8u ids: alloc %4llu free %4llu reclaim %4llu find %3llu get+put %4llu; %lu bytes\n",
			population, c.alloc, c.free, c.reclaim, c.find, c.get_put,
			bytes);
}

static int __init ioasid_bench_init(void)
{
	static const unsigned int populations[] = { 1, 1000, 1000000 };
	int i, ret;

	ids = vmalloc_array(1000000, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	ret = bench_find_worker();
	if (ret || !worker)
		goto out;
	for (i = 0; i < ARRAY_SIZE(populations); i++) {
		bench(populations[i], true);
		bench(populations[i], false);
	}
out:
	vfree(ids);
	return ret;
}

static void __exit ioasid_bench_exit(void)
{
}

module_init(ioasid_bench_init);
module_exit(ioasid_bench_exit);
MODULE_DESCRIPTION("Instructions per operation of the PASID allocator");
MODULE_LICENSE("GPL");
