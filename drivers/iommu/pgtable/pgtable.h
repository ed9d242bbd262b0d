/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O page tables: glossary, rules, and what drivers call.
 *
 * This folder builds and walks the tables that IOMMU hardware reads.  It knows
 * no device, no domain and no TLB.  Each format is a source file of its own
 * (vtd_ss.c, x86_fs.c, ...) in which the walker of walk.h and ops.h is compiled
 * against the bits of one format, so no pointer is called through per entry.
 *
 * Glossary, one meaning per word:
 *
 *  iova	address a device uses; input of the table
 *  paddr	address in memory; output of the table
 *  last, end	last is inclusive, end is exclusive
 *  granule	size of the smallest page and of one table: 4K on x86; 4K, 16K or
 *		64K on Arm, whatever the CPU's page size
 *  table	one granule of entries
 *  entry	64 bits of a table: empty (zero), a leaf, or a link
 *  leaf	an entry that maps one page, or one of the entries of a page that
 *		has several: an aligned group in one table, which is written and
 *		cleared together, and never split (FMT_CONT)
 *  link	an entry that holds the address of a table one level below
 *  level	0 for tables whose leaves map a granule, counted up to the top
 *  levels	how many levels a walk visits; the top table is at levels - 1
 *  tops	tables at the top, one behind the other, where a format allows more
 *		than one (FMT_TOPS_SHIFT): that saves a level
 *  span	bytes of iova behind an entry, or behind all entries of a table
 *  pgsize	size of a page: a bit of pgsize_bitmap
 *  run	consecutive entries of one table handled in one go
 *  coherent	hardware snoops CPU caches when it walks.  If not, every line of
 *		entries that changed is flushed before the operation returns, and
 *		a table is flushed before the link to it is written
 *  detach	take a table out by clearing its link; it is freed later
 *
 * Rules:
 *
 *  1. Callers serialise operations whose ranges overlap.  Operations on disjoint
 *     ranges run at the same time without locks, sharing tables: links are
 *     installed by compare-and-exchange, leaves by plain stores.
 *  2. A table leaves the structure only through an operation whose range covers
 *     all of the table's span, so by rule 1 nobody else is below it.
 *  3. A detached table is not freed here before hardware has forgotten it:
 *     unmap hands it back on gather->freelist, map hands it to pgt->sync().
 *  4. Unmap does not allocate, sleep or lock, and works in any context.
 *  5. What map did before it failed stays mapped, and *mapped tells how much.
 *
 * Writing a format: a format header (see vtd_ss.h, the shortest) defines, before
 * it is followed by ops.h in the format's source file,
 *
 *  FMT_GRANULE_SHIFT	log2 of the granule
 *  FMT_LEVEL_SHIFT	log2 of the entries of a table
 *  FMT_MIN_LEVELS, FMT_MAX_LEVELS, FMT_USUAL_LEVELS
 *			the range, and the number that descents are written for;
 *			the others differ from it by one at most
 *  FMT_PGSIZES		every leaf size that the format can express
 *  FMT_ADDR_MASK	the address bits of leaves and links
 *  FMT_LINKED		a bit that hardware ignores in links.  Set in every link that
 *			memory is known to hold, never in a leaf: the hot path of a
 *			descent tests this bit and nothing else
 *  FMT_DIRTY_BIT	number of the leaf bit that hardware sets on a write
 *  fmt_check()		refuses parameters that the format cannot do; -EINVAL
 *  fmt_leaf_bits()	leaf bits that follow from the parameters, for all leaves
 *  fmt_prot()		leaf bits for IOMMU_READ etc., without address; 0: impossible
 *  fmt_level_bits()	leaf bits that depend on the level (a page-size bit)
 *  fmt_link()		the link to a table, without FMT_LINKED
 *  fmt_is_leaf()	whether a non-empty entry of this level is a leaf
 *
 * all of them pure, and static_asserts of its geometry.  What few formats have is
 * left out by the others, and costs them nothing:
 *
 *  FMT_TOPS_SHIFT	log2 of the most tables at the top
 *  FMT_ADDR_HIGH	entry bits for the address bits that FMT_ADDR_MASK lacks, and
 *  FMT_ADDR_HIGH_SHIFT	how much further up these are in the address
 *  FMT_CONT		the bit that leaves of pages with several entries have, and
 *  fmt_cont_shift()	log2 of how many these are, for each level
 *  FMT_DIRTY_IF	the bit without which a leaf has no dirty state, and
 *  FMT_DIRTY_INVERTED	1 if hardware clears FMT_DIRTY_BIT on a write, else 0
 *
 * Then *_test.c includes the same header, states some entries bit by bit, and
 * includes format_test.h.
 */
