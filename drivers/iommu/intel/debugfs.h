/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files behind debugfs call of each other.
 */
#ifndef _INTEL_VTD_DEBUGFS_H
#define _INTEL_VTD_DEBUGFS_H

struct dentry;
struct intel_iommu;
struct seq_file;

int intel_debugfs_show_units(struct seq_file *m,
			     void (*show)(struct seq_file *m,
					  struct intel_iommu *iommu));

void dmar_latency_debugfs_init(struct dentry *dir);

#ifdef CONFIG_IRQ_REMAP
void ir_debugfs_init(struct dentry *dir);
#else
static inline void ir_debugfs_init(struct dentry *dir)
{
}
#endif

#endif /* _INTEL_VTD_DEBUGFS_H */
