// SPDX-License-Identifier: GPL-2.0-only
/*
 * One remapping unit: its registers, its commands, its life (VT-d 11.4).
 *
 * Laws: gcmd mirrors the persistent bits of the global command register and
 * changes only with it, under register_lock; every command waits for its status
 * with a deadline and says what it waited for; what the capability registers
 * promise is checked once, here.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/static_stub.h>
#include <linux/device.h>
#include <linux/iopoll.h>
#include <linux/ioport.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "table.h"
#include "unit.h"

/* Hardware answers in microseconds; what has not by now never will. */
#define COMMAND_TIMEOUT_US	(10 * USEC_PER_SEC)

/* Bits of GSTS that mirror persistent bits of GCMD. */
#define GCMD_PERSISTENT	(GCMD_TE | GCMD_QIE | GCMD_IRE | GCMD_CFI)

static DEFINE_IDA(unit_ids);

/**
 * iommu_wait_status() - wait until a command is carried out
 * @iommu: the unit, with register_lock held
 * @bit: the bit of the global status register that says so
 * @set: when it is set, or else clear
 *
 * Context: any
 * Return: 0, -ETIMEDOUT
 */
int iommu_wait_status(struct intel_iommu *iommu, u32 bit, bool set)
{
	u32 sts;

	lockdep_assert_held(&iommu->register_lock);
	KUNIT_STATIC_STUB_REDIRECT(iommu_wait_status, iommu, bit, set);

	if (!readl_poll_timeout_atomic(iommu->reg + VTD_GSTS_REG, sts,
				       !(sts & bit) == !set, 1,
				       COMMAND_TIMEOUT_US))
		return 0;

	pr_err("%s: bit %lu of the global status register is not %s in time, status 0x%08x\n",
	       iommu->name, __ffs(bit), set ? "set" : "clear", sts);
	return -ETIMEDOUT;
}

/**
 * iommu_gcmd_set - set a persistent bit of the global command register
 * @iommu: the unit
 * @bit: one of GCMD_TE, GCMD_QIE, GCMD_IRE, GCMD_CFI
 *
 * Context: any; interrupts are off while it waits
 * Return: 0; -ETIMEDOUT, with the bit taken back
 */
int iommu_gcmd_set(struct intel_iommu *iommu, u32 bit)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	iommu->gcmd |= bit;
	writel(iommu->gcmd, iommu->reg + VTD_GCMD_REG);
	ret = iommu_wait_status(iommu, bit, true);
	if (ret)
		iommu->gcmd &= ~bit;
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
	return ret;
}

/**
 * iommu_gcmd_clear - clear a persistent bit of the global command register
 * @iommu: the unit
 * @bit: one of GCMD_TE, GCMD_QIE, GCMD_IRE, GCMD_CFI
 *
 * Context: any; interrupts are off while it waits
 * Return: 0, -ETIMEDOUT
 */
int iommu_gcmd_clear(struct intel_iommu *iommu, u32 bit)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	iommu->gcmd &= ~bit;
	writel(iommu->gcmd, iommu->reg + VTD_GCMD_REG);
	ret = iommu_wait_status(iommu, bit, false);
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
	return ret;
}

/**
 * iommu_gcmd_oneshot - give a command that hardware takes back itself
 * @iommu: the unit
 * @bit: one of GCMD_SRTP, GCMD_SIRTP, GCMD_WBF
 * @set: it is done when the status bit is set, or else clear
 *
 * Context: any; interrupts are off while it waits
 * Return: 0, -ETIMEDOUT
 */
int iommu_gcmd_oneshot(struct intel_iommu *iommu, u32 bit, bool set)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	writel(iommu->gcmd | bit, iommu->reg + VTD_GCMD_REG);
	ret = iommu_wait_status(iommu, bit, set);
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
	return ret;
}

/**
 * iommu_enable_translation - DMA is translated from here on
 * @iommu: the unit, with its root table set
 *
 * Context: any
 * Return: 0, -ETIMEDOUT
 */
int iommu_enable_translation(struct intel_iommu *iommu)
{
	return iommu_gcmd_set(iommu, GCMD_TE);
}

/**
 * iommu_disable_translation - DMA passes untranslated from here on
 * @iommu: the unit
 *
 * Context: any
 * Return: 0, -ETIMEDOUT
 */
int iommu_disable_translation(struct intel_iommu *iommu)
{
	if (intel_quirk_skip_te_disable(iommu))
		return 0;
	return iommu_gcmd_clear(iommu, GCMD_TE);
}

