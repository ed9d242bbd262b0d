// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what the outside is told, and in which order: listeners and drainers.
 */
#include <linux/delay.h>

#include "ioasid_test.h"

#define LOG_MAX		32

/**
 * struct hearing - one thing that somebody heard
 * @who: a letter; 'D' for the drainer
 * @what: the event, 0 for a drain
 * @args: what came with it
 */
struct hearing {
	char who;
	unsigned long what;
	struct ioasid_nb_args args;
};

/* Written by whoever delivers, read after ioasid_flush(). */
static struct hearing heard[LOG_MAX];
static unsigned int nr_heard;

/**
 * struct ear - a listener that writes down what it hears
 * @nb: the registration
 * @who: its letter
 * @refuse: the error with which it refuses BIND
 * @act: what else it does
 */
struct ear {
	struct notifier_block nb;
	char who;
	int refuse;
	void (*act)(struct ear *ear, unsigned long event,
		    struct ioasid_nb_args *args);
};

static void hear(char who, unsigned long what, struct ioasid_nb_args *args)
{
	might_sleep();
	if (nr_heard < LOG_MAX)
		heard[nr_heard++] = (struct hearing){ who, what, *args };
}

static int ear_call(struct notifier_block *nb, unsigned long event, void *data)
{
	struct ear *ear = container_of(nb, struct ear, nb);

	hear(ear->who, event, data);
	if (ear->act)
		ear->act(ear, event, data);
	if (event == IOASID_NOTIFY_BIND && ear->refuse)
		return notifier_from_errno(ear->refuse);
	/* A refusal of anything else must not matter. */
	return event == IOASID_NOTIFY_BIND ? NOTIFY_OK : NOTIFY_BAD;
}

#define EAR(letter, prio) \
	{ .nb = { .notifier_call = ear_call, .priority = prio }, .who = letter }

static int event_init(struct kunit *test)
{
	nr_heard = 0;
	return ioasid_test_init(test);
}

/* @what: pairs of a listener's letter and an event's: A, F, B, U or - (drain) */
static void expect_heard(struct kunit *test, const char *what)
{
	static const char names[] = "-AFBU";
	char text[2 * LOG_MAX + 1] = "";
	unsigned int i;

	for (i = 0; i < nr_heard; i++) {
		text[2 * i] = heard[i].who;
		text[2 * i + 1] = names[heard[i].what];
	}
	KUNIT_EXPECT_STREQ(test, text, what);
	nr_heard = 0;
}

static void order_of_priority(struct kunit *test)
{
	struct ear a = EAR('a', IOASID_PRIO_CPU), b = EAR('b', IOASID_PRIO_IOMMU);
	struct ear c = EAR('c', IOASID_PRIO_IOMMU), d = EAR('d', IOASID_PRIO_LAST);
	struct ioasid_set *set = ioasid_test_set(test, 4);
	struct ioasid_set *quiet = ioasid_test_set(test, 4);
	ioasid_t id;

	/* b and d hear all sets, a and c this one. */
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &d.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(set, &c.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(set, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &b.nb), 0);

	id = ioasid_alloc(set, 1, 5000, NULL);
	expect_heard(test, "aAcAbAdA");
	KUNIT_EXPECT_EQ(test, ioasid_notify(set, id, IOASID_NOTIFY_BIND), 0);
	expect_heard(test, "aBcBbBdB");
	KUNIT_EXPECT_EQ(test, ioasid_notify(set, id, IOASID_NOTIFY_UNBIND), 0);
	expect_heard(test, "aUcUbUdU");
	ioasid_free(set, id);
	ioasid_flush();
	expect_heard(test, "aFcFbFdF");

	id = ioasid_alloc(quiet, 1, 5000, NULL);
	expect_heard(test, "bAdA");
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &b.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &b.nb), -ENOENT);
	ioasid_put(quiet, id);
	ioasid_flush();
	expect_heard(test, "dF");

	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(set, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(set, &c.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &d.nb), 0);
	ioasid_set_free(set);
	ioasid_set_free(quiet);
}

