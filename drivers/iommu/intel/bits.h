/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of the VT-d hardware: registers, table entries, queue descriptors
 * and fault records, as the "Intel Virtualization Technology for Directed I/O
 * Architecture Specification" names them (section numbers are of revision 4.1).
 *
 * Laws: nothing but constants, layouts and field accessors lives here; no
 * kernel object is known; every layout's size is asserted.
 *
 * Names: VTD_x_REG is a register's offset; x_FIELD is a field's mask inside the
 * register or entry x; cap_x(), ecap_x() decode the capability registers.
 * Entries are kept in CPU order (VT-d is little endian, and so is x86).
 */
#ifndef _INTEL_VTD_BITS_H
#define _INTEL_VTD_BITS_H

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/* VT-d pages are 4 KiB whatever the CPU's page size is (3.6). */
#define VTD_PAGE_SHIFT		12
#define VTD_PAGE_SIZE		BIT_ULL(VTD_PAGE_SHIFT)
#define VTD_PAGE_MASK		GENMASK_ULL(63, VTD_PAGE_SHIFT)

/* Register offsets (11.4, table 11-1). */
#define VTD_VER_REG		0x000
#define VTD_CAP_REG		0x008
#define VTD_ECAP_REG		0x010
#define VTD_GCMD_REG		0x018
#define VTD_GSTS_REG		0x01c
#define VTD_RTADDR_REG		0x020
#define VTD_CCMD_REG		0x028
#define VTD_FSTS_REG		0x034
#define VTD_FECTL_REG		0x038
#define VTD_FEDATA_REG		0x03c
#define VTD_FEADDR_REG		0x040
#define VTD_FEUADDR_REG		0x044
#define VTD_PMEN_REG		0x064
#define VTD_PLMBASE_REG		0x068
#define VTD_PLMLIMIT_REG	0x06c
#define VTD_PHMBASE_REG		0x070
#define VTD_PHMLIMIT_REG	0x078
#define VTD_IQH_REG		0x080
#define VTD_IQT_REG		0x088
#define VTD_IQA_REG		0x090
#define VTD_ICS_REG		0x09c
#define VTD_IECTL_REG		0x0a0
#define VTD_IEDATA_REG		0x0a4
#define VTD_IEADDR_REG		0x0a8
#define VTD_IEUADDR_REG		0x0ac
#define VTD_IQERCD_REG		0x0b0
#define VTD_IRTA_REG		0x0b8
#define VTD_PQH_REG		0x0c0
#define VTD_PQT_REG		0x0c8
#define VTD_PQA_REG		0x0d0
#define VTD_PRS_REG		0x0dc
#define VTD_PECTL_REG		0x0e0
#define VTD_PEDATA_REG		0x0e4
#define VTD_PEADDR_REG		0x0e8
#define VTD_PEUADDR_REG		0x0ec
#define VTD_ECCAP0_REG		0x430
#define VTD_VCCAP_REG		0xe30
#define VTD_VCMD_REG		0xe00
#define VTD_VCRSP_REG		0xe10

/* An MSI register block is control, data, address, upper address (11.4.7.5). */
#define VTD_MSI_DATA		0x4
#define VTD_MSI_ADDR		0x8
#define VTD_MSI_UADDR		0xc

/* Version register (11.4.1). */
#define VER_MINOR		GENMASK(3, 0)
#define VER_MAJOR		GENMASK(7, 4)

