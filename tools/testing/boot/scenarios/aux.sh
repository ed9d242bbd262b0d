# SPDX-License-Identifier: GPL-2.0-only
# Auxiliary domains: address spaces with PASIDs on a device, and next to them the
# DMA API of the same device and of others.
nth() { pci pdma | sed -n "$1p"; }
dev=$(nth 1) other=$(nth 2) narrow=$(nth 3) without=$(nth 4)
nvme=$(pci nvme) before=$(groups)

each() { checks iot aux "$1" "$(file_of "$dev")" "$dev"; }

for bdf in "$dev" "$other" "$narrow" "$without"; do
	say "expect faults $bdf"
	same "$bdf has its driver" pasid_dma "$(driver "$bdf")"
done
within 30 block_of "$nvme"

iot blk "$(block_of "$nvme")" 0x400000 4096 4 5 >/tmp/background 2>&1 && echo good >>/tmp/background &
each two
wait
same "NVMe went on meanwhile" good "$(cat /tmp/background)"

each unmap
each detach
each reuse
each "${permissions:-permissions}"
each errors
each handler
each dma
checks iot aux primary "$(file_of "$dev")" "$dev" "$(file_of "$other")" "$other"
checks iot aux narrow "$(file_of "$narrow")" "$narrow" "$(file_of "$dev")" "$dev"
refused ENODEV "a device without PASIDs" iot aux try "$(file_of "$without")" "$without"

# The type of the default domain, which DMA without PASID goes through
iot aux wait "$(file_of "$dev")" "$dev" >/tmp/waiting &
waiter=$!
within 10 grep -q attached /tmp/waiting
refused EBUSY "the default domain cannot change while an aux-domain is attached" put identity "$(group "$dev")/type"
same "it is as it was" DMA "$(group_type "$dev")"
refused EBUSY "nor can its flush policy" put DMA-FQ "$(group "$dev")/type"
kill $waiter
wait
refused EPERM "without an aux-domain it cannot change because of the driver" put identity "$(group "$dev")/type"
each two

if [ -w /proc/self/fail-nth ]; then
	for fault in failslab fail_page_alloc; do
		[ ! -e /sys/kernel/debug/$fault ] || put N /sys/kernel/debug/$fault/ignore-gfp-wait
		[ ! -e /sys/kernel/debug/$fault ] || put 0 /sys/kernel/debug/$fault/verbose
	done
	[ ! -e /sys/kernel/debug/fail_page_alloc ] || put 0 /sys/kernel/debug/fail_page_alloc/min-order
	each fail
else
	skip "allocation failures" "the kernel has no CONFIG_FAULT_INJECTION"
fi
each owner

# A device that completes nothing, for it is no bus master: bit 2 of its command register
silence() { printf '\002' | dd of="/sys/bus/pci/devices/$1/config" bs=1 seek=4 conv=notrunc; }
check "$other is no bus master any more" silence "$other"
checks iot aux silent "$(file_of "$other")" "$other"
check "its driver is bound again" rebind "$other" pasid_dma
checks iot aux two "$(file_of "$other")" "$other"
blk_io "$nvme"
same "the groups are as before" "$before" "$(groups)"