#ifndef __IOMMU_PGTABLE_H
#define __IOMMU_PGTABLE_H

#include <linux/list.h>
#include <linux/types.h>

struct iommu_dirty_bitmap;
struct iommu_iotlb_gather;
struct pgt;
struct scatterlist;

/**
 * typedef pgt_sync_fn - make hardware forget tables that a map detached
 * @pgt: the page table
 * @iova: first address of the range
 * @len: bytes of the range
 * @freelist: pages of detached tables, linked by page->lru; empty on return
 *
 * The links are cleared in memory already.  The function invalidates IOTLB and
 * paging-structure caches for the range wherever @pgt is in use, waits, and
 * frees the tables with iommu_put_pages_list().  Called by FMT_map() and
 * FMT_map_sg() in their caller's context, before the large page is written.
 */
typedef void (*pgt_sync_fn)(struct pgt *pgt, unsigned long iova, size_t len,
			    struct list_head *freelist);

/**
 * struct pgt_params - what a new page table shall be like
 * @pgsize_bitmap: allowed page sizes, a subset of the format's, with the granule
 * @sync: see &pgt_sync_fn.  If NULL, large pages are never put over existing
 *	tables; smaller pages are written to them instead
 * @nid: NUMA node of the tables, or NUMA_NO_NODE
 * @iova_bits: iova is below 1 << iova_bits.  At most what @levels translate;
 *	for x86_fs one less, as only the lower canonical half is used.  For arm_*
 *	64 - T0SZ: 31 to 48 with granules of 4K, 26 to 48 of 16K, 30 to 52 of 64K
 * @paddr_bits: paddr is below 1 << paddr_bits, at most 52; for arm_* with granules
 *	of 4K and 16K at most 48 (there is no FEAT_LPA2 here)
 * @levels: levels of a walk: vtd_ss 3, 4, 5; x86_fs 4, 5.  For arm_* they follow
 *	from @iova_bits (arm_lpae.h), and 0 asks for that
 * @coherent: hardware snoops the CPU caches when it walks
 * @dirty: arm_*: hardware keeps dirty state (TCR.HD, S2HD): DBM is set in writable
 *	leaves.  They are born dirty.  Only with @coherent, because what hardware
 *	writes behind the CPU's caches cannot be read back
 * @force_snoop: vtd_ss: every leaf has SNP set (ECAP.SC; VT-d 9.8)
 * @noexec: x86_fs: IOMMU_NOEXEC sets XD, which is reserved unless the PASID
 *	entry has NXE set (VT-d 9.6)
 * @supervisor: x86_fs: IOMMU_PRIV clears U/S, which only makes sense when the
 *	PASID entry allows supervisor requests (SRE, VT-d 9.6)
 */
struct pgt_params {
	unsigned long pgsize_bitmap;
	pgt_sync_fn sync;
	int nid;
	u8 iova_bits;
	u8 paddr_bits;
	u8 levels;
	bool coherent;
	bool dirty;
	bool force_snoop;
	bool noexec;
	bool supervisor;
};

/**
 * struct pgt - a page table, embedded in a driver's domain
 * @top: the top table or tables, aligned to what they take together; the
 *	physical address goes to hardware
 * @iova_last: highest iova
 * @paddr_last: highest paddr
 * @pgsize_bitmap: page sizes in use
 * @leaf_bits: set in every leaf
 * @sync: see &pgt_sync_fn
 * @nid: NUMA node of the tables
 * @levels: levels of a walk
 * @coherent: hardware snoops the CPU caches when it walks
 * @noexec: see &struct pgt_params
 * @supervisor: see &struct pgt_params
 * @dirty: see &struct pgt_params
 *
 * Nothing here changes between FMT_init() and FMT_free(), with the exception of
 * vtd_ss_force_snoop(); no lock is needed to read it.
 */
struct pgt {
	u64 *top;
	unsigned long iova_last;
	u64 paddr_last;
	unsigned long pgsize_bitmap;
	u64 leaf_bits;
	pgt_sync_fn sync;
	int nid;
	u8 levels;
	bool coherent;
	bool noexec;
	bool supervisor;
	bool dirty;
};

