// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of everything, against a model that is an array.
 *
 * The model knows nothing of bitmaps, lists or work items: an id has an owner,
 * references, a state.  After each step the answer and the books are compared;
 * now and then every id of the window.  The seed is printed on failure.
 *
 * Runs and steps can be given on the command line: ioasid_model_test.runs=N and
 * .steps=N.  A run has to end within the five minutes that KUnit gives a test.
 */
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/sched.h>

#include "ioasid_test.h"

#define SETS		4	/* the last one has no quota */
#define WINDOW		300	/* numbers in play, across the border of two leaves */
#define FIRST		(2 * IOASID_LEAF_IDS - WINDOW / 2)
#define PRIVATE_IDS	64
#define NONE		INVALID_IOASID

static unsigned int runs = 2;
module_param(runs, uint, 0444);
MODULE_PARM_DESC(runs, "runs of the model test, each with a seed of its own");

/* A kernel with KASAN takes ten times as long for a step. */
static unsigned int steps = IS_ENABLED(CONFIG_KASAN) ? 6000 : 30000;
module_param(steps, uint, 0444);
MODULE_PARM_DESC(steps, "random steps per run of the model test");

/**
 * struct model_id - what the model knows of an id
 * @owner: index of its set, -1: free
 * @refs: references
 * @pending: freed
 * @bound: between BIND and UNBIND
 * @data: its data
 * @private_id: its private id or NONE
 */
struct model_id {
	int owner;
	unsigned int refs;
	bool pending;
	bool bound;
	void *data;
	ioasid_t private_id;
};

/**
 * struct model - the allocator as it should be
 * @test: the test
 * @rnd: the generator
 * @ids: the window
 * @set: the real sets
 * @quota: of each set
 * @used: of each set
 * @heard: events told, by kind
 * @due: events that should have been told
 * @listening: whether @heard counts
 * @nb: the listener
 */
struct model {
	struct kunit *test;
	struct rnd_state rnd;
	struct model_id ids[WINDOW];
	struct ioasid_set *set[SETS];
	u32 quota[SETS];
	u32 used[SETS];
	atomic_t heard[5];
	unsigned int due[5];
	bool listening;
	struct notifier_block nb;
};

static DECLARE_IOASID_SET(model_unquoted);

static u32 below(struct model *m, u32 limit)
{
	return prandom_u32_state(&m->rnd) % limit;
}

static int model_hear(struct notifier_block *nb, unsigned long event, void *data)
{
	struct model *m = container_of(nb, struct model, nb);

	/* FREE and ALLOC come from different tasks. */
	atomic_inc(&m->heard[event]);
	return NOTIFY_OK;
}

static void model_release(struct model *m, struct model_id *id)
{
	m->used[id->owner]--;
	if (id->bound)
		m->due[IOASID_NOTIFY_UNBIND]++;
	*id = (struct model_id){ .owner = -1, .private_id = NONE };
}

static int model_refusal(struct model_id *id, int owner)
{
	if (id->owner < 0)
		return -ENOENT;
	return id->owner == owner ? 0 : -EACCES;
}

static void step_alloc(struct model *m, int owner)
{
	u32 lo = below(m, WINDOW), hi = lo + below(m, WINDOW - lo), i;
	bool quota = owner == SETS - 1 || m->used[owner] < m->quota[owner];
	void *data = (void *)(unsigned long)below(m, 1u << 30);
	bool room = false;
	ioasid_t got;

	if (below(m, 2))
		hi = WINDOW - 1;
	for (i = lo; i <= hi; i++)
		room |= m->ids[i].owner < 0;

	got = ioasid_alloc(m->set[owner], FIRST + lo, FIRST + hi, data);
	KUNIT_EXPECT_EQ(m->test, got != NONE, quota && room);
	if (got == NONE)
		return;
	KUNIT_ASSERT_TRUE(m->test, got >= FIRST + lo && got <= FIRST + hi);
	KUNIT_EXPECT_EQ(m->test, m->ids[got - FIRST].owner, -1);
	m->ids[got - FIRST] = (struct model_id){
		.owner = owner, .refs = 1, .data = data, .private_id = NONE,
	};
	m->used[owner]++;
	m->due[IOASID_NOTIFY_ALLOC]++;
}

static void model_pending(struct model *m, struct model_id *id)
{
	id->pending = true;
	m->due[IOASID_NOTIFY_FREE]++;
	if (!--id->refs)
		model_release(m, id);
}

static void step_free(struct model *m, u32 i, int owner)
{
	struct model_id *id = &m->ids[i];
	int want = model_refusal(id, owner);
	int ret = ioasid_free(m->set[owner], FIRST + i);

	/* Told apart only by whether the work has been there already. */
	if (want == -ENOENT && m->listening && ret == -EACCES)
		want = -EACCES;
	if (!want && id->pending)
		want = -ENOENT;
	KUNIT_EXPECT_EQ(m->test, ret, want);
	if (!want)
		model_pending(m, id);
}