static void registration_errors(struct kunit *test)
{
	struct ear a = EAR('a', 0), mute = {};

	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &mute.nb), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), -EEXIST);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(&ioasid_host_set, &a.nb),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_drainer(NULL), -EINVAL);
}

/* A listener keeps its set: it can be unregistered after ioasid_set_free(). */
static void listener_outlives_set(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 4);
	struct ear a = EAR('a', 0);

	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(set, &a.nb), 0);
	ioasid_alloc(set, 1, 5000, NULL);
	ioasid_set_free(set);
	ioasid_flush();
	expect_heard(test, "aAaF");
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(set, &a.nb), 0);
}

static void arguments(struct kunit *test)
{
	struct ioasid_set *set = ioasid_test_set(test, 4);
	struct ear a = EAR('a', 0);
	ioasid_t id;

	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(set, &a.nb), 0);
	id = ioasid_alloc(set, 1, 5000, test);
	KUNIT_EXPECT_EQ(test, heard[0].args.id, id);
	KUNIT_EXPECT_EQ(test, heard[0].args.private_id, INVALID_IOASID);
	KUNIT_EXPECT_PTR_EQ(test, heard[0].args.set, set);
	KUNIT_EXPECT_PTR_EQ(test, heard[0].args.data, (void *)test);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, id, 7), 0);
	ioasid_free(set, id);
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, heard[1].args.private_id, 7);
	KUNIT_EXPECT_PTR_EQ(test, heard[1].args.data, (void *)test);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(set, &a.nb), 0);
	ioasid_set_free(set);
}

static void one_event_per_transition(struct kunit *test)
{
	struct ear a = EAR('a', 0);
	ioasid_t id;

	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), 0);
	id = ioasid_alloc(NULL, 1, 5000, NULL);
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_ALLOC), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_FREE), -EINVAL);
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_UNBIND),
			-EALREADY);
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_BIND), 0);
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_BIND), -EALREADY);
	expect_heard(test, "aAaB");

	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, id), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), -ENOENT);
	ioasid_flush();
	expect_heard(test, "aF");

	/* Pending: can be unbound, not bound again. */
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_UNBIND), 0);
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_BIND), -ENOENT);
	KUNIT_EXPECT_TRUE(test, ioasid_put(NULL, id));
	ioasid_flush();
	expect_heard(test, "aU");
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &a.nb), 0);
}

static void bind_can_be_refused(struct kunit *test)
{
	struct ear a = EAR('a', 3), b = EAR('b', 2), c = EAR('c', 1);
	ioasid_t id;

	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &b.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &c.nb), 0);
	id = ioasid_alloc(NULL, 1, 5000, NULL);
	nr_heard = 0;
	b.refuse = -EPERM;
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_BIND), -EPERM);
	expect_heard(test, "aBbBaU");
	b.refuse = 0;
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, id, IOASID_NOTIFY_BIND), 0);
	expect_heard(test, "aBbBcB");

	/* Freed while bound: unbound before it is reclaimed. */
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);
	ioasid_flush();
	expect_heard(test, "aFbFcFaUbUcU");
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &b.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &c.nb), 0);
}

/* As KVM would: holds an id from ALLOC to FREE. */
static void hold(struct ear *ear, unsigned long event,
		 struct ioasid_nb_args *args)
{
	if (event == IOASID_NOTIFY_ALLOC)
		ioasid_get(args->set, args->id);
	if (event == IOASID_NOTIFY_FREE)
		ioasid_put(args->set, args->id);
}

static void listener_holds_until_free(struct kunit *test)
{
	struct ear a = EAR('a', 0);
	unsigned long flags;
	ioasid_t id;

	a.act = hold;
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), 0);
	id = ioasid_alloc(NULL, 42, 42, NULL);
	KUNIT_EXPECT_EQ(test, id, 42);
	/* Freed where sleeping is forbidden; the listener may sleep all the same. */
	local_irq_save(flags);
	ioasid_free(NULL, id);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 42, 42, NULL), 42);
	ioasid_free(NULL, 42);
	ioasid_flush();
	expect_heard(test, "aAaFaAaF");
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &a.nb), 0);
}