/**
 * iommu_set_root - have hardware use our root table (11.4.5)
 * @iommu: the unit, with @root allocated
 *
 * Caches are flushed, by hardware if it does that with the command (ESRTPS), or
 * else by us.
 *
 * Context: any
 * Return: 0, -ETIMEDOUT, or what iommu_flush_all() returns
 */
int iommu_set_root(struct intel_iommu *iommu)
{
	u64 ttm = sm_supported(iommu) ? TTM_SCALABLE : TTM_LEGACY;
	int ret;

	writeq(virt_to_phys(iommu->root) | FIELD_PREP(RTADDR_TTM, ttm),
	       iommu->reg + VTD_RTADDR_REG);
	ret = iommu_gcmd_oneshot(iommu, GCMD_SRTP, true);
	if (ret || cap_esrtps(iommu->cap))
		return ret;
	return iommu_flush_all(iommu);
}

/**
 * iommu_flush_write_buffer - make our writes to tables visible to hardware (6.8)
 * @iommu: the unit; nothing happens where there is no such buffer
 *
 * Context: any
 */
void iommu_flush_write_buffer(struct intel_iommu *iommu)
{
	if (cap_rwbf(iommu->cap) || intel_quirk_rwbf)
		iommu_gcmd_oneshot(iommu, GCMD_WBF, false);
}

/**
 * iommu_disable_pmr - give up the protected memory regions (11.4.8)
 * @iommu: the unit
 *
 * They keep DMA out of memory before translation is on; with it they only stop
 * DMA that is allowed.
 *
 * Context: any
 * Return: 0, -ETIMEDOUT
 */
int iommu_disable_pmr(struct intel_iommu *iommu)
{
	unsigned long flags;
	u32 pmen;
	int ret;

	if (!cap_plmr(iommu->cap) && !cap_phmr(iommu->cap))
		return 0;

	raw_spin_lock_irqsave(&iommu->register_lock, flags);
	pmen = readl(iommu->reg + VTD_PMEN_REG);
	writel(pmen & ~PMEN_EPM, iommu->reg + VTD_PMEN_REG);
	ret = readl_poll_timeout_atomic(iommu->reg + VTD_PMEN_REG, pmen,
					!(pmen & PMEN_PRS), 1,
					COMMAND_TIMEOUT_US);
	raw_spin_unlock_irqrestore(&iommu->register_lock, flags);
	if (ret)
		pr_err("%s: protected memory regions do not go away, PMEN 0x%08x\n",
		       iommu->name, pmen);
	return ret;
}

/**
 * iommu_unit_levels - the deepest page table that the unit walks
 * @iommu: the unit
 *
 * Where first and second stage are both there, what both can do.
 *
 * Return: 3, 4 or 5; 0 when the unit cannot translate at all
 */
int iommu_unit_levels(const struct intel_iommu *iommu)
{
	u32 first = SAGAW_48 | (cap_fs5lp(iommu->cap) ? SAGAW_57 : 0);
	u32 second = cap_sagaw(iommu->cap) & (SAGAW_39 | SAGAW_48 | SAGAW_57);
	u32 widths = second;

	if (sm_supported(iommu) && ecap_fsts(iommu->ecap))
		widths = ecap_ssts(iommu->ecap) ? first & second : first;
	return widths ? LEVELS_OF_AW(__fls(widths)) : 0;
}

/**
 * iommu_map_registers() - map the registers of a unit
 * @iommu: the unit, with its reg_phys
 * @size: bytes
 *
 * Context: process context, or boot
 * Return: 0; -EBUSY when somebody else has claimed them; -ENOMEM
 */
int iommu_map_registers(struct intel_iommu *iommu, u64 size)
{
	KUNIT_STATIC_STUB_REDIRECT(iommu_map_registers, iommu, size);
	iommu->reg_size = size;
	if (!request_mem_region(iommu->reg_phys, size, iommu->name)) {
		pr_err("%s: registers at 0x%llx are in use by something else\n",
		       iommu->name, iommu->reg_phys);
		return -EBUSY;
	}
	iommu->reg = ioremap(iommu->reg_phys, size);
	if (!iommu->reg) {
		release_mem_region(iommu->reg_phys, size);
		return -ENOMEM;
	}
	return 0;
}

/**
 * iommu_unmap_registers() - the reverse
 * @iommu: the unit
 *
 * Context: process context, or boot
 */
void iommu_unmap_registers(struct intel_iommu *iommu)
{
	KUNIT_STATIC_STUB_REDIRECT(iommu_unmap_registers, iommu);
	iounmap(iommu->reg);
	release_mem_region(iommu->reg_phys, iommu->reg_size);
	iommu->reg = NULL;
}

