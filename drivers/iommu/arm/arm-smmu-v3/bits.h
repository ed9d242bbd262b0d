/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers and in-memory structures of the SMMUv3, named as the architecture
 * names them (Arm IHI 0070; sections cited are those of issue F).
 *
 * Registers are at offsets from the SMMU's base; SMMU_x_y of the specification
 * is SMMU3_y here.  64-bit words of a structure are numbered: STE2_S2VMID is in
 * the third of a stream table entry.  Commands and events are in cmd.h.
 */
#ifndef _ARM_SMMU3_BITS_H
#define _ARM_SMMU3_BITS_H

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/* Register file (6.1): page 0, and page 1 with the queues that software reads. */
#define SMMU3_PAGE1_OFFSET		0x10000
#define SMMU3_PAGE_SIZE			0x10000
#define SMMU3_REG_SIZE			0xe00

/* SMMU_IDR0 (6.3.1) */
#define SMMU3_IDR0			0x00
#define IDR0_ST_LEVEL			GENMASK(28, 27)
#define   ST_LEVEL_LINEAR		0
#define   ST_LEVEL_2LVL			1
#define IDR0_TERM_MODEL			BIT(26)
#define IDR0_STALL_MODEL		GENMASK(25, 24)
#define   STALL_MODEL_BOTH		0
#define   STALL_MODEL_TERMINATE		1
#define   STALL_MODEL_FORCE		2
#define IDR0_TTENDIAN			GENMASK(22, 21)
#define   TTENDIAN_MIXED		0
#define   TTENDIAN_LE			2
#define   TTENDIAN_BE			3
#define IDR0_CD2L			BIT(19)
#define IDR0_VMID16			BIT(18)
#define IDR0_PRI			BIT(16)
#define IDR0_ATOS			BIT(15)
#define IDR0_SEV			BIT(14)
#define IDR0_MSI			BIT(13)
#define IDR0_ASID16			BIT(12)
#define IDR0_ATS			BIT(10)
#define IDR0_HYP			BIT(9)
#define IDR0_HTTU			GENMASK(7, 6)
#define   HTTU_ACCESS			1
#define   HTTU_ACCESS_DIRTY		2
#define IDR0_BTM			BIT(5)
#define IDR0_COHACC			BIT(4)
#define IDR0_TTF			GENMASK(3, 2)
#define   TTF_AARCH64			BIT(1)
#define IDR0_S1P			BIT(1)
#define IDR0_S2P			BIT(0)

/* SMMU_IDR1 (6.3.2) */
#define SMMU3_IDR1			0x04
#define IDR1_TABLES_PRESET		BIT(30)
#define IDR1_QUEUES_PRESET		BIT(29)
#define IDR1_REL			BIT(28)
#define IDR1_ATTR_TYPES_OVR		BIT(27)
#define IDR1_ATTR_PERMS_OVR		BIT(26)
#define IDR1_CMDQS			GENMASK(25, 21)
#define IDR1_EVENTQS			GENMASK(20, 16)
#define IDR1_PRIQS			GENMASK(15, 11)
#define IDR1_SSIDSIZE			GENMASK(10, 6)
#define IDR1_SIDSIZE			GENMASK(5, 0)

/* SMMU_IDR3 (6.3.4) */
#define SMMU3_IDR3			0x0c
#define IDR3_BBML			GENMASK(12, 11)
#define IDR3_RIL			BIT(10)
#define IDR3_STT			BIT(9)
#define IDR3_FWB			BIT(8)
#define IDR3_XNX			BIT(4)
#define IDR3_HAD			BIT(2)

/* SMMU_IDR5 (6.3.6) */
#define SMMU3_IDR5			0x14
#define IDR5_STALL_MAX			GENMASK(31, 16)
#define IDR5_VAX			GENMASK(11, 10)
#define   VAX_48			0
#define   VAX_52			1
#define IDR5_GRAN64K			BIT(6)
#define IDR5_GRAN16K			BIT(5)
#define IDR5_GRAN4K			BIT(4)
#define IDR5_OAS			GENMASK(2, 0)
/* Also CD0_IPS and STE2_S2PS. */
#define   OAS_32			0
#define   OAS_36			1
#define   OAS_40			2
#define   OAS_42			3
#define   OAS_44			4
#define   OAS_48			5
#define   OAS_52			6