/* Frees the id it is told of, as one could who guesses the number. */
static void free_at_once(struct ear *ear, unsigned long event,
			 struct ioasid_nb_args *args)
{
	if (event != IOASID_NOTIFY_ALLOC)
		return;
	ioasid_free(args->set, args->id);
	msleep(20);
}

static void alloc_ends_before_free(struct kunit *test)
{
	struct ear a = EAR('a', 1), b = EAR('b', 0);

	a.act = free_at_once;
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &b.nb), 0);
	ioasid_alloc(NULL, 1, 5000, NULL);
	ioasid_flush();
	expect_heard(test, "aAbAaFbF");
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &b.nb), 0);
}

/* The last listener goes while ALLOC is delivered: the id still gets away. */
static void listener_leaves_during_alloc(struct kunit *test)
{
	struct ear a = EAR('a', 0);
	struct ioasid_entry *entry;
	ioasid_t id;

	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), 0);
	id = ioasid_alloc(NULL, 1, 5000, NULL);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &a.nb), 0);
	entry = ioasid_entry(id);
	atomic_or(IOASID_ANNOUNCING, &entry->state);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, id), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&entry->state) & IOASID_REFS, 1);
	atomic_andnot(IOASID_ANNOUNCING, &entry->state);
	ioasid_queue(entry, id);
	nr_heard = 0;
}

static ioasid_t nested;

static void alloc_in_free(struct ear *ear, unsigned long event,
			  struct ioasid_nb_args *args)
{
	if (event == IOASID_NOTIFY_FREE && args->id == 42)
		nested = ioasid_alloc(NULL, 42, 42, NULL);
}

static void listener_can_allocate(struct kunit *test)
{
	struct ear a = EAR('a', 0);

	a.act = alloc_in_free;
	nested = 0;
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 42, 42, NULL), 42);
	ioasid_free(NULL, 42);
	ioasid_flush();
	/* It cannot wait for itself, so it is refused. */
	KUNIT_EXPECT_EQ(test, nested, INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &a.nb), 0);
}

/**
 * struct fake_drainer - stands for an IOMMU
 * @drainer: the registration
 * @fail: how many more drains fail
 * @nr: drains so far
 * @early: drains of an id that was still referenced
 */
struct fake_drainer {
	struct ioasid_drainer drainer;
	int fail;
	int nr;
	int early;
};

static int fake_drain(struct ioasid_drainer *drainer, ioasid_t id)
{
	struct fake_drainer *fake = container_of(drainer, struct fake_drainer,
						 drainer);
	struct ioasid_nb_args args = { .id = id };

	hear('D', 0, &args);
	usleep_range(100, 200);
	fake->nr++;
	fake->early += !!(atomic_read(&ioasid_entry(id)->state) & IOASID_REFS);
	if (fake->fail) {
		fake->fail--;
		return -ETIMEDOUT;
	}
	return 0;
}

static void drained_before_reuse(struct kunit *test)
{
	struct fake_drainer fake = { .drainer = { .drain = fake_drain } };
	struct ear a = EAR('a', 0);
	unsigned long flags;

	KUNIT_EXPECT_EQ(test, ioasid_register_drainer(&fake.drainer), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_notifier(NULL, &a.nb), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 42, 42, NULL), 42);
	KUNIT_EXPECT_EQ(test, ioasid_notify(NULL, 42, IOASID_NOTIFY_BIND), 0);
	KUNIT_EXPECT_EQ(test, ioasid_get(NULL, 42), 0);
	KUNIT_EXPECT_EQ(test, ioasid_free(NULL, 42), 0);
	ioasid_flush();
	expect_heard(test, "aAaBaF");
	local_irq_save(flags);
	ioasid_put(NULL, 42);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 42, 42, NULL), 42);
	expect_heard(test, "aUD-aA");
	ioasid_free(NULL, 42);
	ioasid_flush();
	expect_heard(test, "aFD-");
	KUNIT_EXPECT_EQ(test, fake.early, 0);
	KUNIT_EXPECT_EQ(test, ioasid_unregister_notifier(NULL, &a.nb), 0);
	ioasid_unregister_drainer(&fake.drainer);
}