/* Capability register (11.4.2). */
#define cap_nd(c)		FIELD_GET(GENMASK_ULL(2, 0), (c))
#define cap_ndoms(c)		(1UL << (4 + 2 * cap_nd(c)))
#define cap_afl(c)		FIELD_GET(BIT_ULL(3), (c))
#define cap_rwbf(c)		FIELD_GET(BIT_ULL(4), (c))
#define cap_plmr(c)		FIELD_GET(BIT_ULL(5), (c))
#define cap_phmr(c)		FIELD_GET(BIT_ULL(6), (c))
#define cap_cm(c)		FIELD_GET(BIT_ULL(7), (c))
#define cap_sagaw(c)		FIELD_GET(GENMASK_ULL(12, 8), (c))
#define cap_mgaw(c)		(FIELD_GET(GENMASK_ULL(21, 16), (c)) + 1)
#define cap_zlr(c)		FIELD_GET(BIT_ULL(22), (c))
#define cap_fro(c)		(FIELD_GET(GENMASK_ULL(33, 24), (c)) * 16)
#define cap_sslps(c)		FIELD_GET(GENMASK_ULL(37, 34), (c))
#define cap_psi(c)		FIELD_GET(BIT_ULL(39), (c))
#define cap_nfr(c)		(FIELD_GET(GENMASK_ULL(47, 40), (c)) + 1)
#define cap_mamv(c)		FIELD_GET(GENMASK_ULL(53, 48), (c))
#define cap_dwd(c)		FIELD_GET(BIT_ULL(54), (c))
#define cap_drd(c)		FIELD_GET(BIT_ULL(55), (c))
#define cap_fs1gp(c)		FIELD_GET(BIT_ULL(56), (c))
#define cap_pi(c)		FIELD_GET(BIT_ULL(59), (c))
#define cap_fs5lp(c)		FIELD_GET(BIT_ULL(60), (c))
#define cap_ecmds(c)		FIELD_GET(BIT_ULL(61), (c))
#define cap_esirtps(c)		FIELD_GET(BIT_ULL(62), (c))
#define cap_esrtps(c)		FIELD_GET(BIT_ULL(63), (c))

/* cap_sagaw() and the AW fields: address widths by number of levels. */
#define SAGAW_39		BIT(1)		/* 3 levels */
#define SAGAW_48		BIT(2)		/* 4 levels */
#define SAGAW_57		BIT(3)		/* 5 levels */
#define AW_OF_LEVELS(levels)	((levels) - 2)
#define LEVELS_OF_AW(aw)	((aw) + 2)
#define WIDTH_OF_LEVELS(levels)	(VTD_PAGE_SHIFT + 9 * (levels))

/* cap_sslps(): second-stage large pages. */
#define SSLPS_2M		BIT(0)
#define SSLPS_1G		BIT(1)

/* Extended capability register (11.4.3). */
#define ecap_c(e)		FIELD_GET(BIT_ULL(0), (e))
#define ecap_qi(e)		FIELD_GET(BIT_ULL(1), (e))
#define ecap_dt(e)		FIELD_GET(BIT_ULL(2), (e))
#define ecap_ir(e)		FIELD_GET(BIT_ULL(3), (e))
#define ecap_eim(e)		FIELD_GET(BIT_ULL(4), (e))
#define ecap_pt(e)		FIELD_GET(BIT_ULL(6), (e))
#define ecap_sc(e)		FIELD_GET(BIT_ULL(7), (e))
#define ecap_iro(e)		(FIELD_GET(GENMASK_ULL(17, 8), (e)) * 16)
#define ecap_mhmv(e)		FIELD_GET(GENMASK_ULL(23, 20), (e))
#define ecap_mts(e)		FIELD_GET(BIT_ULL(25), (e))
#define ecap_nest(e)		FIELD_GET(BIT_ULL(26), (e))
#define ecap_prs(e)		FIELD_GET(BIT_ULL(29), (e))
#define ecap_ers(e)		FIELD_GET(BIT_ULL(30), (e))
#define ecap_srs(e)		FIELD_GET(BIT_ULL(31), (e))
#define ecap_nwfs(e)		FIELD_GET(BIT_ULL(33), (e))
#define ecap_eafs(e)		FIELD_GET(BIT_ULL(34), (e))
#define ecap_pss(e)		FIELD_GET(GENMASK_ULL(39, 35), (e))
#define ecap_pasid(e)		FIELD_GET(BIT_ULL(40), (e))
#define ecap_dit(e)		FIELD_GET(BIT_ULL(41), (e))
#define ecap_pds(e)		FIELD_GET(BIT_ULL(42), (e))
#define ecap_smts(e)		FIELD_GET(BIT_ULL(43), (e))
#define ecap_vcs(e)		FIELD_GET(BIT_ULL(44), (e))
#define ecap_ssads(e)		FIELD_GET(BIT_ULL(45), (e))
#define ecap_ssts(e)		FIELD_GET(BIT_ULL(46), (e))
#define ecap_fsts(e)		FIELD_GET(BIT_ULL(47), (e))
#define ecap_smpwcs(e)		FIELD_GET(BIT_ULL(48), (e))
#define ecap_rps(e)		FIELD_GET(BIT_ULL(49), (e))
#define ecap_pms(e)		FIELD_GET(BIT_ULL(51), (e))
#define ecap_adms(e)		FIELD_GET(BIT_ULL(52), (e))
#define ecap_rprivs(e)		FIELD_GET(BIT_ULL(53), (e))

