// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints of include/trace/events/iommu.h.
 */

#define CREATE_TRACE_POINTS
#include <trace/events/iommu.h>

EXPORT_TRACEPOINT_SYMBOL_GPL(map);
EXPORT_TRACEPOINT_SYMBOL_GPL(unmap);
EXPORT_TRACEPOINT_SYMBOL_GPL(io_page_fault);
EXPORT_TRACEPOINT_SYMBOL_GPL(attach_device_to_domain);
EXPORT_TRACEPOINT_SYMBOL_GPL(add_device_to_group);
EXPORT_TRACEPOINT_SYMBOL_GPL(remove_device_from_group);
