// SPDX-License-Identifier: GPL-2.0-only
/*
 * The directory iommu/ in debugfs, in which drivers dump their tables.
 */

#define pr_fmt(fmt) "iommu: " fmt

#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/iommu.h>

/* Set once while booting; an ERR_PTR() if debugfs is not to be had. */
struct dentry *iommu_debugfs_dir;
EXPORT_SYMBOL_GPL(iommu_debugfs_dir);

/**
 * iommu_debugfs_setup - make the directory if it is not there
 *
 * The dumps show addresses and table contents to root, which a kernel in
 * production should not: the log says so.
 *
 * Context: may sleep; while booting.
 */
void iommu_debugfs_setup(void)
{
	if (iommu_debugfs_dir)
		return;
	iommu_debugfs_dir = debugfs_create_dir("iommu", NULL);
	pr_warn("debugfs shows the contents of IOMMU tables (CONFIG_IOMMU_DEBUGFS)\n");
	pr_warn("this weakens the security of the system, do not use it in production\n");
}
