// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long invalidations take: the file intel/dmar_perf_latency in debugfs.
 *
 * Writing 1, 2 or 3 to it starts to measure invalidations of IOTLBs, of device
 * TLBs or of interrupt entries from nothing; 0 stops all.  Reading shows what is
 * measured, unit by unit.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include "debugfs.h"
#include "unit.h"

static const char *const kind_names[LATENCY_KINDS] = {
	[LATENCY_IOTLB] = "inv_iotlb",
	[LATENCY_DEV_TLB] = "inv_devtlb",
	[LATENCY_IEC] = "inv_iec",
};

static const char *const column_names[] = {
	"<0.1us", "0.1us-1us", "1us-10us", "10us-100us", "100us-1ms",
	"1ms-10ms", ">=10ms", "min(us)", "max(us)", "average(us)",
};

/* On while a kind is measured; changed under measuring. */
DEFINE_STATIC_KEY_FALSE(dmar_latency_measured);
static DEFINE_MUTEX(measuring);

/* The kinds that are measured, and the figures of every unit. */
static DEFINE_RAW_SPINLOCK(latency_lock);
static unsigned int kinds_measured;

/* The kinds in a batch, one bit each. */
static unsigned int kinds_of(const struct qi_desc *desc, unsigned int count)
{
	unsigned int kinds = 0;

	for (; count; desc++, count--) {
		switch (FIELD_GET(QI_TYPE, desc->qw[0])) {
		case QI_IOTLB:
		case QI_P_IOTLB:
			kinds |= BIT(LATENCY_IOTLB);
			break;
		case QI_DEV_TLB:
		case QI_P_DEV_TLB:
			kinds |= BIT(LATENCY_DEV_TLB);
			break;
		case QI_IEC:
			kinds |= BIT(LATENCY_IEC);
			break;
		}
	}
	return kinds;
}

static unsigned int bucket_of(u64 ns)
{
	unsigned int bucket = 0;
	u64 limit;

	for (limit = 100; ns >= limit && bucket < LATENCY_BUCKETS - 1; limit *= 10)
		bucket++;
	return bucket;
}

static void add(struct latency *l, u64 ns)
{
	l->min = l->count++ ? min(l->min, ns) : ns;
	l->max = max(l->max, ns);
	l->sum += ns;
	l->buckets[bucket_of(ns)]++;
}

/**
 * dmar_latency_add() - a batch of descriptors has been executed
 * @iommu: by which unit
 * @desc: the descriptors
 * @count: how many
 * @ns: how long it took
 *
 * Context: any
 */
void dmar_latency_add(struct intel_iommu *iommu, const struct qi_desc *desc,
		      unsigned int count, u64 ns)
{
	unsigned int kinds = kinds_of(desc, count);
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&latency_lock, flags);
	for (i = 0; i < LATENCY_KINDS; i++)
		if (kinds & kinds_measured & BIT(i))
			add(&iommu->latency[i], ns);
	raw_spin_unlock_irqrestore(&latency_lock, flags);
}

static void forget(enum latency_kind kind)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	for_each_active_iommu(iommu, drhd)
		iommu->latency[kind] = (struct latency) {};
}

/* Measure @kind, from nothing unless it is measured already. */
static void measure(enum latency_kind kind)
{
	guard(mutex)(&measuring);
	scoped_guard(rwsem_read, &dmar_global_lock) {
		guard(raw_spinlock_irqsave)(&latency_lock);
		if (kinds_measured & BIT(kind))
			return;
		forget(kind);
		kinds_measured |= BIT(kind);
	}
	static_branch_enable(&dmar_latency_measured);
}

static void measure_nothing(void)
{
	guard(mutex)(&measuring);
	static_branch_disable(&dmar_latency_measured);
	guard(raw_spinlock_irqsave)(&latency_lock);
	kinds_measured = 0;
}

static void show_kind(struct seq_file *m, const char *name, const struct latency *l)
{
	u64 average = l->count ? div64_u64(l->sum, l->count) : 0;
	int i;

	seq_printf(m, "\n%12s", name);
	for (i = 0; i < LATENCY_BUCKETS; i++)
		seq_printf(m, "%12llu", l->buckets[i]);
	seq_printf(m, "%12llu%12llu%12llu", div_u64(l->min, NSEC_PER_USEC),
		   div_u64(l->max, NSEC_PER_USEC), div_u64(average, NSEC_PER_USEC));
}

static void show_latency(struct seq_file *m, struct intel_iommu *iommu)
{
	struct latency latency[LATENCY_KINDS];
	unsigned int kinds;
	int i;

	scoped_guard(raw_spinlock_irqsave, &latency_lock) {
		kinds = kinds_measured;
		memcpy(latency, iommu->latency, sizeof(latency));
	}
	seq_printf(m, "IOMMU: %s Register Base Address: %llx\n%12s", iommu->name,
		   iommu->reg_phys, "");
	for (i = 0; i < ARRAY_SIZE(column_names); i++)
		seq_printf(m, "%12s", column_names[i]);
	for (i = 0; i < LATENCY_KINDS; i++)
		if (kinds & BIT(i))
			show_kind(m, kind_names[i], &latency[i]);
	seq_putc(m, '\n');
}

static int latency_show(struct seq_file *m, void *unused)
{
	return intel_debugfs_show_units(m, show_latency);
}

static int latency_open(struct inode *inode, struct file *file)
{
	return single_open(file, latency_show, NULL);
}

static ssize_t latency_write(struct file *file, const char __user *text,
			     size_t size, loff_t *pos)
{
	unsigned int what;
	int ret;

	ret = kstrtouint_from_user(text, size, 0, &what);
	if (ret)
		return ret;
	if (what > LATENCY_KINDS)
		return -EINVAL;
	if (what)
		measure(what - 1);
	else
		measure_nothing();
	*pos += size;
	return size;
}

static const struct file_operations latency_fops = {
	.owner = THIS_MODULE,
	.open = latency_open,
	.read = seq_read,
	.write = latency_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * dmar_latency_debugfs_init() - make the file
 * @dir: where
 */
void __init dmar_latency_debugfs_init(struct dentry *dir)
{
	debugfs_create_file("dmar_perf_latency", 0644, dir, NULL, &latency_fops);
}
