// SPDX-License-Identifier: GPL-2.0-only
/*
 * Units that come and go, with a model in place of firmware and registers.
 *
 * The model's registers are memory; it carries out commands when the driver
 * starts to wait for them.  After every failure nothing is left of the units.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/acpi.h>
#include <linux/slab.h>

#include "../core/mock_alloc.h"
#include "../irq_remapping.h"
#include "ir.h"
#include "queue_test.h"
#include "table.h"
#include "unit.h"

#define NR_UNITS	2
#define BASE(n)		(0xd00000000ULL + (n) * VTD_PAGE_SIZE)
#define SEGMENT		0x7e57	/* where no real device is */

/* ND 64K, SAGAW 48, NFR 1 at 0x200 */
#define CAP		(6ULL | BIT_ULL(10) | 47ULL << 16 | 0x20ULL << 24)
/* C, QI, IR; IOTLB registers at 0x100 */
#define ECAP		(BIT_ULL(0) | BIT_ULL(1) | BIT_ULL(3) | 0x10ULL << 8)

/* The host bridge; where it has no units, they are looked for below. */
#define HANDLE		ACPI_ROOT_OBJECT

/**
 * struct machine - the hardware and what its firmware says
 * @structures: what the _DSM returns, by type
 * @length: bytes of @structures
 * @dead: these units do not answer
 * @cap: capabilities of all units
 * @ecap: extended capabilities
 * @commands: commands until one is not carried out, 0: all are
 * @mapped: units whose registers are mapped
 * @units: the units
 * @saved_enabled: intel_iommu_enabled of this machine
 * @saved_remapping: irq_remapping_enabled
 */
struct machine {
	u8 structures[ACPI_DMAR_TYPE_RESERVED][256];
	size_t length[ACPI_DMAR_TYPE_RESERVED];
	bool dead[NR_UNITS];
	u64 cap, ecap;
	unsigned int commands;
	unsigned int mapped;
	struct intel_iommu *units[NR_UNITS];
	int saved_enabled;
	int saved_remapping;
};

static struct machine *machine(void)
{
	return kunit_get_current_test()->priv;
}

static bool model_has_dsm(acpi_handle handle, enum acpi_dmar_type type)
{
	return handle == HANDLE && machine()->length[type];
}

static union acpi_object *model_eval_dsm(acpi_handle handle,
					 enum acpi_dmar_type type)
{
	struct machine *m = machine();
	union acpi_object *obj;

	obj = kzalloc(sizeof(*obj) + m->length[type], GFP_KERNEL);
	if (!obj)
		return NULL;
	obj->type = ACPI_TYPE_BUFFER;
	obj->buffer.pointer = (u8 *)(obj + 1);
	obj->buffer.length = m->length[type];
	memcpy(obj->buffer.pointer, m->structures[type], m->length[type]);
	return obj;
}

static unsigned int number(u64 base)
{
	return (base - BASE(0)) / VTD_PAGE_SIZE;
}

static bool model_answers(u64 base, bool early)
{
	return !machine()->dead[number(base)];
}

static int model_map(struct intel_iommu *iommu, u64 size)
{
	struct machine *m = machine();
	void *reg = kzalloc(size, GFP_KERNEL);

	if (!reg)
		return -ENOMEM;
	iommu->reg = (void __iomem *)reg;
	iommu->reg_size = size;
	writeq(m->cap, iommu->reg + VTD_CAP_REG);
	writeq(m->ecap, iommu->reg + VTD_ECAP_REG);
	m->mapped++;
	m->units[number(iommu->reg_phys)] = iommu;
	return 0;
}

static void model_unmap(struct intel_iommu *iommu)
{
	kfree((void __force *)iommu->reg);
	iommu->reg = NULL;
	machine()->mapped--;
	machine()->units[number(iommu->reg_phys)] = NULL;
}

/* The queue is worked off while its submitter waits. */
static void model_work(struct q_inval *qi)
{
	struct machine *m = machine();
	unsigned int slot, n;

	for (slot = qi->tail; slot != qi->head; slot = qi_next(slot))
		model_execute(qi, slot);
	for (n = 0; n < NR_UNITS; n++)
		if (m->units[n] && m->units[n]->qi == qi)
			writel(qi->head << qi->shift,
			       m->units[n]->reg + VTD_IQH_REG);
}

