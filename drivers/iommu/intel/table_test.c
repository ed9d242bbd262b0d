// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware tables, good and bad, against the parser.
 *
 * Each table is put together here, copied to memory of exactly its size (where
 * KASAN sees a read beyond it), and parsed without touching hardware.
 */
#include <kunit/test.h>
#include <linux/acpi.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "table.h"
#include "unit.h"

#define BASE		0xfed90000ULL
/* A kernel with KASAN takes ten times as long for one. */
#define MUTATIONS	(IS_ENABLED(CONFIG_KASAN) ? 2000 : 20000)

/* A table under construction; @at is where its last structure begins. */
struct build {
	u8 buf[1024];
	size_t len;
	size_t at;
};

static void *add(struct build *b, u8 type, size_t len)
{
	struct acpi_dmar_header *hdr = (void *)(b->buf + b->len);

	b->at = b->len;
	b->len += len;
	hdr->type = type;
	hdr->length = len;
	return hdr;
}

static struct acpi_dmar_header *last(struct build *b)
{
	return (void *)(b->buf + b->at);
}

static void start(struct build *b)
{
	struct acpi_table_dmar *dmar = (void *)b->buf;

	memset(b, 0, sizeof(*b));
	dmar->width = 45;
	b->len = sizeof(*dmar);
}

static void drhd(struct build *b, u8 flags, u16 segment, u64 base)
{
	struct acpi_dmar_hardware_unit *hw;

	hw = add(b, ACPI_DMAR_TYPE_HARDWARE_UNIT, sizeof(*hw));
	hw->flags = flags;
	hw->segment = segment;
	hw->address = base;
}

static void rmrr(struct build *b, u64 base, u64 end)
{
	struct acpi_dmar_reserved_memory *mem;

	mem = add(b, ACPI_DMAR_TYPE_RESERVED_MEMORY, sizeof(*mem));
	mem->base_address = base;
	mem->end_address = end;
}

static void atc(struct build *b, u8 type, u8 flags)
{
	struct acpi_dmar_atsr *atsr = add(b, type, sizeof(*atsr));

	atsr->flags = flags;
}

static void rhsa(struct build *b, u64 base)
{
	struct acpi_dmar_rhsa *rhsa;

	rhsa = add(b, ACPI_DMAR_TYPE_HARDWARE_AFFINITY, sizeof(*rhsa));
	rhsa->base_address = base;
}

/* @len bytes of @name, with or without its end. */
static void andd(struct build *b, u8 number, const char *name, size_t len)
{
	struct acpi_dmar_andd *andd;

	andd = add(b, ACPI_DMAR_TYPE_NAMESPACE,
		   offsetof(struct acpi_dmar_andd, device_name) + len);
	andd->device_number = number;
	memcpy(andd->device_name, name, len);
}

/* Add a scope with @depth steps of @device.0 to the last structure. */
static struct acpi_dmar_device_scope *scope(struct build *b, u8 type, u8 bus,
					    u8 device, unsigned int depth)
{
	struct acpi_dmar_device_scope *s = (void *)(b->buf + b->len);
	struct acpi_dmar_pci_path *path = (void *)(s + 1);
	unsigned int i;

	s->entry_type = type;
	s->length = sizeof(*s) + depth * sizeof(*path);
	s->enumeration_id = device;
	s->bus = bus;
	for (i = 0; i < depth; i++)
		path[i].device = device;
	b->len += s->length;
	last(b)->length += s->length;
	return s;
}

static void endpoint(struct build *b, u8 bus, u8 device)
{
	scope(b, ACPI_DMAR_SCOPE_TYPE_ENDPOINT, bus, device, 1);
}

/* One of everything: 2 units, 1 RMRR, 1 ATSR, 1 SATC, 1 ANDD, 1 RHSA. */
static void good(struct build *b)
{
	start(b);
	drhd(b, 0, 0, BASE);
	endpoint(b, 0, 2);
	scope(b, ACPI_DMAR_SCOPE_TYPE_BRIDGE, 0, 3, 3);
	scope(b, ACPI_DMAR_SCOPE_TYPE_NAMESPACE, 0xf0, 1, 1);
	drhd(b, ACPI_DMAR_INCLUDE_ALL, 0, BASE + 0x1000);
	scope(b, ACPI_DMAR_SCOPE_TYPE_IOAPIC, 0xf0, 31, 1);
	scope(b, ACPI_DMAR_SCOPE_TYPE_HPET, 0xf0, 15, 1);
	rmrr(b, 0x7b800000, 0x7fffffff);
	endpoint(b, 0, 2);
	atc(b, ACPI_DMAR_TYPE_ROOT_ATS, 0);
	scope(b, ACPI_DMAR_SCOPE_TYPE_BRIDGE, 0, 4, 1);
	atc(b, ACPI_DMAR_TYPE_SATC, 1);
	endpoint(b, 0, 5);
	andd(b, 1, "\\_SB.I2C0", sizeof("\\_SB.I2C0"));
	rhsa(b, BASE);
}

