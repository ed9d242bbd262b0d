/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mock IOMMU with a bus of its own, for tests of the core.
 *
 * It remembers each device's translation as hardware would, can be told to
 * fail, and watches the core: the domains that a device may be in are listed in
 * mock_dev.allowed before a step, and a step into any other is a violation, as
 * is freeing a domain in use or leaving anything behind.
 */

#ifndef __IOMMU_CORE_MOCK_H
#define __IOMMU_CORE_MOCK_H

#include <kunit/test.h>
#include <linux/device.h>
#include <linux/iommu.h>

#include "core.h"
#include "mock_alloc.h"

#define MOCK_MAX_PASIDS	16	/* unless mock_dev_widen() says more */
#define MOCK_HISTORY	16
#define MOCK_ALLOWED	4

/**
 * struct mock_dev - a device on the mock bus
 * @dev: the device
 * @key: devices with the same key, other than 0, share a group
 * @cur: the domain that the mock hardware translates it by; NULL: never attached
 * @pasids: the same for each PASID; @nr_pasids of them
 * @nr_pasids: PASIDs that the mock hardware knows
 * @history: the domains it was attached to, oldest first
 * @nr_history: how many attaches there were, of which the last are lost
 * @allowed: the domains that an attach may name; any, if empty
 * @fail_in: the attach, counted from 1, that fails; 0 for none
 * @fail_times: how many attaches fail from there
 * @fail_error: the error they fail with
 * @fail_probe: error of probe_device(), or 0
 * @fail_pasid: the set_dev_pasid() call that fails, counted from 1; 0 for none
 * @features: what is switched on
 * @lacks_aux: cannot have aux-domains
 * @fail_feature: error of switching a feature on or off, or 0
 * @feature_calls: how often a feature was switched
 * @want_type: returned by def_domain_type()
 * @direct: has a 1:1 range that must stay
 * @far: that range is where no domain reaches
 * @deferred: comes up with DMA running
 * @max_pasids: PASIDs that it can send
 * @finalized: calls of probe_finalize()
 * @released: @dev has been freed by the driver core
 */
struct mock_dev {
	struct device dev;
	unsigned int key;
	struct iommu_domain *cur;
	struct iommu_domain **pasids;
	unsigned int nr_pasids;
	struct iommu_domain *history[MOCK_HISTORY];
	unsigned int nr_history;
	struct iommu_domain *allowed[MOCK_ALLOWED];
	unsigned int fail_in;
	unsigned int fail_times;
	int fail_error;
	int fail_probe;
	unsigned int fail_pasid;
	bool features[IOMMU_DEV_FEAT_NR];
	bool lacks_aux;
	int fail_feature;
	unsigned int feature_calls;
	int want_type;
	bool direct;
	bool far;
	bool deferred;
	u32 max_pasids;
	unsigned int finalized;
	bool released;
};

/**
 * struct mock_state - what the mock knows as a whole
 * @devices: probed devices
 * @groups: live groups
 * @domains: live domains, without static ones
 * @mapped: bytes mapped 1:1 by the core
 * @drains: PASIDs that the mock hardware was asked to drain
 * @drain_error: what it answers
 * @violations: laws broken; each is logged
 */
struct mock_state {
	int devices;
	int groups;
	int domains;
	size_t mapped;
	atomic_t drains;
	int drain_error;
	unsigned int violations;
};

extern struct mock_state mock;
extern struct iommu_domain mock_blocked;
extern struct iommu_domain mock_identity;
extern const struct bus_type mock_bus;

int mock_test_init(struct kunit *test);

void mock_lacks_blocked(void);
void mock_lacks_identity(void);
void mock_lacks_query(void);
struct mock_dev *mock_dev_new(const char *name, unsigned int key);
int mock_dev_widen(struct mock_dev *md, unsigned int nr_pasids);
int mock_dev_describe(struct mock_dev *md);
int mock_dev_plug(struct mock_dev *md);
void mock_dev_free(struct mock_dev *md);
struct mock_dev *mock_dev_add(struct kunit *test, const char *name,
			      unsigned int key);
struct iommu_domain *mock_paging(struct kunit *test, struct mock_dev *md);
void mock_allow(struct mock_dev *md, struct iommu_domain *a,
		struct iommu_domain *b);
void mock_fail(struct mock_dev *md, unsigned int in, unsigned int times,
	       int error);

/* The device is in the domain, by the core's account and the hardware's. */
void mock_expect_in(struct kunit *test, struct mock_dev *md,
		    struct iommu_domain *domain, int line);

#define EXPECT_IN(test, md, domain) \
	mock_expect_in(test, md, domain, __LINE__)

#endif /* __IOMMU_CORE_MOCK_H */
