// SPDX-License-Identifier: GPL-2.0-only
/*
 * What event records and page requests say (Arm IHI 0070 7.3, 8.1).
 *
 * Law: pure; a record that the architecture does not know is printed as well.
 */
#include <linux/iommu.h>
#include <linux/kernel.h>

#include "events.h"

/* What a type of event comes with. */
#define HAS_ADDR	BIT(0)	/* the address of the access */
#define HAS_ACCESS	BIT(1)	/* read or write, privileged, instruction */
#define HAS_STAGE	BIT(2)	/* the stage, and with stage 2 the IPA */
#define HAS_CLASS	BIT(3)	/* what was translated */
#define HAS_FETCH	BIT(4)	/* where the SMMU read */
#define HAS_STALL	BIT(5)	/* it can stall */
#define TRANSLATION	(HAS_ADDR | HAS_ACCESS | HAS_STAGE | HAS_CLASS)

struct event_type {
	const char *name;
	const char *reason;
	unsigned int has;
};

static const struct event_type types[] = {
	[F_UUT] = { "F_UUT", "unsupported kind of transaction",
		    HAS_ADDR | HAS_ACCESS },
	[C_BAD_STREAMID] = { "C_BAD_STREAMID", "no such stream", 0 },
	[F_STE_FETCH] = { "F_STE_FETCH", "stream table cannot be read",
			  HAS_FETCH },
	[C_BAD_STE] = { "C_BAD_STE", "stream table entry is invalid", 0 },
	[F_BAD_ATS_TREQ] = { "F_BAD_ATS_TREQ", "ATS request is not allowed",
			     HAS_ADDR },
	[F_STREAM_DISABLED] = { "F_STREAM_DISABLED",
				"request without substream is not allowed", 0 },
	[F_TRANSL_FORBIDDEN] = { "F_TRANSL_FORBIDDEN",
				 "translated request without ATS",
				 HAS_ADDR | HAS_ACCESS },
	[C_BAD_SUBSTREAMID] = { "C_BAD_SUBSTREAMID",
				"substream is beyond the context table", 0 },
	[F_CD_FETCH] = { "F_CD_FETCH", "context descriptor cannot be read",
			 HAS_FETCH },
	[C_BAD_CD] = { "C_BAD_CD", "context descriptor is invalid", 0 },
	[F_WALK_EABT] = { "F_WALK_EABT", "translation table cannot be read",
			  TRANSLATION | HAS_FETCH },
	[F_TRANSLATION] = { "F_TRANSLATION", "nothing is mapped",
			    TRANSLATION | HAS_STALL },
	[F_ADDR_SIZE] = { "F_ADDR_SIZE", "output address is too large",
			  TRANSLATION | HAS_STALL },
	[F_ACCESS] = { "F_ACCESS", "access flag is clear",
		       TRANSLATION | HAS_STALL },
	[F_PERMISSION] = { "F_PERMISSION", "mapping does not allow it",
			   TRANSLATION | HAS_STALL },
	[F_TLB_CONFLICT] = { "F_TLB_CONFLICT",
			     "TLB has more than one entry for the address",
			     HAS_ADDR | HAS_ACCESS | HAS_STAGE },
	[F_CFG_CONFLICT] = { "F_CFG_CONFLICT",
			     "cache has more than one entry for the stream", 0 },
	[E_PAGE_REQUEST] = { "E_PAGE_REQUEST", "hint that a page will be used",
			     HAS_ADDR | HAS_ACCESS },
	[F_VMS_FETCH] = { "F_VMS_FETCH",
			  "virtual machine structure cannot be read",
			  HAS_FETCH },
};

static const struct event_type unknown = {
	"unknown event", "not in the architecture", 0,
};

static const char *class_name(u64 class)
{
	static const char * const names[] = {
		[EVT_CLASS_CD] = "context descriptor",
		[EVT_CLASS_TT] = "translation table",
		[EVT_CLASS_IN] = "input address",
	};

	return class < ARRAY_SIZE(names) ? names[class] : "unknown class";
}

/**
 * smmu3_event_decode() - what an event record says
 * @qw: its words, in the byte order of the CPU
 *
 * Return: the fields
 */
struct smmu3_event smmu3_event_decode(const u64 qw[SMMU3_EVT_QWORDS])
{
	unsigned int code = FIELD_GET(EVT0_TYPE, qw[0]);
	const struct event_type *t = &unknown;
	struct smmu3_event e = { .type = code };

	if (code < ARRAY_SIZE(types) && types[code].name)
		t = &types[code];
	e.name = t->name;
	e.reason = t->reason;
	e.sid = FIELD_GET(EVT0_SID, qw[0]);
	e.ssid = qw[0] & EVT0_SSV ? FIELD_GET(EVT0_SSID, qw[0])
				  : IOMMU_PASID_INVALID;
	e.stag = FIELD_GET(EVT1_STAG, qw[1]);
	e.stall = t->has & HAS_STALL && qw[1] & EVT1_STALL;
	e.has_access = t->has & HAS_ACCESS;
	e.read = qw[1] & EVT1_RNW;
	e.exec = qw[1] & EVT1_IND;
	e.priv = qw[1] & EVT1_PNU;
	if (t->has & HAS_STAGE)
		e.stage = qw[1] & EVT1_S2 ? 2 : 1;
	/* Stage 1 translates nothing else, and QEMU leaves the class out then. */
	if (t->has & HAS_CLASS && e.stage == 2)
		e.what = class_name(FIELD_GET(EVT1_CLASS, qw[1]));
	else if (t->has & HAS_ADDR)
		e.what = class_name(EVT_CLASS_IN);
	e.addr = qw[2];
	e.has_fetch = t->has & HAS_FETCH;
	e.fetch = qw[3] & EVT3_FETCH;
	e.has_ipa = e.stage == 2 && !e.has_fetch;
	e.ipa = qw[3] & EVT3_IPA;
	return e;
}