/* SMMU_IIDR (6.3.7) */
#define SMMU3_IIDR			0x18
#define IIDR_PRODUCTID			GENMASK(31, 20)
#define IIDR_VARIANT			GENMASK(19, 16)
#define IIDR_REVISION			GENMASK(15, 12)
#define IIDR_IMPLEMENTER		GENMASK(11, 0)
#define   IMPLEMENTER_ARM		0x43b

/* SMMU_AIDR (6.3.8) */
#define SMMU3_AIDR			0x1c
#define AIDR_MAJOR			GENMASK(7, 4)
#define AIDR_MINOR			GENMASK(3, 0)

/* SMMU_CR0 and SMMU_CR0ACK (6.3.9) */
#define SMMU3_CR0			0x20
#define SMMU3_CR0ACK			0x24
#define CR0_ATSCHK			BIT(4)
#define CR0_CMDQEN			BIT(3)
#define CR0_EVENTQEN			BIT(2)
#define CR0_PRIQEN			BIT(1)
#define CR0_SMMUEN			BIT(0)

/* SMMU_CR1 (6.3.11) */
#define SMMU3_CR1			0x28
#define CR1_QUEUE_IC			GENMASK(1, 0)
#define CR1_QUEUE_OC			GENMASK(3, 2)
#define CR1_QUEUE_SH			GENMASK(5, 4)
#define CR1_TABLE_IC			GENMASK(7, 6)
#define CR1_TABLE_OC			GENMASK(9, 8)
#define CR1_TABLE_SH			GENMASK(11, 10)
/* Shareability and cacheability wherever a structure or table is located. */
#define SH_NSH				0
#define SH_OSH				2
#define SH_ISH				3
#define CR1_CACHE_NC			0
#define CR1_CACHE_WB			1

/* SMMU_CR2 (6.3.12) */
#define SMMU3_CR2			0x2c
#define CR2_PTM				BIT(2)
#define CR2_RECINVSID			BIT(1)
#define CR2_E2H				BIT(0)

/* SMMU_GBPA (6.3.14) */
#define SMMU3_GBPA			0x44
#define GBPA_UPDATE			BIT(31)
#define GBPA_ABORT			BIT(20)
#define GBPA_SHCFG			GENMASK(13, 12)

/* SMMU_IRQ_CTRL and SMMU_IRQ_CTRLACK (6.3.16) */
#define SMMU3_IRQ_CTRL			0x50
#define SMMU3_IRQ_CTRLACK		0x54
#define IRQ_CTRL_EVENTQ_IRQEN		BIT(2)
#define IRQ_CTRL_PRIQ_IRQEN		BIT(1)
#define IRQ_CTRL_GERROR_IRQEN		BIT(0)

/* SMMU_GERROR and SMMU_GERRORN (6.3.18); an error is active where they differ. */
#define SMMU3_GERROR			0x60
#define SMMU3_GERRORN			0x64
#define GERROR_SFM_ERR			BIT(8)
#define GERROR_MSI_GERROR_ABT_ERR	BIT(7)
#define GERROR_MSI_PRIQ_ABT_ERR		BIT(6)
#define GERROR_MSI_EVENTQ_ABT_ERR	BIT(5)
#define GERROR_MSI_CMDQ_ABT_ERR		BIT(4)
#define GERROR_PRIQ_ABT_ERR		BIT(3)
#define GERROR_EVENTQ_ABT_ERR		BIT(2)
#define GERROR_CMDQ_ERR			BIT(0)