struct table_test {
	struct dmar_tables t;
	struct dmar_cursor cur;
	u8 *copy;
};

static int table_test_init(struct kunit *test)
{
	struct table_test *tt = kunit_kzalloc(test, sizeof(*tt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tt);
	dmar_tables_init(&tt->t);
	test->priv = tt;
	return 0;
}

static void table_test_exit(struct kunit *test)
{
	struct table_test *tt = test->priv;

	dmar_tables_free(&tt->t);
	kfree(tt->copy);
}

/* Parse @len bytes at @buf from memory that ends there. */
static int parse_bytes(struct kunit *test, const u8 *buf, size_t len)
{
	struct table_test *tt = test->priv;
	int ret;

	dmar_tables_free(&tt->t);
	kfree(tt->copy);
	tt->copy = kmemdup(buf, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tt->copy);
	tt->cur = (struct dmar_cursor) { .quiet = true };

	ret = dmar_check_header(tt->copy, len, &tt->cur);
	if (ret)
		return ret;
	dmar_parse_width(&tt->t, &tt->cur, (void *)tt->copy);
	ret = dmar_tables_parse(&tt->t, &tt->cur);
	if (!ret)
		dmar_tables_finish(&tt->t, &tt->cur);
	return ret;
}

static void parse(struct kunit *test, struct build *b)
{
	((struct acpi_table_dmar *)b->buf)->header.length = b->len;
	KUNIT_ASSERT_EQ(test, parse_bytes(test, b->buf, b->len), 0);
}

static unsigned int bugs(struct kunit *test)
{
	return ((struct table_test *)test->priv)->cur.bugs;
}

static struct dmar_tables *tables(struct kunit *test)
{
	return &((struct table_test *)test->priv)->t;
}

static struct dmar_drhd_unit *unit_at(struct kunit *test, u64 base)
{
	struct dmar_drhd_unit *u;

	list_for_each_entry(u, &tables(test)->drhds, list)
		if (u->reg_base_addr == base)
			return u;
	return NULL;
}

static void expect_count(struct kunit *test, size_t drhds, size_t rmrrs,
			 size_t andds)
{
	KUNIT_EXPECT_EQ(test, list_count_nodes(&tables(test)->drhds), drhds);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&tables(test)->rmrrs), rmrrs);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&tables(test)->andds), andds);
}

static void test_good(struct kunit *test)
{
	struct dmar_tables *t = tables(test);
	struct dmar_drhd_unit *u;
	struct dmar_andd *dev;
	struct dmar_rmrr *mem;
	struct build b;

	good(&b);
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 0);
	expect_count(test, 2, 1, 1);
	KUNIT_EXPECT_EQ(test, t->width, 46);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->rhsas));
	KUNIT_EXPECT_EQ(test, list_count_nodes(&t->atsrs), 1);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&t->satcs), 1);

	u = unit_at(test, BASE);
	KUNIT_ASSERT_NOT_NULL(test, u);
	KUNIT_EXPECT_EQ(test, u->devices_cnt, 3);
	KUNIT_EXPECT_EQ(test, u->reg_size, 0x1000);
	KUNIT_EXPECT_FALSE(test, u->include_all);

	/* The unit for the rest is found last, and has no devices of its own. */
	u = list_last_entry(&t->drhds, struct dmar_drhd_unit, list);
	KUNIT_EXPECT_EQ(test, u->reg_base_addr, BASE + 0x1000);
	KUNIT_EXPECT_TRUE(test, u->include_all);
	KUNIT_EXPECT_EQ(test, u->devices_cnt, 0);

	mem = list_first_entry(&t->rmrrs, struct dmar_rmrr, list);
	KUNIT_EXPECT_EQ(test, mem->base, 0x7b800000);
	KUNIT_EXPECT_EQ(test, mem->last, 0x7fffffff);
	dev = list_first_entry(&t->andds, struct dmar_andd, list);
	KUNIT_EXPECT_STREQ(test, dev->name, "\\_SB.I2C0");
}

