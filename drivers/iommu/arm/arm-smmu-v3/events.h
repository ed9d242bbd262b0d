/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding of event records and page requests: pure, for the log and its test.
 */
#ifndef _ARM_SMMU3_EVENTS_H
#define _ARM_SMMU3_EVENTS_H

#include <linux/iommu.h>
#include <linux/types.h>

#include "cmd.h"

/**
 * struct smmu3_event - what an event record says
 * @name: of its type, as the architecture has it
 * @reason: what it means
 * @what: what was translated: a CD's address, a table's, the device's; NULL: the
 *	event is about no address
 * @type: the type as a code
 * @stage: stage that faulted; 0: not said
 * @has_access: @read, @exec, @priv and @addr are valid
 * @has_ipa: @ipa is valid
 * @has_fetch: @fetch is valid
 * @read: it was no write
 * @exec: it was an instruction fetch
 * @priv: it was privileged
 * @stall: the transaction waits for CMD_RESUME
 * @stag: to name it there
 * @sid: StreamID
 * @ssid: SubstreamID, or %IOMMU_PASID_INVALID
 * @addr: address of the access
 * @ipa: what stage 1 had made of it
 * @fetch: where the SMMU could not read a structure
 */
struct smmu3_event {
	const char *name;
	const char *reason;
	const char *what;
	u8 type;
	u8 stage;
	bool has_access;
	bool has_ipa;
	bool has_fetch;
	bool read;
	bool exec;
	bool priv;
	bool stall;
	u16 stag;
	u32 sid;
	u32 ssid;
	u64 addr;
	u64 ipa;
	u64 fetch;
};

struct smmu3_event smmu3_event_decode(const u64 qw[SMMU3_EVT_QWORDS]);
bool smmu3_event_to_fault(const struct smmu3_event *e, struct iopf_fault *fault);
bool smmu3_event_to_access(const struct smmu3_event *e,
			   struct iommu_access_fault *fault);
bool smmu3_pri_to_fault(const u64 qw[SMMU3_PRI_QWORDS],
			struct iopf_fault *fault);
int smmu3_event_print(char *buf, size_t size, const struct smmu3_event *e,
		      const char *device);

#endif /* _ARM_SMMU3_EVENTS_H */