/* Where an interrupt's MSI goes (6.3.20 and the like): CFG0 is 64 bits wide. */
#define SMMU3_GERROR_IRQ_CFG0		0x68
#define SMMU3_GERROR_IRQ_CFG1		0x70
#define SMMU3_GERROR_IRQ_CFG2		0x74
#define SMMU3_EVENTQ_IRQ_CFG0		0xb0
#define SMMU3_EVENTQ_IRQ_CFG1		0xb8
#define SMMU3_EVENTQ_IRQ_CFG2		0xbc
#define SMMU3_PRIQ_IRQ_CFG0		0xd0
#define SMMU3_PRIQ_IRQ_CFG1		0xd8
#define SMMU3_PRIQ_IRQ_CFG2		0xdc
#define IRQ_CFG0_ADDR			GENMASK_ULL(51, 2)
#define IRQ_CFG2_SH			GENMASK(5, 4)
#define IRQ_CFG2_MEMATTR		GENMASK(3, 0)
#define   MEMATTR_DEVICE_NGNRE		0x1
#define   MEMATTR_OIWB			0xf

/* SMMU_STRTAB_BASE and SMMU_STRTAB_BASE_CFG (6.3.23, 6.3.24) */
#define SMMU3_STRTAB_BASE		0x80
#define STRTAB_BASE_RA			BIT_ULL(62)
#define STRTAB_BASE_ADDR		GENMASK_ULL(51, 6)
#define SMMU3_STRTAB_BASE_CFG		0x88
#define STRTAB_BASE_CFG_FMT		GENMASK(17, 16)
#define   STRTAB_FMT_LINEAR		0
#define   STRTAB_FMT_2LVL		1
#define STRTAB_BASE_CFG_SPLIT		GENMASK(10, 6)
#define STRTAB_BASE_CFG_LOG2SIZE	GENMASK(5, 0)

/* Queues (6.3.25 to 6.3.33); event and PRI indexes are in page 1. */
#define SMMU3_CMDQ_BASE			0x90
#define SMMU3_CMDQ_PROD			0x98
#define SMMU3_CMDQ_CONS			0x9c
#define SMMU3_EVENTQ_BASE		0xa0
#define SMMU3_EVENTQ_PROD		0xa8	/* of page 1 */
#define SMMU3_EVENTQ_CONS		0xac	/* of page 1 */
#define SMMU3_PRIQ_BASE			0xc0
#define SMMU3_PRIQ_PROD			0xc8	/* of page 1 */
#define SMMU3_PRIQ_CONS			0xcc	/* of page 1 */
#define Q_BASE_RWA			BIT_ULL(62)
#define Q_BASE_ADDR			GENMASK_ULL(51, 5)
#define Q_BASE_LOG2SIZE			GENMASK_ULL(4, 0)
#define Q_OVERFLOW			BIT(31)
#define CMDQ_CONS_ERR			GENMASK(30, 24)
#define   CERROR_NONE			0
#define   CERROR_ILL			1
#define   CERROR_ABT			2
#define   CERROR_ATC_INV_SYNC		3

/* Level 1 stream table descriptor (5.1) */
#define L1STD_SPAN			GENMASK_ULL(4, 0)
#define L1STD_L2PTR			GENMASK_ULL(51, 6)

/* A second-level stream table of ours: what one page holds. */
#define STE_SPLIT			8
#define STES_PER_L2			BIT(STE_SPLIT)

/* Stream table entry (5.2) */
#define STE_QWORDS			8
#define STE0_V				BIT_ULL(0)
#define STE0_CONFIG			GENMASK_ULL(3, 1)
#define   STE_CONFIG_ABORT		0
#define   STE_CONFIG_BYPASS		4
#define   STE_CONFIG_S1			5
#define   STE_CONFIG_S2			6
#define STE0_S1FMT			GENMASK_ULL(5, 4)
#define   S1FMT_LINEAR			0
#define   S1FMT_64K_L2			2
#define STE0_S1CONTEXTPTR		GENMASK_ULL(51, 6)
#define STE0_S1CDMAX			GENMASK_ULL(63, 59)