/* However many bytes are there, no more are read. */
static void test_truncated(struct kunit *test)
{
	struct build b;
	size_t len;
	int ret;

	good(&b);
	((struct acpi_table_dmar *)b.buf)->header.length = b.len;
	for (len = 1; len < b.len; len++) {
		ret = parse_bytes(test, b.buf, len);
		KUNIT_EXPECT_EQ(test, ret,
				len < sizeof(struct acpi_table_dmar) ? -EINVAL
								     : 0);
		KUNIT_EXPECT_GT(test, bugs(test), 0);
	}
}

static void test_header_length(struct kunit *test)
{
	struct acpi_table_dmar *dmar;
	struct build b;

	good(&b);
	dmar = (void *)b.buf;
	dmar->header.length = sizeof(*dmar) - 1;
	KUNIT_EXPECT_EQ(test, parse_bytes(test, b.buf, b.len), -EINVAL);
	dmar->header.length = b.len + 1000;
	KUNIT_EXPECT_EQ(test, parse_bytes(test, b.buf, b.len), 0);
	KUNIT_EXPECT_EQ(test, bugs(test), 1);
	expect_count(test, 2, 1, 1);
}

/* What comes after a length that cannot be true is lost, what was before not. */
static void test_structure_length(struct kunit *test)
{
	static const u16 lengths[] = { 0, 1, 3, 0x7fff, 0xffff };
	struct build b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		start(&b);
		drhd(&b, 0, 0, BASE);
		endpoint(&b, 0, 2);
		rmrr(&b, 0x1000, 0x1fff);
		last(&b)->length = lengths[i];
		drhd(&b, ACPI_DMAR_INCLUDE_ALL, 0, BASE + 0x1000);
		parse(test, &b);
		KUNIT_EXPECT_EQ(test, bugs(test), 1);
		expect_count(test, 1, 0, 0);
	}
}

static void test_structure_too_short(struct kunit *test)
{
	struct build b;

	start(&b);
	add(&b, ACPI_DMAR_TYPE_HARDWARE_UNIT,
	    sizeof(struct acpi_dmar_hardware_unit) - 1);
	add(&b, ACPI_DMAR_TYPE_RESERVED_MEMORY, 8);
	add(&b, ACPI_DMAR_TYPE_NAMESPACE, 8);
	drhd(&b, 0, 0, BASE);
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 3);
	expect_count(test, 1, 0, 0);
}

static void test_unknown_type(struct kunit *test)
{
	struct build b;

	start(&b);
	add(&b, 77, 40);
	drhd(&b, 0, 0, BASE);
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 0);
	expect_count(test, 1, 0, 0);
}

/* A unit that cannot be there keeps its devices, but is not used. */
static void test_bad_base(struct kunit *test)
{
	static const u64 bases[] = { 0, U64_MAX, BASE + 8, 1 };
	struct dmar_drhd_unit *u;
	struct build b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		start(&b);
		drhd(&b, ACPI_DMAR_INCLUDE_ALL, 0, bases[i]);
		endpoint(&b, 0, 9);
		drhd(&b, ACPI_DMAR_INCLUDE_ALL, 0, BASE);
		parse(test, &b);
		KUNIT_EXPECT_EQ(test, bugs(test), 1);
		u = unit_at(test, bases[i]);
		KUNIT_ASSERT_NOT_NULL(test, u);
		KUNIT_EXPECT_TRUE(test, u->ignored);
		KUNIT_EXPECT_FALSE(test, u->include_all);
		KUNIT_EXPECT_EQ(test, u->devices_cnt, 1);
		u = unit_at(test, BASE);
		KUNIT_EXPECT_FALSE(test, u->ignored);
		KUNIT_EXPECT_TRUE(test, u->include_all);
	}
}

static void test_overlapping_registers(struct kunit *test)
{
	struct acpi_dmar_hardware_unit *hw;
	struct build b;

	start(&b);
	drhd(&b, 0, 0, BASE);
	hw = (void *)last(&b);
	hw->size = 2;		/* 16 KiB */
	drhd(&b, 0, 1, BASE + 0x3000);
	drhd(&b, 0, 2, BASE + 0x4000);
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 1);
	KUNIT_EXPECT_FALSE(test, unit_at(test, BASE)->ignored);
	KUNIT_EXPECT_EQ(test, unit_at(test, BASE)->reg_size, 0x4000);
	KUNIT_EXPECT_TRUE(test, unit_at(test, BASE + 0x3000)->ignored);
	KUNIT_EXPECT_FALSE(test, unit_at(test, BASE + 0x4000)->ignored);
}

