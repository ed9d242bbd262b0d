/* SPDX-License-Identifier: GPL-2.0-only */
/* What hardware does with the invalidation queue, for tests that play it. */
#ifndef _INTEL_QUEUE_TEST_H
#define _INTEL_QUEUE_TEST_H

#include "queue.h"

/* Carry out the descriptor at @slot: a wait writes its status. */
static inline void model_execute(struct q_inval *qi, unsigned int slot)
{
	const u64 *desc = qi_slot_ptr(qi, slot);

	if (FIELD_GET(QI_TYPE, desc[0]) == QI_WAIT && desc[0] & QI_WAIT_SW)
		WRITE_ONCE(*(u32 *)phys_to_virt(desc[1]),
			   FIELD_GET(QI_WAIT_DATA, desc[0]));
}

#endif /* _INTEL_QUEUE_TEST_H */