static void step_get(struct model *m, u32 i)
{
	struct model_id *id = &m->ids[i];
	int ret;

	if (id->owner < 0)
		return;
	ret = ioasid_get(m->set[id->owner], FIRST + i);
	KUNIT_EXPECT_EQ(m->test, ret, id->pending ? -ENOENT : 0);
	if (!ret)
		id->refs++;
}

static void step_put(struct model *m, u32 i)
{
	struct model_id *id = &m->ids[i];
	bool last = id->refs == 1;

	if (id->owner < 0)
		return;
	/* Until the work has told of FREE, it has a reference too. */
	if (m->listening && id->pending)
		ioasid_flush();
	KUNIT_EXPECT_EQ(m->test, ioasid_put(m->set[id->owner], FIRST + i), last);
	if (!last)
		id->refs--;
	else if (id->pending)
		model_release(m, id);
	else
		model_pending(m, id);
}

static void step_find(struct model *m, u32 i, int owner)
{
	struct model_id *id = &m->ids[i];
	void *got = ioasid_find(m->set[owner], FIRST + i, NULL);

	if (id->owner < 0 || id->pending)
		IOASID_EXPECT_ERR(m->test, got, -ENOENT);
	else if (id->owner != owner)
		IOASID_EXPECT_ERR(m->test, got, -EACCES);
	else
		KUNIT_EXPECT_PTR_EQ(m->test, got, id->data);
}

/* Who has private id @p in set @owner; a pending id keeps its number. */
static u32 model_named(struct model *m, int owner, ioasid_t p)
{
	u32 i;

	for (i = 0; i < WINDOW; i++)
		if (m->ids[i].owner == owner && m->ids[i].private_id == p)
			break;
	return i;
}

static void step_name(struct model *m, u32 i)
{
	struct model_id *id = &m->ids[i];
	ioasid_t p = below(m, PRIVATE_IDS);
	int want = 0, ret;

	if (id->owner < 0)
		return;
	/* Numbers of reclaimed ids are free once the work is done. */
	ioasid_flush();
	if (id->pending)
		want = -ENOENT;
	else if (id->private_id != NONE)
		want = -EBUSY;
	else if (model_named(m, id->owner, p) < WINDOW)
		want = -EEXIST;
	ret = ioasid_attach_private_id(m->set[id->owner], FIRST + i, p);
	KUNIT_EXPECT_EQ(m->test, ret, want);
	if (!ret)
		id->private_id = p;
}

static void step_unname(struct model *m, u32 i)
{
	struct model_id *id = &m->ids[i];
	int want, ret;

	if (id->owner < 0)
		return;
	want = id->pending || id->private_id == NONE ? -ENOENT : 0;
	ret = ioasid_detach_private_id(m->set[id->owner], FIRST + i);
	KUNIT_EXPECT_EQ(m->test, ret, want);
	if (!ret)
		id->private_id = NONE;
}

static void step_find_name(struct model *m, int owner)
{
	ioasid_t p = below(m, PRIVATE_IDS);
	u32 i = model_named(m, owner, p);
	ioasid_t want = NONE;

	if (i < WINDOW && !m->ids[i].pending)
		want = FIRST + i;
	KUNIT_EXPECT_EQ(m->test, want,
			ioasid_find_by_private_id(m->set[owner], p, false));
	if (i < WINDOW)
		KUNIT_EXPECT_EQ(m->test, p,
				ioasid_find_private_id(m->set[owner], FIRST + i));
}

static void step_bind(struct model *m, u32 i)
{
	struct model_id *id = &m->ids[i];
	bool bind = below(m, 2);
	int want = 0, ret;

	if (id->owner < 0)
		return;
	if (bind && id->pending)
		want = -ENOENT;
	else if (bind == id->bound)
		want = -EALREADY;
	ret = ioasid_notify(m->set[id->owner], FIRST + i,
			    bind ? IOASID_NOTIFY_BIND : IOASID_NOTIFY_UNBIND);
	KUNIT_EXPECT_EQ(m->test, ret, want);
	if (ret)
		return;
	id->bound = bind;
	m->due[bind ? IOASID_NOTIFY_BIND : IOASID_NOTIFY_UNBIND]++;
}

static void step_adjust(struct model *m, int owner)
{
	u32 quota = below(m, WINDOW / 2);
	int want = quota < m->used[owner] ? -EBUSY : 0, ret;

	if (owner == SETS - 1)
		want = -EINVAL;
	if (m->listening)
		ioasid_flush();
	ret = ioasid_adjust_set(m->set[owner], quota);
	KUNIT_EXPECT_EQ(m->test, ret, want);
	if (!ret)
		m->quota[owner] = quota;
}

/* The set goes with all its ids, and a new one takes its place. */
static void step_replace_set(struct model *m, int owner)
{
	u32 i;

	if (owner == SETS - 1)
		return;
	for (i = 0; i < WINDOW; i++)
		if (m->ids[i].owner == owner && m->ids[i].refs > !m->ids[i].pending)
			return;	/* held by others: tested elsewhere */
	ioasid_set_free(m->set[owner]);
	for (i = 0; i < WINDOW; i++) {
		if (m->ids[i].owner != owner)
			continue;
		if (!m->ids[i].pending)
			model_pending(m, &m->ids[i]);
	}
	m->quota[owner] = below(m, WINDOW / 2);
	m->set[owner] = ioasid_test_set(m->test, m->quota[owner]);
}