static void test_two_for_the_rest(struct kunit *test)
{
	struct build b;

	start(&b);
	drhd(&b, ACPI_DMAR_INCLUDE_ALL, 0, BASE);
	drhd(&b, ACPI_DMAR_INCLUDE_ALL, 0, BASE + 0x1000);
	drhd(&b, ACPI_DMAR_INCLUDE_ALL, 1, BASE + 0x2000);
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 1);
	KUNIT_EXPECT_TRUE(test, unit_at(test, BASE)->include_all);
	KUNIT_EXPECT_FALSE(test, unit_at(test, BASE + 0x1000)->include_all);
	KUNIT_EXPECT_TRUE(test, unit_at(test, BASE + 0x2000)->include_all);
}

static void test_overlapping_scopes(struct kunit *test)
{
	struct build b;

	start(&b);
	drhd(&b, 0, 0, BASE);
	endpoint(&b, 0, 2);
	endpoint(&b, 0, 3);
	scope(&b, ACPI_DMAR_SCOPE_TYPE_NAMESPACE, 0xf0, 7, 1);
	drhd(&b, 0, 0, BASE + 0x1000);
	endpoint(&b, 0, 3);
	scope(&b, ACPI_DMAR_SCOPE_TYPE_NAMESPACE, 0xf1, 7, 1);
	scope(&b, ACPI_DMAR_SCOPE_TYPE_IOAPIC, 0, 2, 1);
	drhd(&b, 0, 1, BASE + 0x2000);
	endpoint(&b, 0, 3);	/* another segment */
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 2);
	expect_count(test, 3, 0, 0);
}

static void test_bad_scopes(struct kunit *test)
{
	static const u8 lengths[] = { 0, 1, 6, 7, 9, 200 };
	struct build b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		start(&b);
		drhd(&b, 0, 0, BASE);
		endpoint(&b, 0, 2);
		scope(&b, ACPI_DMAR_SCOPE_TYPE_ENDPOINT, 0, 3, 1)->length =
			lengths[i];
		endpoint(&b, 0, 4);
		rmrr(&b, 0x1000, 0x1fff);
		parse(test, &b);
		KUNIT_EXPECT_EQ(test, bugs(test), 1);
		/* Sound scopes before it stay, and so does what follows. */
		KUNIT_EXPECT_EQ(test, unit_at(test, BASE)->devices_cnt, 1);
		KUNIT_EXPECT_EQ(test, unit_at(test, BASE)->hdr->length,
				sizeof(struct acpi_dmar_hardware_unit) + 8);
		expect_count(test, 1, 1, 0);
	}
}

static void test_stray_bytes(struct kunit *test)
{
	struct build b;

	start(&b);
	drhd(&b, 0, 0, BASE);
	endpoint(&b, 0, 2);
	b.len += 3;
	last(&b)->length += 3;
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 1);
	KUNIT_EXPECT_EQ(test, unit_at(test, BASE)->devices_cnt, 1);
}

static void test_impossible_device(struct kunit *test)
{
	struct build b;

	start(&b);
	drhd(&b, 0, 0, BASE);
	endpoint(&b, 0, 32);
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 1);
}

static void test_width(struct kunit *test)
{
	static const u8 absurd[] = { 0, 11, 30, 64, 255 };
	struct build b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(absurd); i++) {
		good(&b);
		((struct acpi_table_dmar *)b.buf)->width = absurd[i];
		parse(test, &b);
		KUNIT_EXPECT_EQ(test, bugs(test), 1);
		KUNIT_EXPECT_EQ(test, tables(test)->width, 0);
		expect_count(test, 2, 1, 1);
	}
}

static void test_rmrr(struct kunit *test)
{
	struct dmar_rmrr *mem;
	struct build b;

	start(&b);
	rmrr(&b, 0x3000, 0x2fff);
	rmrr(&b, 0x4000, 0x4000);
	rmrr(&b, 0x5008, 0x6007);
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 3);
	expect_count(test, 0, 1, 0);
	mem = list_first_entry(&tables(test)->rmrrs, struct dmar_rmrr, list);
	KUNIT_EXPECT_EQ(test, mem->base, 0x5000);
	KUNIT_EXPECT_EQ(test, mem->last, 0x6fff);
}