static int model_wait_status(struct intel_iommu *iommu, u32 bit, bool set)
{
	struct machine *m = machine();
	u32 sts = readl(iommu->reg + VTD_GSTS_REG);

	if (m->commands && !--m->commands)
		return -ETIMEDOUT;
	writel(set ? sts | bit : sts & ~bit, iommu->reg + VTD_GSTS_REG);
	if (bit == GCMD_QIE && iommu->qi)
		iommu->qi->relax = model_work;
	return 0;
}

/* What the kernel keeps of interrupts does not cope with failed allocations. */
static int model_set_interrupt(struct intel_iommu *iommu)
{
	return 0;
}

static void *say(struct machine *m, u8 type, size_t len)
{
	struct acpi_dmar_header *hdr;

	hdr = (void *)(m->structures[type] + m->length[type]);
	hdr->type = type;
	hdr->length = len;
	m->length[type] += len;
	return hdr;
}

static void say_scope(struct machine *m, struct acpi_dmar_header *hdr, u8 dev)
{
	struct acpi_dmar_device_scope *scope = (void *)hdr + hdr->length;
	struct acpi_dmar_pci_path *path = (void *)(scope + 1);

	scope->entry_type = ACPI_DMAR_SCOPE_TYPE_ENDPOINT;
	scope->length = sizeof(*scope) + sizeof(*path);
	scope->bus = 0x80;
	path->device = dev;
	hdr->length += scope->length;
	m->length[hdr->type] += scope->length;
}

static void say_unit(struct machine *m, unsigned int n)
{
	struct acpi_dmar_hardware_unit *hw;

	hw = say(m, ACPI_DMAR_TYPE_HARDWARE_UNIT, sizeof(*hw));
	hw->segment = SEGMENT;
	hw->address = BASE(n);
	say_scope(m, &hw->header, n);
}

static void say_ats(struct machine *m, u8 type)
{
	struct acpi_dmar_atsr *atc = say(m, type, sizeof(*atc));

	atc->segment = SEGMENT;
	say_scope(m, &atc->header, 3);
}

static struct dmar_drhd_unit *unit(unsigned int n)
{
	guard(rwsem_read)(&dmar_global_lock);
	return dmar_find_drhd(SEGMENT, BASE(n));
}

static size_t nr_atcs(struct list_head *list)
{
	struct dmar_atc *atc;
	size_t nr = 0;

	guard(rwsem_read)(&dmar_global_lock);
	list_for_each_entry(atc, list, list)
		nr += atc->segment == SEGMENT;
	return nr;
}

static void expect_nothing(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < NR_UNITS; n++)
		KUNIT_EXPECT_NULL(test, unit(n));
	KUNIT_EXPECT_EQ(test, machine()->mapped, 0);
	KUNIT_EXPECT_EQ(test, nr_atcs(&dmar_atsrs), 0);
	KUNIT_EXPECT_EQ(test, nr_atcs(&dmar_satcs), 0);
}

static void come_and_go(struct kunit *test)
{
	struct dmar_drhd_unit *drhd;
	struct intel_iommu *iommu;

	say_unit(machine(), 0);
	KUNIT_ASSERT_EQ(test, dmar_device_add(HANDLE), 0);
	drhd = unit(0);
	KUNIT_ASSERT_NOT_NULL(test, drhd);
	KUNIT_EXPECT_EQ(test, drhd->devices_cnt, 1);
	iommu = drhd->iommu;
	KUNIT_ASSERT_NOT_NULL(test, iommu);
	KUNIT_EXPECT_TRUE(test, iommu->flags & UNIT_REGISTERED);
	KUNIT_EXPECT_TRUE(test, iommu_translating(iommu));
	KUNIT_EXPECT_TRUE(test, readl(iommu->reg + VTD_GSTS_REG) & GSTS_TES);
	KUNIT_EXPECT_EQ(test, readq(iommu->reg + VTD_RTADDR_REG) & VTD_PAGE_MASK,
			virt_to_phys(iommu->root));
	KUNIT_EXPECT_NE(test, iommu->irq, 0);

	/* Firmware may say so twice. */
	KUNIT_EXPECT_EQ(test, dmar_device_add(HANDLE), 0);
	KUNIT_EXPECT_PTR_EQ(test, unit(0), drhd);
	KUNIT_EXPECT_EQ(test, machine()->mapped, 1);

	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), 0);
	expect_nothing(test);
	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), 0);
}