static void model_check_books(struct model *m)
{
	u32 quotas = 0;
	int i;

	if (m->listening)
		return;
	for (i = 0; i < SETS - 1; i++) {
		quotas += m->quota[i];
		KUNIT_EXPECT_EQ(m->test, ioasid_set_used(m->set[i]), m->used[i]);
		KUNIT_EXPECT_EQ(m->test, ioasid_set_quota(m->set[i]), m->quota[i]);
	}
	ioasid_test_expect(m->test, quotas, m->used[SETS - 1]);
}

static void model_check_all(struct model *m)
{
	unsigned int taken = 0, event;
	u32 i;

	ioasid_flush();
	for (i = 0; i < WINDOW; i++) {
		int owner = m->ids[i].owner;

		taken += owner >= 0;
		step_find(m, i, owner >= 0 ? owner : 0);
	}
	KUNIT_EXPECT_EQ(m->test, taken, ioasid_test_books().ids -
			((struct ioasid_books *)m->test->priv)->ids);
	for (i = 0; i < SETS; i++)
		KUNIT_EXPECT_EQ(m->test, ioasid_set_used(m->set[i]), m->used[i]);
	for (event = IOASID_NOTIFY_ALLOC; m->listening &&
	     event <= IOASID_NOTIFY_UNBIND; event++)
		KUNIT_EXPECT_EQ(m->test, atomic_read(&m->heard[event]),
				m->due[event]);
}

static void model_step(struct model *m)
{
	u32 i = below(m, WINDOW);
	int owner = below(m, SETS);

	switch (below(m, 32)) {
	case 0 ... 9:
		step_alloc(m, owner);
		break;
	case 10 ... 14:
		if (m->ids[i].owner >= 0 && below(m, 8))
			owner = m->ids[i].owner;
		step_free(m, i, owner);
		break;
	case 15 ... 17:
		step_get(m, i);
		break;
	case 18 ... 22:
		step_put(m, i);
		break;
	case 23 ... 25:
		step_find(m, i, owner);
		break;
	case 26:
		step_name(m, i);
		break;
	case 27:
		step_unname(m, i);
		break;
	case 28:
		step_find_name(m, owner);
		break;
	case 29 ... 30:
		step_bind(m, i);
		break;
	default:
		if (below(m, 8))
			step_adjust(m, owner);
		else
			step_replace_set(m, owner);
	}
}

static void model_open(struct model *m)
{
	int i;

	for (i = 0; i < WINDOW; i++)
		m->ids[i] = (struct model_id){ .owner = -1, .private_id = NONE };
	for (i = 0; i < SETS - 1; i++) {
		m->quota[i] = WINDOW / 2;
		m->set[i] = ioasid_test_set(m->test, m->quota[i]);
	}
	m->set[SETS - 1] = &model_unquoted;
	if (m->listening)
		KUNIT_ASSERT_EQ(m->test, 0, ioasid_register_notifier(NULL, &m->nb));
}

static void model_close(struct model *m)
{
	u32 i;

	for (i = 0; i < WINDOW; i++)
		while (m->ids[i].owner >= 0)
			step_put(m, i);
	model_check_all(m);
	for (i = 0; i < SETS - 1; i++)
		ioasid_set_free(m->set[i]);
	if (m->listening)
		ioasid_unregister_notifier(NULL, &m->nb);
}

static void model_run(struct kunit *test, u64 seed, unsigned int nr, bool listen)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	m->listening = listen;
	m->nb.notifier_call = model_hear;
	prandom_seed_state(&m->rnd, seed);
	model_open(m);
	for (i = 0; i < nr && test->status != KUNIT_FAILURE; i++) {
		model_step(m);
		model_check_books(m);
		if (i % 1024 == 1023)
			model_check_all(m);
		cond_resched();
	}
	if (test->status == KUNIT_FAILURE)
		kunit_err(test, "seed %llu step %u", seed, i);
	model_close(m);
}

/* The parameter of a run is its seed: 1, 2, ... */
static const void *next_seed(const void *seed, char *desc)
{
	unsigned long next = (unsigned long)seed + 1;

	if (next > runs)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "seed %lu", next);
	return (void *)next;
}

static void random_steps(struct kunit *test)
{
	model_run(test, (unsigned long)test->param_value, steps, false);
}

static void random_steps_with_listener(struct kunit *test)
{
	model_run(test, (unsigned long)test->param_value, steps / 4, true);
}

static struct kunit_case ioasid_model_cases[] = {
	KUNIT_CASE_PARAM(random_steps, next_seed),
	KUNIT_CASE_PARAM(random_steps_with_listener, next_seed),
	{}
};

static struct kunit_suite ioasid_model_suite = {
	.name = "ioasid_model",
	.init = ioasid_test_init,
	.exit = ioasid_test_exit,
	.test_cases = ioasid_model_cases,
};

kunit_test_suite(ioasid_model_suite);