static void test_andd_without_end(struct kunit *test)
{
	struct build b;

	start(&b);
	andd(&b, 1, "\\_SB.GPI0", strlen("\\_SB.GPI0"));
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 1);
	expect_count(test, 0, 0, 0);
}

static void test_affinity(struct kunit *test)
{
	struct build b;

	start(&b);
	rhsa(&b, BASE);			/* before its unit */
	rhsa(&b, BASE + 0x5000);	/* of no unit */
	drhd(&b, 0, 0, BASE);
	parse(test, &b);
	KUNIT_EXPECT_EQ(test, bugs(test), 1);
}

static void test_caps(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, dmar_caps_answer(0, 0));
	KUNIT_EXPECT_FALSE(test, dmar_caps_answer(U64_MAX, U64_MAX));
	KUNIT_EXPECT_TRUE(test, dmar_caps_answer(U64_MAX, 0));
	KUNIT_EXPECT_TRUE(test, dmar_caps_answer(0xd2008c22260286, 0xf00f4a));
}

/* What the parser kept must be walkable whatever it was made of. */
static void check_scopes(struct kunit *test, const struct acpi_dmar_header *hdr,
			 size_t fixed, int devices)
{
	const struct acpi_dmar_device_scope *s;
	size_t off = fixed;
	int n = 0;

	while (off < hdr->length) {
		s = (const void *)hdr + off;
		KUNIT_ASSERT_GE(test, s->length, 8);
		KUNIT_ASSERT_LE(test, off + s->length, (size_t)hdr->length);
		n += dmar_scope_is_device(s);
		off += s->length;
	}
	KUNIT_EXPECT_EQ(test, n, devices);
}

static void check_objects(struct kunit *test)
{
	struct dmar_tables *t = tables(test);
	struct dmar_drhd_unit *u;
	struct dmar_rmrr *mem;
	struct dmar_atc *a;

	list_for_each_entry(u, &t->drhds, list) {
		check_scopes(test, u->hdr,
			     sizeof(struct acpi_dmar_hardware_unit),
			     u->devices_cnt);
		if (!u->ignored)
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(u->reg_base_addr,
							   VTD_PAGE_SIZE));
	}
	list_for_each_entry(mem, &t->rmrrs, list) {
		check_scopes(test, &mem->hdr->header, sizeof(*mem->hdr),
			     mem->devices_cnt);
		KUNIT_EXPECT_LT(test, mem->base, mem->last);
	}
	list_for_each_entry(a, &t->atsrs, list)
		check_scopes(test, a->hdr, sizeof(struct acpi_dmar_atsr),
			     a->devices_cnt);
}

static void test_mutations(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int i, n;
	struct build b;
	size_t len;

	prandom_seed_state(&rnd, 0x56542d64);
	for (i = 0; i < MUTATIONS; i++) {
		good(&b);
		((struct acpi_table_dmar *)b.buf)->header.length = b.len;
		for (n = prandom_u32_state(&rnd) % 8; n; n--)
			b.buf[prandom_u32_state(&rnd) % b.len] =
				prandom_u32_state(&rnd);
		len = b.len - prandom_u32_state(&rnd) % 64;
		parse_bytes(test, b.buf, len);
		check_objects(test);
		if (i % 1024 == 0)
			cond_resched();
	}
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(test_good),
	KUNIT_CASE(test_truncated),
	KUNIT_CASE(test_header_length),
	KUNIT_CASE(test_structure_length),
	KUNIT_CASE(test_structure_too_short),
	KUNIT_CASE(test_unknown_type),
	KUNIT_CASE(test_bad_base),
	KUNIT_CASE(test_overlapping_registers),
	KUNIT_CASE(test_two_for_the_rest),
	KUNIT_CASE(test_overlapping_scopes),
	KUNIT_CASE(test_bad_scopes),
	KUNIT_CASE(test_stray_bytes),
	KUNIT_CASE(test_impossible_device),
	KUNIT_CASE(test_width),
	KUNIT_CASE(test_rmrr),
	KUNIT_CASE(test_andd_without_end),
	KUNIT_CASE(test_affinity),
	KUNIT_CASE(test_caps),
	KUNIT_CASE(test_mutations),
	{}
};

static struct kunit_suite table_suite = {
	.name = "vtd_table",
	.init = table_test_init,
	.exit = table_test_exit,
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