static void all_of_it(struct kunit *test)
{
	say_unit(machine(), 0);
	say_unit(machine(), 1);
	say_ats(machine(), ACPI_DMAR_TYPE_ROOT_ATS);
	say_ats(machine(), ACPI_DMAR_TYPE_SATC);
	KUNIT_ASSERT_EQ(test, dmar_device_add(HANDLE), 0);
	KUNIT_EXPECT_NOT_NULL(test, unit(0));
	KUNIT_EXPECT_NOT_NULL(test, unit(1));
	KUNIT_EXPECT_EQ(test, nr_atcs(&dmar_atsrs), 1);
	KUNIT_EXPECT_EQ(test, nr_atcs(&dmar_satcs), 1);
	KUNIT_EXPECT_EQ(test, dmar_device_add(HANDLE), 0);
	KUNIT_EXPECT_EQ(test, nr_atcs(&dmar_atsrs), 1);
	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), 0);
	expect_nothing(test);
}

/* All or nothing: the first unit goes because of the second. */
static void one_is_dead(struct kunit *test)
{
	say_unit(machine(), 0);
	say_unit(machine(), 1);
	say_ats(machine(), ACPI_DMAR_TYPE_ROOT_ATS);
	machine()->dead[1] = true;
	KUNIT_EXPECT_EQ(test, dmar_device_add(HANDLE), -ENXIO);
	expect_nothing(test);
	machine()->dead[1] = false;
	KUNIT_EXPECT_EQ(test, dmar_device_add(HANDLE), 0);
	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), 0);
	expect_nothing(test);
}

static void bad_firmware(struct kunit *test)
{
	struct machine *m = machine();

	/* Nothing is said: no error. */
	KUNIT_EXPECT_EQ(test, dmar_device_add(HANDLE), 0);
	/* A structure longer than what there is. */
	say_unit(m, 0);
	m->length[ACPI_DMAR_TYPE_HARDWARE_UNIT] -= 4;
	KUNIT_EXPECT_EQ(test, dmar_device_add(HANDLE), 0);
	expect_nothing(test);
	/* Units without what every unit has. */
	m->length[ACPI_DMAR_TYPE_HARDWARE_UNIT] += 4;
	m->ecap = U64_MAX;
	m->cap = U64_MAX;
	KUNIT_EXPECT_EQ(test, dmar_device_add(HANDLE), -ENXIO);
	expect_nothing(test);
}

/* Pretend that a device of the scope is there. */
static void set_device(unsigned int n, struct device *dev)
{
	struct dmar_drhd_unit *drhd = unit(n);

	guard(rwsem_write)(&dmar_global_lock);
	rcu_assign_pointer(drhd->devices[0].dev, dev);
}

static void devices_first(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "vtd-hotplug");

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	say_unit(machine(), 0);
	say_unit(machine(), 1);
	KUNIT_ASSERT_EQ(test, dmar_device_add(HANDLE), 0);
	set_device(1, dev);
	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), -EBUSY);
	KUNIT_EXPECT_TRUE(test, iommu_translating(unit(0)->iommu));
	KUNIT_EXPECT_TRUE(test, unit(0)->iommu->flags & UNIT_REGISTERED);
	set_device(1, NULL);
	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), 0);
	expect_nothing(test);
}

/* Insertion takes @count commands, and leaves nothing when one is not carried out. */
static void expect_commands(struct kunit *test, unsigned int count)
{
	struct machine *m = machine();
	unsigned int nth, left;
	int ret;

	for (nth = 1; nth < 100; nth++) {
		m->commands = nth;
		ret = dmar_device_add(HANDLE);
		left = m->commands;
		m->commands = 0;
		if (left)
			break;
		KUNIT_ASSERT_EQ(test, ret, -ETIMEDOUT);
		expect_nothing(test);
	}
	KUNIT_EXPECT_EQ(test, nth, count + 1);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), 0);
	expect_nothing(test);
}

static void any_command_fails(struct kunit *test)
{
	say_unit(machine(), 0);
	say_unit(machine(), 1);
	/* Queue, root and translation of two units. */
	expect_commands(test, 6);
}