/*
 * What every format exports, with FMT for its name:
 *
 * int FMT_init(pgt, params)
 *	Make an empty table.  May sleep.  Return: 0, -EINVAL for parameters that
 *	the format cannot do, -ENOMEM.
 *
 * void FMT_free(pgt)
 *	Free all tables, mapped or not.  No hardware may use them any more.
 *
 * int FMT_map(pgt, iova, paddr, len, prot, gfp, mapped)
 *	Map len bytes, with the largest pages that alignment, length and
 *	pgsize_bitmap allow.  gfp is for tables and says whether it may sleep.
 *	*mapped is always set to the bytes mapped from iova on, also on error.
 *	Return: 0; -EINVAL for a prot that cannot be expressed or a misaligned
 *	range; -ERANGE for an empty one or when iova or paddr leaves its width;
 *	-EEXIST where something is mapped, and that is left as it was; -ENOMEM.
 *	A large page over a table that unmap left behind empty replaces the table
 *	when there is a sync function; without one, smaller pages go into it.
 *
 * int FMT_map_sg(pgt, iova, sg, nents, prot, gfp, mapped)
 *	The same for a scatterlist, one segment behind the other.  Segments marked
 *	as bus addresses are skipped and take no iova; segments that adjoin in
 *	memory become one run, which must be a multiple of the granule in both
 *	address and length (-EINVAL).
 *
 * size_t FMT_unmap(pgt, iova, len, gather)
 *	Unmap everything in the range; holes are passed over.  Tables all of whose
 *	span is in the range are detached and put on gather->freelist, which the
 *	caller frees after the invalidation; nothing else of gather is touched.
 *	Pages are never split, those of several entries as little as others: one
 *	that begins in the range and ends behind it is unmapped whole, which
 *	callers of iommu_unmap() expect of any driver; nothing is unmapped when
 *	a page begins before iova.
 *	Return: the distance from iova to where it ended, which is len, or more if
 *	the last page reaches further.  0 when nothing was mapped in the range (a
 *	table that is detached counts, without a look into it), when the range
 *	begins inside of a large page, is misaligned, empty or too high.
 *
 * phys_addr_t FMT_iova_to_phys(pgt, iova)
 *	Return: the address that iova maps to, 0 if none.
 *
 * int FMT_read_dirty(pgt, iova, size, flags, dirty)
 *	Record every page of the range that hardware has written to, and make it
 *	clean again unless flags has IOMMU_DIRTY_NO_CLEAR.  A page that reaches
 *	behind the range is recorded to its end, because its one dirty bit is
 *	gone afterwards.  The caller invalidates what dirty->gather collected.
 *	Return: 0; -ERANGE.
 */

#define PGT_DECLARE(fmt)						\
int fmt##_init(struct pgt *pgt, const struct pgt_params *params);	\
void fmt##_free(struct pgt *pgt);					\
int fmt##_map(struct pgt *pgt, unsigned long iova, phys_addr_t paddr,	\
	      size_t len, int prot, gfp_t gfp, size_t *mapped);		\
int fmt##_map_sg(struct pgt *pgt, unsigned long iova,			\
		 struct scatterlist *sg, unsigned int nents, int prot,	\
		 gfp_t gfp, size_t *mapped);				\
size_t fmt##_unmap(struct pgt *pgt, unsigned long iova, size_t len,	\
		   struct iommu_iotlb_gather *gather);			\
phys_addr_t fmt##_iova_to_phys(struct pgt *pgt, unsigned long iova);	\
int fmt##_read_dirty(struct pgt *pgt, unsigned long iova, size_t size,	\
		     unsigned long flags, struct iommu_dirty_bitmap *dirty)

/* VT-d second-stage paging (VT-d 3.7, 9.8): 4K, 2M and 1G pages, 3 to 5 levels. */
PGT_DECLARE(vtd_ss);
void vtd_ss_force_snoop(struct pgt *pgt);

/* x86-64 first-stage paging (VT-d 3.6, 9.7): 4K, 2M and 1G pages, 4 or 5 levels. */
PGT_DECLARE(x86_fs);

/*
 * Arm stage 1 (AttrIndx, AP and nG; D8.3.1.2) and stage 2 (MemAttr, S2AP and
 * concatenated top tables) of the Armv8 long descriptors, for each granule:
 *  4K	4K, 64K (16 x 4K), 2M, 32M (16 x 2M), 1G
 *  16K	16K, 2M (128 x 16K), 32M, 1G (32 x 32M)
 *  64K	64K, 2M (32 x 64K), 512M, 16G (32 x 512M); addresses up to 52 bits
 */
PGT_DECLARE(arm_s1_4k);
PGT_DECLARE(arm_s1_16k);
PGT_DECLARE(arm_s1_64k);
PGT_DECLARE(arm_s2_4k);
PGT_DECLARE(arm_s2_16k);
PGT_DECLARE(arm_s2_64k);

#endif /* __IOMMU_PGTABLE_H */