#define STE1_S1DSS			GENMASK_ULL(1, 0)
#define   S1DSS_TERMINATE		0
#define   S1DSS_BYPASS			1
#define   S1DSS_SSID0			2
#define STE1_S1CIR			GENMASK_ULL(3, 2)
#define STE1_S1COR			GENMASK_ULL(5, 4)
#define   S1C_NC			0
#define   S1C_WBRA			1
#define STE1_S1CSH			GENMASK_ULL(7, 6)
#define STE1_MEV			BIT_ULL(19)
#define STE1_S2FWB			BIT_ULL(25)
#define STE1_S1STALLD			BIT_ULL(27)
#define STE1_EATS			GENMASK_ULL(29, 28)
#define   EATS_ABORT			0
#define   EATS_TRANSLATE		1
#define STE1_STRW			GENMASK_ULL(31, 30)
#define   STRW_NSEL1			0
#define   STRW_NSEL2			2
#define STE1_SHCFG			GENMASK_ULL(45, 44)
#define   SHCFG_INCOMING		1
#define STE1_PRIVCFG			GENMASK_ULL(49, 48)
#define   PRIVCFG_UNPRIV		2

#define STE2_S2VMID			GENMASK_ULL(15, 0)
#define STE2_S2T0SZ			GENMASK_ULL(37, 32)
#define STE2_S2SL0			GENMASK_ULL(39, 38)
#define STE2_S2IR0			GENMASK_ULL(41, 40)
#define STE2_S2OR0			GENMASK_ULL(43, 42)
#define STE2_S2SH0			GENMASK_ULL(45, 44)
#define STE2_S2TG			GENMASK_ULL(47, 46)
#define STE2_S2PS			GENMASK_ULL(50, 48)
#define STE2_S2AA64			BIT_ULL(51)
#define STE2_S2ENDI			BIT_ULL(52)
#define STE2_S2AFFD			BIT_ULL(53)
#define STE2_S2PTW			BIT_ULL(54)
#define STE2_S2HD			BIT_ULL(55)
#define STE2_S2HA			BIT_ULL(56)
#define STE2_S2S			BIT_ULL(57)
#define STE2_S2R			BIT_ULL(58)

#define STE3_S2TTB			GENMASK_ULL(51, 4)

/* Level 1 context descriptor (5.3) */
#define L1CD_V				BIT_ULL(0)
#define L1CD_L2PTR			GENMASK_ULL(51, 12)

/* A second-level CD table: S1FMT_64K_L2. */
#define CD_SPLIT			10
#define CDS_PER_L2			BIT(CD_SPLIT)

/* Context descriptor (5.4) */
#define CD_QWORDS			8
#define CD0_T0SZ			GENMASK_ULL(5, 0)
#define CD0_TG0				GENMASK_ULL(7, 6)
#define   TG_4K				0
#define   TG_64K			1
#define   TG_16K			2
#define CD0_IR0				GENMASK_ULL(9, 8)
#define CD0_OR0				GENMASK_ULL(11, 10)
#define   WALK_NC			0
#define   WALK_WBRA			1
#define CD0_SH0				GENMASK_ULL(13, 12)
#define CD0_EPD0			BIT_ULL(14)
#define CD0_ENDI			BIT_ULL(15)
#define CD0_EPD1			BIT_ULL(30)
#define CD0_V				BIT_ULL(31)
#define CD0_IPS				GENMASK_ULL(34, 32)
#define CD0_AFFD			BIT_ULL(35)
#define CD0_AA64			BIT_ULL(41)
#define CD0_HD				BIT_ULL(42)
#define CD0_HA				BIT_ULL(43)
#define CD0_S				BIT_ULL(44)
#define CD0_R				BIT_ULL(45)
#define CD0_A				BIT_ULL(46)
#define CD0_ASET			BIT_ULL(47)
#define CD0_ASID			GENMASK_ULL(63, 48)
#define CD1_TTB0			GENMASK_ULL(51, 4)
/* qword 3: MAIR */

/**
 * struct smmu3_ste - stream table entry
 * @qw: little-endian
 */
struct smmu3_ste {
	__le64 qw[STE_QWORDS];
};

/**
 * struct smmu3_cd - context descriptor
 * @qw: little-endian
 */
struct smmu3_cd {
	__le64 qw[CD_QWORDS];
};

static_assert(sizeof(struct smmu3_ste) == 64);
static_assert(sizeof(struct smmu3_cd) == 64);

#endif /* _ARM_SMMU3_BITS_H */