/* Read the capabilities, and map more where they point beyond what is mapped. */
static int map_unit(struct intel_iommu *iommu, struct dmar_drhd_unit *drhd)
{
	u64 faults_end, iotlb_end, need;
	int ret;

	iommu->reg_phys = drhd->reg_base_addr;
	ret = iommu_map_registers(iommu, drhd->reg_size);
	if (ret)
		return ret;

	iommu->cap = readq(iommu->reg + VTD_CAP_REG);
	iommu->ecap = readq(iommu->reg + VTD_ECAP_REG);
	if (!dmar_caps_answer(iommu->cap, iommu->ecap)) {
		pr_err(FW_BUG "%s: there is no unit at 0x%llx: capabilities read 0x%llx\n",
		       iommu->name, iommu->reg_phys, iommu->cap);
		iommu_unmap_registers(iommu);
		return -ENXIO;
	}

	iotlb_end = ecap_iro(iommu->ecap) + VTD_IOTLB_OFFSET + sizeof(u64);
	faults_end = cap_fro(iommu->cap) + cap_nfr(iommu->cap) * VTD_FRCD_SIZE;
	need = ALIGN(max(iotlb_end, faults_end), VTD_PAGE_SIZE);
	if (need <= iommu->reg_size)
		return 0;
	iommu_unmap_registers(iommu);
	return iommu_map_registers(iommu, need);
}

/* Domain IDs have 16 bits: 7 in CAP.ND is reserved (11.4.2). */
static void check_caps(struct intel_iommu *iommu)
{
	if (cap_nd(iommu->cap) == 7) {
		pr_warn("%s: number of domains is a reserved value, taking 64K\n",
			iommu->name);
		iommu->cap -= 1;
	}
	if (cap_mgaw(iommu->cap) < 39)
		pr_warn("%s: guest addresses of %llu bits are fewer than any page table has\n",
			iommu->name, cap_mgaw(iommu->cap));
}

static void init_unit(struct intel_iommu *iommu, struct dmar_drhd_unit *drhd)
{
	u32 ver = readl(iommu->reg + VTD_VER_REG);

	raw_spin_lock_init(&iommu->register_lock);
	spin_lock_init(&iommu->lock);
	ida_init(&iommu->did_ida);
	xa_init(&iommu->devices);
	iommu_fault_init(iommu);
	iommu->segment = drhd->segment;
	iommu->node = to_dmar_drhd(drhd)->node;
	iommu->drhd = drhd;
	iommu->gcmd = readl(iommu->reg + VTD_GSTS_REG) & GCMD_PERSISTENT;
	if (pasid_supported(iommu))
		iommu->iommu.max_pasids = 2U << ecap_pss(iommu->ecap);

	pr_info("%s: reg_base_addr %llx ver %u:%u cap %llx ecap %llx\n",
		iommu->name, iommu->reg_phys, (u32)FIELD_GET(VER_MAJOR, ver),
		(u32)FIELD_GET(VER_MINOR, ver), iommu->cap, iommu->ecap);
}

/**
 * iommu_unit_alloc - map a unit that firmware named
 * @drhd: takes the unit; ignored is set where it cannot translate DMA
 *
 * Context: process context, or boot
 * Return: 0; -ENOMEM; -ENOSPC beyond DMAR_UNITS_SUPPORTED units; -EBUSY when the
 * registers are claimed by something else; -ENXIO when nothing answers
 */
int iommu_unit_alloc(struct dmar_drhd_unit *drhd)
{
	struct intel_iommu *iommu;
	int ret;

	iommu = kzalloc(sizeof(*iommu), GFP_KERNEL);
	if (!iommu)
		return -ENOMEM;

	ret = ida_alloc_max(&unit_ids, DMAR_UNITS_SUPPORTED - 1, GFP_KERNEL);
	if (ret < 0)
		goto free_unit;
	iommu->seq_id = ret;
	snprintf(iommu->name, sizeof(iommu->name), "dmar%d", iommu->seq_id);

	ret = map_unit(iommu, drhd);
	if (ret)
		goto free_id;

	check_caps(iommu);
	init_unit(iommu, drhd);
	if (!iommu_unit_levels(iommu)) {
		pr_info("%s: supports no address width that we know; not translating DMA\n",
			iommu->name);
		drhd->ignored = 1;
	}
	drhd->iommu = iommu;
	return 0;

free_id:
	ida_free(&unit_ids, iommu->seq_id);
free_unit:
	kfree(iommu);
	return ret;
}

