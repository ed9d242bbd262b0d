/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What goes through the queues: commands to the SMMU, and the records that it
 * writes about events and page requests (Arm IHI 0070; sections are of issue F).
 *
 * Words are numbered as in bits.h: CMD0_x is in the first 64-bit word of a
 * command, EVT1_x in the second of an event.  A builder returns a whole command,
 * in the CPU's byte order; the queue swaps where it has to.
 */
#ifndef _ARM_SMMU3_CMD_H
#define _ARM_SMMU3_CMD_H

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/* Command opcodes (4.1.1) */
#define CMD0_OPCODE		GENMASK_ULL(7, 0)
#define   CMD_PREFETCH_CONFIG	0x01
#define   CMD_CFGI_STE		0x03
#define   CMD_CFGI_STE_RANGE	0x04	/* CMD_CFGI_ALL with all StreamIDs */
#define   CMD_CFGI_CD		0x05
#define   CMD_CFGI_CD_ALL	0x06
#define   CMD_TLBI_NH_ALL	0x10
#define   CMD_TLBI_NH_ASID	0x11
#define   CMD_TLBI_NH_VA	0x12
#define   CMD_TLBI_NH_VAA	0x13
#define   CMD_TLBI_EL2_ALL	0x20
#define   CMD_TLBI_EL2_ASID	0x21
#define   CMD_TLBI_EL2_VA	0x22
#define   CMD_TLBI_EL2_VAA	0x23
#define   CMD_TLBI_S12_VMALL	0x28
#define   CMD_TLBI_S2_IPA	0x2a
#define   CMD_TLBI_NSNH_ALL	0x30
#define   CMD_ATC_INV		0x40
#define   CMD_PRI_RESP		0x41
#define   CMD_RESUME		0x44
#define   CMD_STALL_TERM	0x45
#define   CMD_SYNC		0x46

/* Of all commands that are about a stream. */
#define CMD0_SSV		BIT_ULL(11)
#define CMD0_SSID		GENMASK_ULL(31, 12)
#define CMD0_SID		GENMASK_ULL(63, 32)

/* CMD_CFGI_x (4.3) */
#define CMD1_CFGI_LEAF		BIT_ULL(0)
#define CMD1_CFGI_RANGE		GENMASK_ULL(4, 0)
#define   CFGI_RANGE_ALL	31

/* CMD_TLBI_x (4.4) */
#define CMD0_TLBI_NUM		GENMASK_ULL(16, 12)
#define CMD0_TLBI_SCALE		GENMASK_ULL(24, 20)
#define CMD0_TLBI_VMID		GENMASK_ULL(47, 32)
#define CMD0_TLBI_ASID		GENMASK_ULL(63, 48)
#define CMD1_TLBI_LEAF		BIT_ULL(0)
#define CMD1_TLBI_TTL		GENMASK_ULL(9, 8)
#define CMD1_TLBI_TG		GENMASK_ULL(11, 10)
#define   TLBI_TG_NONE		0	/* no range: the one entry at the address */
#define   TLBI_TG_4K		1
#define   TLBI_TG_16K		2
#define   TLBI_TG_64K		3
#define CMD1_TLBI_ADDR		GENMASK_ULL(63, 12)

/* CMD_ATC_INV (4.5.1); the range is 2^SIZE pages of 4K, aligned to its size. */
#define CMD0_ATC_GLOBAL		BIT_ULL(9)
#define CMD1_ATC_SIZE		GENMASK_ULL(5, 0)
#define   ATC_SIZE_ALL		52
#define CMD1_ATC_ADDR		GENMASK_ULL(63, 12)
#define ATC_PAGE_SHIFT		12

/* CMD_PRI_RESP (4.5.2) */
#define CMD1_PRI_PRGINDEX	GENMASK_ULL(8, 0)
#define CMD1_PRI_RESP		GENMASK_ULL(13, 12)
#define   PRI_RESP_FAILURE	0	/* and no more requests, please */
#define   PRI_RESP_INVALID	1
#define   PRI_RESP_SUCCESS	2