static const char *access_name(const struct smmu3_event *e)
{
	if (!e->has_access)
		return "access";
	if (e->exec)
		return e->priv ? "privileged fetch" : "fetch";
	if (e->read)
		return e->priv ? "privileged read" : "read";
	return e->priv ? "privileged write" : "write";
}

/**
 * smmu3_event_print() - put an event into words
 * @buf: where
 * @size: bytes of @buf
 * @e: the event
 * @device: the device whose stream it is, or NULL
 *
 * Return: characters, as scnprintf()
 */
int smmu3_event_print(char *buf, size_t size, const struct smmu3_event *e,
		      const char *device)
{
	int n;

	n = scnprintf(buf, size, "event %s (0x%02x): stream 0x%x (%s)", e->name,
		      e->type, e->sid, device ?: "no device of ours");
	if (e->ssid != IOMMU_PASID_INVALID)
		n += scnprintf(buf + n, size - n, " substream 0x%x", e->ssid);
	if (e->what)
		n += scnprintf(buf + n, size - n, " %s at 0x%llx, %s",
			       access_name(e), e->addr, e->what);
	if (e->stage)
		n += scnprintf(buf + n, size - n, ", stage %u", e->stage);
	if (e->has_ipa)
		n += scnprintf(buf + n, size - n, " at 0x%llx", e->ipa);
	if (e->has_fetch)
		n += scnprintf(buf + n, size - n, ", read from 0x%llx", e->fetch);
	return n + scnprintf(buf + n, size - n, ": %s%s", e->reason,
			     e->stall ? "; stalled" : "");
}

static u32 access_perm(const struct smmu3_event *e)
{
	u32 perm = e->read ? IOMMU_FAULT_PERM_READ : IOMMU_FAULT_PERM_WRITE;

	if (e->exec)
		perm |= IOMMU_FAULT_PERM_EXEC;
	if (e->priv)
		perm |= IOMMU_FAULT_PERM_PRIV;
	return perm;
}

/**
 * smmu3_event_to_access() - turn a refused access into what the core reports
 * @e: the event
 * @fault: what the core reports
 *
 * Return: false if the event is not about an access at an address.
 */
bool smmu3_event_to_access(const struct smmu3_event *e,
			   struct iommu_access_fault *fault)
{
	if (!e->what || !e->has_access)
		return false;
	*fault = (struct iommu_access_fault) {
		.pasid = e->ssid == IOMMU_PASID_INVALID ? IOMMU_NO_PASID : e->ssid,
		.perm = access_perm(e),
		.addr = e->addr,
		.code = e->type,
		.reason = e->reason,
	};
	return true;
}

/**
 * smmu3_event_to_fault() - turn a stalled access into a fault for the core
 * @e: the event
 * @fault: the fault
 *
 * The response finds @e's StreamID in private_data[0].
 *
 * Return: false if nobody but the SMMU's own tables can be at fault.
 */
bool smmu3_event_to_fault(const struct smmu3_event *e, struct iopf_fault *fault)
{
	struct iommu_fault_page_request *prm = &fault->fault.prm;

	/* Stage 2 is ours alone; nobody could map what is missing. */
	if (!e->stall || e->stage == 2)
		return false;
	*fault = (struct iopf_fault) {
		.fault.type = IOMMU_FAULT_PAGE_REQ,
	};
	prm->flags = IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
	if (e->ssid != IOMMU_PASID_INVALID) {
		prm->flags |= IOMMU_FAULT_PAGE_REQUEST_PASID_VALID;
		prm->pasid = e->ssid;
	}
	prm->grpid = e->stag;
	prm->perm = access_perm(e);
	prm->addr = e->addr;
	prm->private_data[0] = e->sid;
	return true;
}

/**
 * smmu3_pri_to_fault() - turn a page request into a fault for the core
 * @qw: words of the request, in the byte order of the CPU
 * @fault: the fault
 *
 * Return: false for the message that a PASID is not used any more, which nobody
 * waits for (PCIe 10.4.1.2.1).
 */
bool smmu3_pri_to_fault(const u64 qw[SMMU3_PRI_QWORDS], struct iopf_fault *fault)
{
	struct iommu_fault_page_request *prm = &fault->fault.prm;

	*fault = (struct iopf_fault) {
		.fault.type = IOMMU_FAULT_PAGE_REQ,
	};
	if (qw[0] & PRI0_LAST)
		prm->flags |= IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
	if (qw[0] & PRI0_SSV) {
		prm->flags |= IOMMU_FAULT_PAGE_REQUEST_PASID_VALID;
		prm->pasid = FIELD_GET(PRI0_SSID, qw[0]);
	}
	prm->grpid = FIELD_GET(PRI1_PRGINDEX, qw[1]);
	if (qw[0] & PRI0_READ)
		prm->perm |= IOMMU_FAULT_PERM_READ;
	if (qw[0] & PRI0_WRITE)
		prm->perm |= IOMMU_FAULT_PERM_WRITE;
	if (qw[0] & PRI0_EXEC)
		prm->perm |= IOMMU_FAULT_PERM_EXEC;
	if (qw[0] & PRI0_PRIV)
		prm->perm |= IOMMU_FAULT_PERM_PRIV;
	prm->addr = qw[1] & PRI1_ADDR;
	prm->private_data[0] = FIELD_GET(PRI0_SID, qw[0]);
	return !(qw[0] & PRI0_SSV && qw[0] & PRI0_LAST &&
		 !(qw[0] & (PRI0_READ | PRI0_WRITE)));
}