/**
 * iommu_unit_free - unmap a unit
 * @iommu: the unit: not registered, translation off, tables freed
 *
 * Context: process context
 */
void iommu_unit_free(struct intel_iommu *iommu)
{
	iommu->drhd->iommu = NULL;
	iommu_free_irq(iommu);
	iommu_fault_stop(iommu);
	qi_free(iommu);
	iommu_unmap_registers(iommu);
	xa_destroy(&iommu->devices);
	ida_destroy(&iommu->did_ida);
	ida_free(&unit_ids, iommu->seq_id);
	kfree(iommu);
}

/**
 * iommu_add_device - remember which device has a source ID
 * @iommu: the unit
 * @sid: the source ID
 * @dev: the device
 *
 * Context: process context
 * Return: 0; -EBUSY when another device has the source ID; -ENOMEM
 */
int iommu_add_device(struct intel_iommu *iommu, u16 sid, struct device *dev)
{
	return xa_insert(&iommu->devices, sid, dev, GFP_KERNEL);
}

/**
 * iommu_del_device - forget the device of a source ID
 * @iommu: the unit
 * @sid: the source ID
 *
 * When it returns, neither the queue nor the fault log looks at the device.
 *
 * Context: process context
 */
void iommu_del_device(struct intel_iommu *iommu, u16 sid)
{
	if (xa_erase(&iommu->devices, sid))
		synchronize_rcu();
}

static struct intel_iommu *to_unit(struct device *dev)
{
	return container_of(dev_to_iommu_device(dev), struct intel_iommu,
			    iommu);
}

#define UNIT_ATTR(attr, fmt, ...)					\
static ssize_t attr##_show(struct device *dev,				\
			   struct device_attribute *da, char *buf)	\
{									\
	struct intel_iommu *iommu = to_unit(dev);			\
									\
	return sysfs_emit(buf, fmt "\n", __VA_ARGS__);			\
}									\
static DEVICE_ATTR_RO(attr)

UNIT_ATTR(version, "%u:%u",
	  (u32)FIELD_GET(VER_MAJOR, readl(iommu->reg + VTD_VER_REG)),
	  (u32)FIELD_GET(VER_MINOR, readl(iommu->reg + VTD_VER_REG)));
UNIT_ATTR(address, "%llx", iommu->reg_phys);
UNIT_ATTR(cap, "%llx", iommu->cap);
UNIT_ATTR(ecap, "%llx", iommu->ecap);
UNIT_ATTR(domains_supported, "%lu", cap_ndoms(iommu->cap));
/* As 6.12 counts: with 0, and in scalable mode with FLPT_DEFAULT_DID. */
UNIT_ATTR(domains_used, "%u",
	  READ_ONCE(iommu->nr_dids) + 1 + sm_supported(iommu));

static struct attribute *unit_attrs[] = {
	&dev_attr_version.attr, &dev_attr_address.attr,
	&dev_attr_cap.attr, &dev_attr_ecap.attr,
	&dev_attr_domains_supported.attr, &dev_attr_domains_used.attr,
	NULL,
};

static const struct attribute_group unit_group = {
	.name = "intel-iommu",
	.attrs = unit_attrs,
};

static const struct attribute_group *unit_groups[] = { &unit_group, NULL };

/**
 * iommu_unit_register - show a unit in sysfs and to the IOMMU core
 * @iommu: the unit, ready for its devices, which are probed on the way
 *
 * Context: process context, without dmar_global_lock: probing takes it
 * Return: 0, or what sysfs and the core return
 */
int iommu_unit_register(struct intel_iommu *iommu)
{
	int ret;

	ret = iommu_device_sysfs_add(&iommu->iommu, NULL, unit_groups, "%s",
				     iommu->name);
	if (ret)
		return ret;

	ret = iommu_device_register(&iommu->iommu, &intel_iommu_ops, NULL);
	if (ret) {
		iommu_device_sysfs_remove(&iommu->iommu);
		return ret;
	}
	iommu->flags |= UNIT_REGISTERED;
	return 0;
}

/**
 * iommu_unit_unregister - take a unit back from the core and sysfs
 * @iommu: the unit; nothing happens unless it is registered
 *
 * Context: process context, without dmar_global_lock
 */
void iommu_unit_unregister(struct intel_iommu *iommu)
{
	if (!(iommu->flags & UNIT_REGISTERED))
		return;
	iommu->flags &= ~UNIT_REGISTERED;
	iommu_device_unregister(&iommu->iommu);
	iommu_device_sysfs_remove(&iommu->iommu);
}