/* Global command and status registers: same positions (11.4.4). */
#define GCMD_TE			BIT(31)
#define GCMD_SRTP		BIT(30)
#define GCMD_WBF		BIT(27)
#define GCMD_QIE		BIT(26)
#define GCMD_IRE		BIT(25)
#define GCMD_SIRTP		BIT(24)
#define GCMD_CFI		BIT(23)
#define GSTS_TES		BIT(31)
#define GSTS_RTPS		BIT(30)
#define GSTS_WBFS		BIT(27)
#define GSTS_QIES		BIT(26)
#define GSTS_IRES		BIT(25)
#define GSTS_IRTPS		BIT(24)
#define GSTS_CFIS		BIT(23)

/* Root table address register (11.4.5). */
#define RTADDR_RTA		GENMASK_ULL(63, 12)
#define RTADDR_TTM		GENMASK_ULL(11, 10)
#define TTM_LEGACY		0
#define TTM_SCALABLE		1
#define TTM_ABORT		3

/* Context command register (11.4.6.1); granularities also of cc descriptors. */
#define CCMD_ICC		BIT_ULL(63)
#define CCMD_CIRG		GENMASK_ULL(62, 61)
#define CCMD_CAIG		GENMASK_ULL(60, 59)
#define CCMD_FM			GENMASK_ULL(33, 32)
#define CCMD_SID		GENMASK_ULL(31, 16)
#define CCMD_DID		GENMASK_ULL(15, 0)
#define CC_GRAN_GLOBAL		1
#define CC_GRAN_DOMAIN		2
#define CC_GRAN_DEVICE		3

/* IOTLB registers at ecap_iro(): IVA then IOTLB (11.4.6.2, 11.4.6.3). */
#define VTD_IVA_OFFSET		0x0
#define VTD_IOTLB_OFFSET	0x8
#define IVA_ADDR		GENMASK_ULL(63, 12)
#define IVA_IH			BIT_ULL(6)
#define IVA_AM			GENMASK_ULL(5, 0)
#define IOTLB_IVT		BIT_ULL(63)
#define IOTLB_IIRG		GENMASK_ULL(61, 60)
#define IOTLB_IAIG		GENMASK_ULL(58, 57)
#define IOTLB_DR		BIT_ULL(49)
#define IOTLB_DW		BIT_ULL(48)
#define IOTLB_DID		GENMASK_ULL(47, 32)
#define IOTLB_GRAN_GLOBAL	1
#define IOTLB_GRAN_DOMAIN	2
#define IOTLB_GRAN_PAGE		3

/* Fault status and control registers (11.4.7). */
#define FSTS_PFO		BIT(0)
#define FSTS_PPF		BIT(1)
#define FSTS_IQE		BIT(4)
#define FSTS_ICE		BIT(5)
#define FSTS_ITE		BIT(6)
#define FSTS_PRO		BIT(7)
#define FSTS_FRI		GENMASK(15, 8)
#define FECTL_IM		BIT(31)
#define FECTL_IP		BIT(30)