/* CMD_RESUME (4.6.1) */
#define CMD0_RESUME_ACTION	GENMASK_ULL(13, 12)	/* Ab, Ac */
#define   RESUME_TERMINATE	0	/* reads as zero, writes nothing */
#define   RESUME_RETRY		1
#define   RESUME_ABORT		2
#define CMD1_RESUME_STAG	GENMASK_ULL(15, 0)

/* CMD_SYNC (4.7.3) */
#define CMD0_SYNC_CS		GENMASK_ULL(13, 12)
#define   SYNC_CS_NONE		0
#define   SYNC_CS_IRQ		1	/* an MSI, where MSIADDR is not 0 */
#define   SYNC_CS_SEV		2
#define CMD0_SYNC_MSH		GENMASK_ULL(23, 22)
#define   SYNC_MSH_ISH		3
#define CMD0_SYNC_MSIATTR	GENMASK_ULL(27, 24)
#define   SYNC_MSIATTR_OIWB	0xf
#define CMD0_SYNC_MSIDATA	GENMASK_ULL(63, 32)
#define CMD1_SYNC_MSIADDR	GENMASK_ULL(51, 2)

/**
 * struct smmu3_cmd - a command
 * @qw: its words, in the byte order of the CPU
 */
struct smmu3_cmd {
	u64 qw[2];
};

#define SMMU3_CMD_SHIFT		4
#define SMMU3_EVT_SHIFT		5
#define SMMU3_PRI_SHIFT		4
#define SMMU3_EVT_QWORDS	4
#define SMMU3_PRI_QWORDS	2

static_assert(sizeof(struct smmu3_cmd) == BIT(SMMU3_CMD_SHIFT));

static inline u8 smmu3_cmd_opcode(struct smmu3_cmd cmd)
{
	return FIELD_GET(CMD0_OPCODE, cmd.qw[0]);
}

/**
 * smmu3_cmd_cfgi_ste() - forget a stream table entry
 * @sid: StreamID
 * @leaf: the level 1 descriptor did not change
 *
 * Return: the command (4.3.1)
 */
static inline struct smmu3_cmd smmu3_cmd_cfgi_ste(u32 sid, bool leaf)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_CFGI_STE | FIELD_PREP(CMD0_SID, sid),
		.qw[1] = FIELD_PREP(CMD1_CFGI_LEAF, leaf),
	};
}

/**
 * smmu3_cmd_cfgi_all() - forget all configuration
 *
 * Return: the command (4.3.5)
 */
static inline struct smmu3_cmd smmu3_cmd_cfgi_all(void)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_CFGI_STE_RANGE,
		.qw[1] = FIELD_PREP(CMD1_CFGI_RANGE, CFGI_RANGE_ALL),
	};
}

/**
 * smmu3_cmd_cfgi_cd() - forget a context descriptor
 * @sid: StreamID
 * @ssid: its SubstreamID
 * @leaf: the level 1 descriptor did not change
 *
 * Return: the command (4.3.3)
 */
static inline struct smmu3_cmd smmu3_cmd_cfgi_cd(u32 sid, u32 ssid, bool leaf)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_CFGI_CD | FIELD_PREP(CMD0_SSID, ssid) |
			 FIELD_PREP(CMD0_SID, sid),
		.qw[1] = FIELD_PREP(CMD1_CFGI_LEAF, leaf),
	};
}

/**
 * smmu3_cmd_cfgi_cd_all() - forget all context descriptors of a stream
 * @sid: StreamID
 *
 * Return: the command (4.3.4)
 */
static inline struct smmu3_cmd smmu3_cmd_cfgi_cd_all(u32 sid)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_CFGI_CD_ALL | FIELD_PREP(CMD0_SID, sid),
	};
}