static void undrained_is_not_reused(struct kunit *test)
{
	struct fake_drainer fake = { .drainer = { .drain = fake_drain } };
	struct ioasid_set *set = ioasid_test_set(test, 4);
	unsigned long period = ioasid_drain_period;
	int i;

	ioasid_drain_period = 3600 * HZ;
	KUNIT_EXPECT_EQ(test, ioasid_register_drainer(&fake.drainer), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(set, 42, 42, NULL), 42);
	KUNIT_EXPECT_EQ(test, ioasid_attach_private_id(set, 42, 7), 0);
	fake.fail = 2;
	ioasid_free(set, 42);
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, fake.nr, 1);
	/* Neither the number nor the guest's is free; the charge is. */
	KUNIT_EXPECT_EQ(test, ioasid_set_used(set), 0);
	KUNIT_EXPECT_FALSE(test, xa_empty(&set->by_private));
	KUNIT_EXPECT_EQ(test, ioasid_alloc(set, 42, 42, NULL), INVALID_IOASID);
	KUNIT_EXPECT_EQ(test, fake.nr, 2);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(set, 42, 42, NULL), 42);
	KUNIT_EXPECT_EQ(test, fake.nr, 3);
	KUNIT_EXPECT_TRUE(test, xa_empty(&set->by_private));

	/* Without anybody asking, it is tried again after a while. */
	ioasid_drain_period = HZ / 10;
	fake.fail = 1;
	ioasid_free(set, 42);
	for (i = 0; i < 100 && fake.nr < 5; i++)
		msleep(50);
	KUNIT_EXPECT_EQ(test, fake.nr, 5);
	ioasid_drain_period = period;
	ioasid_unregister_drainer(&fake.drainer);
	ioasid_set_free(set);
}

static void every_drainer_is_asked(struct kunit *test)
{
	struct fake_drainer one = { .drainer = { .drain = fake_drain }, .fail = 1 };
	struct fake_drainer two = { .drainer = { .drain = fake_drain } };

	KUNIT_EXPECT_EQ(test, ioasid_register_drainer(&one.drainer), 0);
	KUNIT_EXPECT_EQ(test, ioasid_register_drainer(&two.drainer), 0);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 42, 42, NULL), 42);
	ioasid_free(NULL, 42);
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, one.nr, 1);
	KUNIT_EXPECT_EQ(test, two.nr, 1);
	ioasid_unregister_drainer(&one.drainer);
	KUNIT_EXPECT_EQ(test, ioasid_alloc(NULL, 42, 42, NULL), 42);
	KUNIT_EXPECT_EQ(test, two.nr, 2);
	ioasid_free(NULL, 42);
	ioasid_flush();
	KUNIT_EXPECT_EQ(test, two.nr, 3);
	ioasid_unregister_drainer(&two.drainer);
}

static struct kunit_case ioasid_event_cases[] = {
	KUNIT_CASE(order_of_priority),
	KUNIT_CASE(registration_errors),
	KUNIT_CASE(listener_outlives_set),
	KUNIT_CASE(arguments),
	KUNIT_CASE(one_event_per_transition),
	KUNIT_CASE(bind_can_be_refused),
	KUNIT_CASE(listener_holds_until_free),
	KUNIT_CASE(alloc_ends_before_free),
	KUNIT_CASE(listener_leaves_during_alloc),
	KUNIT_CASE(listener_can_allocate),
	KUNIT_CASE(drained_before_reuse),
	KUNIT_CASE_SLOW(undrained_is_not_reused),
	KUNIT_CASE(every_drainer_is_asked),
	{}
};

static struct kunit_suite ioasid_event_suite = {
	.name = "ioasid_event",
	.init = event_init,
	.exit = ioasid_test_exit,
	.test_cases = ioasid_event_cases,
};

kunit_test_suite(ioasid_event_suite);