/* Fault recording registers at cap_fro(), 16 bytes each (11.4.14). */
#define VTD_FRCD_SIZE		16
#define FRCD_LO_FI		GENMASK_ULL(63, 12)
#define FRCD_LO_IR_INDEX	GENMASK_ULL(63, 48)
#define FRCD_HI_SID		GENMASK_ULL(15, 0)
#define FRCD_HI_T2		BIT_ULL(28)
#define FRCD_HI_PRIV		BIT_ULL(29)
#define FRCD_HI_EXE		BIT_ULL(30)
#define FRCD_HI_PP		BIT_ULL(31)
#define FRCD_HI_FR		GENMASK_ULL(39, 32)
#define FRCD_HI_PV		GENMASK_ULL(59, 40)
#define FRCD_HI_AT		GENMASK_ULL(61, 60)
#define FRCD_HI_T1		BIT_ULL(62)
#define FRCD_HI_F		BIT_ULL(63)

/* Protected memory enable register (11.4.8.1). */
#define PMEN_EPM		BIT(31)
#define PMEN_PRS		BIT(0)

/* Invalidation queue registers (11.4.9). */
#define IQA_ADDR		GENMASK_ULL(63, 12)
#define IQA_DW			BIT_ULL(11)
#define IQA_QS			GENMASK_ULL(2, 0)
#define ICS_IWC			BIT(0)
#define IQERCD_IQEI		GENMASK_ULL(3, 0)
#define IQERCD_ITESID		GENMASK_ULL(47, 32)
#define IQERCD_ICESID		GENMASK_ULL(63, 48)

/* Interrupt remapping table address register (11.4.10). */
#define IRTA_ADDR		GENMASK_ULL(63, 12)
#define IRTA_EIME		BIT_ULL(11)
#define IRTA_S			GENMASK_ULL(3, 0)

/* Root entry: one per bus; lo alone in legacy mode (9.1, 9.2). */
struct root_entry {
	u64 lo;			/* devices 0-31, or 0-15 in scalable mode */
	u64 hi;			/* scalable mode: devices 16-31 */
};

static_assert(sizeof(struct root_entry) == 16);

#define ROOT_P			BIT_ULL(0)
#define ROOT_CTP		GENMASK_ULL(63, 12)

/* Legacy-mode context entry (9.3). */
struct context_entry {
	u64 lo;
	u64 hi;
};

static_assert(sizeof(struct context_entry) == 16);

#define CTX_LO_P		BIT_ULL(0)
#define CTX_LO_FPD		BIT_ULL(1)
#define CTX_LO_TT		GENMASK_ULL(3, 2)
#define CTX_LO_SSPTPTR		GENMASK_ULL(63, 12)
#define CTX_HI_AW		GENMASK_ULL(2, 0)
#define CTX_HI_DID		GENMASK_ULL(23, 8)
#define TT_UNTRANSLATED		0	/* untranslated requests only */
#define TT_DEV_TLB		1	/* and translation/translated requests */
#define TT_PASSTHROUGH		2

/* Scalable-mode context entry (9.4). */
struct sm_context_entry {
	u64 qw[4];
};

static_assert(sizeof(struct sm_context_entry) == 32);

#define SMCTX0_P		BIT_ULL(0)
#define SMCTX0_FPD		BIT_ULL(1)
#define SMCTX0_DTE		BIT_ULL(2)
#define SMCTX0_PASIDE		BIT_ULL(3)
#define SMCTX0_PRE		BIT_ULL(4)
#define SMCTX0_PDTS		GENMASK_ULL(11, 9)
#define SMCTX0_PASIDDIRPTR	GENMASK_ULL(63, 12)
#define SMCTX1_RID_PASID	GENMASK_ULL(19, 0)
#define SMCTX1_RID_PRIV		BIT_ULL(20)

/* PDTS X: the PASID directory has 2^(X + 7) entries (9.4). */
#define PDTS_MIN_SHIFT		7
#define PASID_BITS_MAX		20

/* Scalable-mode PASID directory entry (9.5). */
struct pasid_dir_entry {
	u64 val;
};

static_assert(sizeof(struct pasid_dir_entry) == 8);

#define PDE_P			BIT_ULL(0)
#define PDE_FPD			BIT_ULL(1)
#define PDE_SMPTBLPTR		GENMASK_ULL(63, 12)
#define PASID_TABLE_SHIFT	6	/* entries of a table, as a shift */