/**
 * smmu3_cmd_tlbi() - forget translations by tag
 * @op: CMD_TLBI_x; what it does not look at should be 0
 * @asid: ASID of stage 1
 * @vmid: VMID
 *
 * Return: the command (4.4)
 */
static inline struct smmu3_cmd smmu3_cmd_tlbi(u8 op, u16 asid, u16 vmid)
{
	return (struct smmu3_cmd) {
		.qw[0] = op | FIELD_PREP(CMD0_TLBI_VMID, vmid) |
			 FIELD_PREP(CMD0_TLBI_ASID, asid),
	};
}

/**
 * smmu3_cmd_atc_inv() - have a device forget translations
 * @sid: StreamID
 * @ssid: its SubstreamID; 0: requests without
 * @addr: first address, aligned to the size
 * @size: 2^@size pages of 4K; %ATC_SIZE_ALL is everything
 *
 * Return: the command (4.5.1)
 */
static inline struct smmu3_cmd smmu3_cmd_atc_inv(u32 sid, u32 ssid, u64 addr,
						 u8 size)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_ATC_INV | FIELD_PREP(CMD0_SSV, !!ssid) |
			 FIELD_PREP(CMD0_SSID, ssid) | FIELD_PREP(CMD0_SID, sid),
		.qw[1] = FIELD_PREP(CMD1_ATC_SIZE, size) | (addr & CMD1_ATC_ADDR),
	};
}

/**
 * smmu3_cmd_atc_inv_global() - have a device forget everything of all SSIDs
 * @sid: StreamID
 *
 * Requests without SSID are not meant: smmu3_cmd_atc_inv() does that.
 *
 * Return: the command (4.5.1)
 */
static inline struct smmu3_cmd smmu3_cmd_atc_inv_global(u32 sid)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_ATC_INV | CMD0_SSV | CMD0_ATC_GLOBAL |
			 FIELD_PREP(CMD0_SID, sid),
		.qw[1] = FIELD_PREP(CMD1_ATC_SIZE, ATC_SIZE_ALL),
	};
}

/**
 * smmu3_cmd_pri_resp() - answer a page request group
 * @sid: StreamID
 * @ssid: SubstreamID, where @ssv
 * @ssv: the device wants to see the SSID in the answer
 * @group: index of the group
 * @resp: PRI_RESP_x
 *
 * Return: the command (4.5.2)
 */
static inline struct smmu3_cmd smmu3_cmd_pri_resp(u32 sid, u32 ssid, bool ssv,
						  u16 group, u8 resp)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_PRI_RESP | FIELD_PREP(CMD0_SSV, ssv) |
			 FIELD_PREP(CMD0_SSID, ssv ? ssid : 0) |
			 FIELD_PREP(CMD0_SID, sid),
		.qw[1] = FIELD_PREP(CMD1_PRI_PRGINDEX, group) |
			 FIELD_PREP(CMD1_PRI_RESP, resp),
	};
}

/**
 * smmu3_cmd_resume() - let go on what stalls at a fault
 * @sid: StreamID
 * @stag: which of its stalled transactions
 * @action: RESUME_x
 *
 * Return: the command (4.6.1)
 */
static inline struct smmu3_cmd smmu3_cmd_resume(u32 sid, u16 stag, u8 action)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_RESUME | FIELD_PREP(CMD0_RESUME_ACTION, action) |
			 FIELD_PREP(CMD0_SID, sid),
		.qw[1] = FIELD_PREP(CMD1_RESUME_STAG, stag),
	};
}

/**
 * smmu3_cmd_stall_term() - end everything that stalls of a stream
 * @sid: StreamID
 *
 * Return: the command (4.6.2)
 */
static inline struct smmu3_cmd smmu3_cmd_stall_term(u32 sid)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_STALL_TERM | FIELD_PREP(CMD0_SID, sid),
	};
}

