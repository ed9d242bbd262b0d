// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock, the figures, and the driver of the device that is measured with.
 *
 * "echo strict > /sys/module/iommu_bench/parameters/run" runs a list of cases.
 * Each figure is a line "bench: OPERATION = INSTRUCTIONS / REPETITIONS".
 */
#define pr_fmt(fmt) "bench: " fmt

#include <linux/module.h>

#include "bench.h"
#include "clock.h"

#define ROUNDS	8
#define MAX_OPS	96

struct bench bench;

/**
 * struct cost - the figure of an operation
 * @op: its name
 * @ticks: least of all rounds, for all repetitions
 * @repeated: repetitions
 */
struct cost {
	const char *op;
	u64 ticks;
	unsigned int repeated;
};

static struct cost costs[MAX_OPS];
static unsigned int nr_costs;
static struct cost *now;
static u64 started;
static u64 overhead;

/* The one with this name, made where it is not there. */
static struct cost *cost_of(const char *op)
{
	unsigned int i;

	for (i = 0; i < nr_costs; i++)
		if (!strcmp(costs[i].op, op))
			return &costs[i];
	if (WARN_ON(nr_costs == MAX_OPS))
		return &costs[0];
	costs[nr_costs] = (struct cost) { .op = op, .ticks = U64_MAX };
	return &costs[nr_costs++];
}

void start(const char *op)
{
	now = cost_of(op);
	if (bench.mark)
		writel(now - costs, bench.reg);
	started = clock_read();
}

void stop(unsigned int repeated)
{
	u64 ticks = clock_read() - started;

	if (bench.mark)
		writel(U32_MAX, bench.reg);
	now->ticks = min(now->ticks, ticks - min(ticks, overhead));
	now->repeated = repeated;
}

void figure(const char *what, u64 value)
{
	pr_info("%s = %llu / 1\n", what, value);
}

int complain(const char *what, int ret)
{
	if (ret)
		pr_err("%s failed: %d\n", what, ret);
	return ret;
}

int each_round(round_fn round)
{
	unsigned int i, rounds = bench.few ? 2 : ROUNDS;
	bool mark = bench.mark;
	int ret = 0;

	for (i = 0; !ret && i < rounds; i++) {
		/* The first one builds the tables and warms the caches. */
		bench.mark = mark && i == rounds - 1;
		ret = round();
	}
	bench.mark = mark;
	return ret;
}

struct iommu_domain *bench_domain(void)
{
	struct iommu_domain *domain = iommu_paging_domain_alloc(bench.dev);
	int ret;

	if (IS_ERR(domain)) {
		complain("iommu_paging_domain_alloc", PTR_ERR(domain));
		return NULL;
	}
	ret = complain("iommu_attach_device", iommu_attach_device(domain, bench.dev));
	if (!ret)
		return domain;
	iommu_domain_free(domain);
	return NULL;
}

/* What reading the clock twice takes, which is no part of any operation. */
static void calibrate(void)
{
	unsigned int i;
	u64 t;

	overhead = U64_MAX;
	for (i = 0; i < ROUNDS; i++) {
		t = clock_read();
		t = clock_read() - t;
		overhead = min(overhead, t);
	}
}

static void print_costs(void)
{
	unsigned int i;

	for (i = 0; i < nr_costs; i++) {
		if (bench.few)
			pr_info("mark %u is %s / %u\n", i, costs[i].op,
				costs[i].repeated);
		else
			pr_info("%s = %llu / %u\n", costs[i].op,
				clock_to_instructions(costs[i].ticks),
				costs[i].repeated);
	}
}

static int run_strict(void)
{
	return bench_dma_strict() ?: bench_pages() ?: bench_lists() ?:
	       bench_attach() ?: bench_memory();
}

static const struct {
	const char *name;
	int (*run)(void);
	bool mark;
} runs[] = {
	{ "strict", run_strict },
	{ "lazy", bench_dma_lazy },
	{ "strict-count", run_strict, true },
	{ "lazy-count", bench_dma_lazy, true },
	{ "pasid", bench_pasid },
	{ "pasid-count", bench_pasid, true },
	{ "scale", bench_scale },
};

static int set_run(const char *value, const struct kernel_param *param)
{
	unsigned int i;
	int ret;

	if (!bench.dev)
		return complain("no device", -ENODEV);
	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		if (!sysfs_streq(value, runs[i].name))
			continue;
		nr_costs = 0;
		bench.mark = runs[i].mark;
		bench.few = runs[i].mark;
		calibrate();
		ret = runs[i].run();
		print_costs();
		pr_info("%s: %s\n", runs[i].name, ret ? "failed" : "complete");
		return ret;
	}
	return complain("unknown run", -EINVAL);
}

module_param_call(run, set_run, NULL, NULL, 0200);

/*
 * QEMU's "edu" device, whose register at 4 only returns its complement, and
 * "pasid-dma", which ignores writes to it.
 */
static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pcim_enable_device(pdev);

	if (ret || bench.nr_devs == MAX_DEVS)
		return ret ?: -EBUSY;
	ret = pcim_iomap_regions(pdev, BIT(0), "iommu_bench");
	if (!ret)
		ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	pci_set_master(pdev);
	bench.devs[bench.nr_devs++] = &pdev->dev;
	if (bench.dev)
		return 0;
	bench.reg = pcim_iomap_table(pdev)[0] + 4;
	bench.dev = &pdev->dev;
	return clock_start();
}

static void bench_remove(struct pci_dev *pdev)
{
	bench.dev = NULL;
	bench.nr_devs = 0;
}

static const struct pci_device_id bench_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ PCI_DEVICE(0x1234, 0x11fa) },
	{}
};

static struct pci_driver bench_driver = {
	.name = "iommu_bench",
	.id_table = bench_ids,
	.probe = bench_probe,
	.remove = bench_remove,
};

module_pci_driver(bench_driver);
MODULE_DESCRIPTION("Instructions per IOMMU operation");
MODULE_LICENSE("GPL");