/* Scalable-mode PASID table entry (9.6). */
struct pasid_entry {
	u64 qw[8];
};

static_assert(sizeof(struct pasid_entry) == 64);
static_assert(sizeof(struct pasid_entry) << PASID_TABLE_SHIFT == VTD_PAGE_SIZE);

#define PE0_P			BIT_ULL(0)
#define PE0_FPD			BIT_ULL(1)
#define PE0_AW			GENMASK_ULL(4, 2)
#define PE0_SSEE		BIT_ULL(5)
#define PE0_PGTT		GENMASK_ULL(8, 6)
#define PE0_SSADE		BIT_ULL(9)
#define PE0_SSPTPTR		GENMASK_ULL(63, 12)
#define PE1_DID			GENMASK_ULL(15, 0)
#define PE1_PWSNP		BIT_ULL(23)
#define PE1_PGSNP		BIT_ULL(24)
#define PE1_CD			BIT_ULL(25)
#define PE1_EMTE		BIT_ULL(26)
#define PE1_PAT			GENMASK_ULL(63, 32)
#define PE2_SRE			BIT_ULL(0)
#define PE2_ERE			BIT_ULL(1)
#define PE2_FSPM		GENMASK_ULL(3, 2)
#define PE2_WPE			BIT_ULL(4)
#define PE2_NXE			BIT_ULL(5)
#define PE2_SMEP		BIT_ULL(6)
#define PE2_EAFE		BIT_ULL(7)
#define PE2_FSPTPTR		GENMASK_ULL(63, 12)
#define PGTT_FIRST_STAGE	1
#define PGTT_SECOND_STAGE	2
#define PGTT_NESTED		3
#define PGTT_PASSTHROUGH	4
#define FSPM_4LEVEL		0
#define FSPM_5LEVEL		1

/* Invalidation queue descriptor: 128 bits, or 256 when IQA.DW is set (6.5.2). */
struct qi_desc {
	u64 qw[4];
};

static_assert(sizeof(struct qi_desc) == 32);

#define QI_TYPE			GENMASK_ULL(3, 0)
#define QI_CC			0x1	/* cc_inv_dsc			6.5.2.1 */
#define QI_IOTLB		0x2	/* iotlb_inv_dsc		6.5.2.3 */
#define QI_DEV_TLB		0x3	/* dev_tlb_inv_dsc		6.5.2.5 */
#define QI_IEC			0x4	/* iec_inv_dsc			6.5.2.7 */
#define QI_WAIT			0x5	/* inv_wait_dsc			6.5.2.8 */
#define QI_P_IOTLB		0x6	/* p_iotlb_inv_dsc		6.5.2.4 */
#define QI_PC			0x7	/* pc_inv_dsc			6.5.2.2 */
#define QI_P_DEV_TLB		0x8	/* p_dev_tlb_inv_dsc		6.5.2.6 */
#define QI_PGRP_RESP		0x9	/* page_grp_resp_dsc		7.7.1 */

#define QI_CC_GRAN		GENMASK_ULL(5, 4)	/* CC_GRAN_x */
#define QI_CC_DID		GENMASK_ULL(31, 16)
#define QI_CC_SID		GENMASK_ULL(47, 32)
#define QI_CC_FM		GENMASK_ULL(49, 48)

#define QI_IOTLB_GRAN		GENMASK_ULL(5, 4)	/* IOTLB_GRAN_x */
#define QI_IOTLB_DW		BIT_ULL(6)
#define QI_IOTLB_DR		BIT_ULL(7)
#define QI_IOTLB_DID		GENMASK_ULL(31, 16)
#define QI_IOTLB_AM		GENMASK_ULL(5, 0)	/* qw[1] from here */
#define QI_IOTLB_IH		BIT_ULL(6)
#define QI_IOTLB_ADDR		GENMASK_ULL(63, 12)