static void short_of_memory(struct kunit *test)
{
	unsigned int nth, failures = 0;
	bool failed = true;
	int ret;

	if (!mock_can_fail_allocs())
		kunit_skip(test, "failslab is not in debugfs");
	kunit_activate_static_stub(test, dmar_set_interrupt, model_set_interrupt);
	say_unit(machine(), 0);
	say_unit(machine(), 1);
	say_ats(machine(), ACPI_DMAR_TYPE_ROOT_ATS);
	say_ats(machine(), ACPI_DMAR_TYPE_SATC);
	for (nth = 1; failed && nth < 2000; nth++) {
		mock_fail_alloc(nth);
		ret = dmar_device_add(HANDLE);
		failed = mock_fail_alloc_end();
		/* Debugging, and who listens to devices, can do without some. */
		if (!ret)
			ret = dmar_device_remove(HANDLE);
		else
			failures++;
		if (failed && ret)
			KUNIT_ASSERT_TRUE(test, ret == -ENOMEM || ret == -ENODEV ||
					  ret == -EINVAL);
		else
			KUNIT_ASSERT_EQ(test, ret, 0);
		expect_nothing(test);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, failures, 10);
}

#ifdef CONFIG_IRQ_REMAP
static void with_interrupts(struct kunit *test)
{
	struct intel_iommu *iommu;
	int index;

	irq_remapping_enabled = 1;
	say_unit(machine(), 0);
	KUNIT_ASSERT_EQ(test, dmar_device_add(HANDLE), 0);
	iommu = unit(0)->iommu;
	KUNIT_ASSERT_NOT_NULL(test, iommu->ir);
	KUNIT_EXPECT_TRUE(test, readl(iommu->reg + VTD_GSTS_REG) & GSTS_IRES);
	KUNIT_EXPECT_EQ(test, readq(iommu->reg + VTD_IRTA_REG) & IRTA_ADDR,
			virt_to_phys(iommu->ir->base));

	index = ir_alloc_entries(iommu, 1);
	KUNIT_ASSERT_GE(test, index, 0);
	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), -EBUSY);
	KUNIT_EXPECT_TRUE(test, iommu_translating(iommu));
	KUNIT_EXPECT_TRUE(test, iommu->flags & UNIT_REGISTERED);
	ir_free_entries(iommu, index, 1);
	KUNIT_EXPECT_EQ(test, dmar_device_remove(HANDLE), 0);
	expect_nothing(test);
}

static void interrupts_fail(struct kunit *test)
{
	irq_remapping_enabled = 1;
	say_unit(machine(), 0);
	/* Queue, table, interrupts; root, translation. */
	expect_commands(test, 5);

	/* Without interrupt remapping the others' would be worth nothing. */
	machine()->ecap &= ~BIT_ULL(3);
	KUNIT_EXPECT_EQ(test, dmar_device_add(HANDLE), -ENODEV);
	expect_nothing(test);
}
#endif

static int hotplug_test_init(struct kunit *test)
{
	struct machine *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;
	m->cap = CAP;
	m->ecap = ECAP;
	m->saved_enabled = intel_iommu_enabled;
	test->priv = m;
#ifdef CONFIG_IRQ_REMAP
	m->saved_remapping = irq_remapping_enabled;
	if (irq_remapping_enabled)
		kunit_skip(test, "the machine's units remap interrupts");
#endif
	kunit_activate_static_stub(test, dmar_has_dsm, model_has_dsm);
	kunit_activate_static_stub(test, dmar_eval_dsm, model_eval_dsm);
	kunit_activate_static_stub(test, dmar_registers_answer, model_answers);
	kunit_activate_static_stub(test, iommu_map_registers, model_map);
	kunit_activate_static_stub(test, iommu_unmap_registers, model_unmap);
	kunit_activate_static_stub(test, iommu_wait_status, model_wait_status);
	intel_iommu_enabled = 1;
	return 0;
}

static void hotplug_test_exit(struct kunit *test)
{
	struct machine *m = test->priv;

	if (!m)
		return;
	intel_iommu_enabled = m->saved_enabled;
#ifdef CONFIG_IRQ_REMAP
	irq_remapping_enabled = m->saved_remapping;
#endif
}

static struct kunit_case hotplug_cases[] = {
	KUNIT_CASE(come_and_go),
	KUNIT_CASE(all_of_it),
	KUNIT_CASE(one_is_dead),
	KUNIT_CASE(bad_firmware),
	KUNIT_CASE(devices_first),
	KUNIT_CASE(any_command_fails),
	KUNIT_CASE(short_of_memory),
#ifdef CONFIG_IRQ_REMAP
	KUNIT_CASE(with_interrupts),
	KUNIT_CASE(interrupts_fail),
#endif
	{}
};

static struct kunit_suite hotplug_suite = {
	.name = "vtd_hotplug",
	.init = hotplug_test_init,
	.exit = hotplug_test_exit,
	.test_cases = hotplug_cases,
};

kunit_test_suite(hotplug_suite);