/**
 * smmu3_cmd_sync() - complete when all commands before are, silently
 *
 * Return: the command (4.7.3)
 */
static inline struct smmu3_cmd smmu3_cmd_sync(void)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_SYNC | FIELD_PREP(CMD0_SYNC_CS, SYNC_CS_NONE),
	};
}

/**
 * smmu3_cmd_sync_msi() - the same, and write a word to memory then
 * @addr: address of the word, for the SMMU, which snoops caches
 * @data: what to write
 *
 * Return: the command (4.7.3)
 */
static inline struct smmu3_cmd smmu3_cmd_sync_msi(u64 addr, u32 data)
{
	return (struct smmu3_cmd) {
		.qw[0] = CMD_SYNC | FIELD_PREP(CMD0_SYNC_CS, SYNC_CS_IRQ) |
			 FIELD_PREP(CMD0_SYNC_MSH, SYNC_MSH_ISH) |
			 FIELD_PREP(CMD0_SYNC_MSIATTR, SYNC_MSIATTR_OIWB) |
			 FIELD_PREP(CMD0_SYNC_MSIDATA, data),
		.qw[1] = addr & CMD1_SYNC_MSIADDR,
	};
}

/* Event records (7.3) */
#define EVT0_TYPE		GENMASK_ULL(7, 0)
#define   F_UUT			0x01
#define   C_BAD_STREAMID	0x02
#define   F_STE_FETCH		0x03
#define   C_BAD_STE		0x04
#define   F_BAD_ATS_TREQ	0x05
#define   F_STREAM_DISABLED	0x06
#define   F_TRANSL_FORBIDDEN	0x07
#define   C_BAD_SUBSTREAMID	0x08
#define   F_CD_FETCH		0x09
#define   C_BAD_CD		0x0a
#define   F_WALK_EABT		0x0b
#define   F_TRANSLATION		0x10
#define   F_ADDR_SIZE		0x11
#define   F_ACCESS		0x12
#define   F_PERMISSION		0x13
#define   F_TLB_CONFLICT	0x20
#define   F_CFG_CONFLICT	0x21
#define   E_PAGE_REQUEST	0x24
#define   F_VMS_FETCH		0x25
#define EVT0_SSV		BIT_ULL(11)
#define EVT0_SSID		GENMASK_ULL(31, 12)
#define EVT0_SID		GENMASK_ULL(63, 32)
#define EVT1_STAG		GENMASK_ULL(15, 0)
#define EVT1_STALL		BIT_ULL(31)
#define EVT1_PNU		BIT_ULL(33)	/* privileged */
#define EVT1_IND		BIT_ULL(34)	/* instruction fetch */
#define EVT1_RNW		BIT_ULL(35)
#define EVT1_S2			BIT_ULL(39)
#define EVT1_CLASS		GENMASK_ULL(41, 40)
#define   EVT_CLASS_CD		0
#define   EVT_CLASS_TT		1
#define   EVT_CLASS_IN		2
#define EVT2_ADDR		GENMASK_ULL(63, 0)
#define EVT3_IPA		GENMASK_ULL(51, 12)
#define EVT3_FETCH		GENMASK_ULL(51, 3)

/* Page requests (8.1) */
#define PRI0_SID		GENMASK_ULL(31, 0)
#define PRI0_SSID		GENMASK_ULL(51, 32)
#define PRI0_PRIV		BIT_ULL(58)
#define PRI0_EXEC		BIT_ULL(59)
#define PRI0_READ		BIT_ULL(60)
#define PRI0_WRITE		BIT_ULL(61)
#define PRI0_LAST		BIT_ULL(62)
#define PRI0_SSV		BIT_ULL(63)
#define PRI1_PRGINDEX		GENMASK_ULL(8, 0)
#define PRI1_ADDR		GENMASK_ULL(63, 12)

#endif /* _ARM_SMMU3_CMD_H */