#define QI_DEV_TLB_PFSID_LO	GENMASK_ULL(15, 12)
#define QI_DEV_TLB_MIP		GENMASK_ULL(20, 16)
#define QI_DEV_TLB_SID		GENMASK_ULL(47, 32)
#define QI_DEV_TLB_PFSID_HI	GENMASK_ULL(63, 52)
#define QI_DEV_TLB_S		BIT_ULL(0)		/* qw[1] from here */
#define QI_DEV_TLB_ADDR		GENMASK_ULL(63, 12)

#define QI_IEC_GRAN		BIT_ULL(4)		/* set: by index */
#define QI_IEC_IM		GENMASK_ULL(31, 27)
#define QI_IEC_IIDX		GENMASK_ULL(47, 32)

#define QI_WAIT_IF		BIT_ULL(4)
#define QI_WAIT_SW		BIT_ULL(5)
#define QI_WAIT_FN		BIT_ULL(6)
#define QI_WAIT_PD		BIT_ULL(7)
#define QI_WAIT_DATA		GENMASK_ULL(63, 32)
#define QI_WAIT_ADDR		GENMASK_ULL(63, 2)	/* qw[1] */

#define QI_P_IOTLB_GRAN		GENMASK_ULL(5, 4)
#define QI_P_IOTLB_DID		GENMASK_ULL(31, 16)
#define QI_P_IOTLB_PASID	GENMASK_ULL(51, 32)
#define QI_P_IOTLB_AM		GENMASK_ULL(5, 0)	/* qw[1] from here */
#define QI_P_IOTLB_IH		BIT_ULL(6)
#define QI_P_IOTLB_ADDR		GENMASK_ULL(63, 12)
#define P_IOTLB_GRAN_PASID	2
#define P_IOTLB_GRAN_PAGE	3

#define QI_PC_GRAN		GENMASK_ULL(5, 4)
#define QI_PC_DID		GENMASK_ULL(31, 16)
#define QI_PC_PASID		GENMASK_ULL(51, 32)
#define PC_GRAN_DOMAIN		0	/* all PASIDs of a domain */
#define PC_GRAN_PASID		1
#define PC_GRAN_GLOBAL		3

#define QI_P_DEV_TLB_MIP	GENMASK_ULL(8, 4)
#define QI_P_DEV_TLB_PFSID_LO	GENMASK_ULL(15, 12)
#define QI_P_DEV_TLB_SID	GENMASK_ULL(31, 16)
#define QI_P_DEV_TLB_PASID	GENMASK_ULL(51, 32)
#define QI_P_DEV_TLB_PFSID_HI	GENMASK_ULL(63, 52)
#define QI_P_DEV_TLB_G		BIT_ULL(0)		/* qw[1] from here */
#define QI_P_DEV_TLB_S		BIT_ULL(11)
#define QI_P_DEV_TLB_ADDR	GENMASK_ULL(63, 12)

/* Interrupt remapping table entry: remapped and posted format (9.10, 9.11). */
#define IRTE0_P			BIT_ULL(0)
#define IRTE0_FPD		BIT_ULL(1)
#define IRTE0_DM		BIT_ULL(2)
#define IRTE0_RH		BIT_ULL(3)
#define IRTE0_TM		BIT_ULL(4)
#define IRTE0_DLM		GENMASK_ULL(7, 5)
#define IRTE0_AVAIL		GENMASK_ULL(11, 8)
#define IRTE0_URG		BIT_ULL(14)		/* posted */
#define IRTE0_IM		BIT_ULL(15)		/* set: posted */
#define IRTE0_V			GENMASK_ULL(23, 16)
#define IRTE0_DST		GENMASK_ULL(63, 32)	/* remapped */
#define IRTE0_PDAL		GENMASK_ULL(63, 38)	/* posted */
#define IRTE1_SID		GENMASK_ULL(15, 0)
#define IRTE1_SQ		GENMASK_ULL(17, 16)
#define IRTE1_SVT		GENMASK_ULL(19, 18)
#define IRTE1_PDAH		GENMASK_ULL(63, 32)	/* posted */

#endif /* _INTEL_VTD_BITS_H */
