# SPDX-License-Identifier: GPL-2.0-only
# An orderly shutdown into another kernel, which finds the unit as firmware leaves it:
# off, with no device doing DMA on the old kernel's tables.
nvme=$(pci nvme) vblk=$(pci vblk) nic=$(pci e1000e | head -n 1) vnet=$(pci vnet)

read -r cmdline </proc/cmdline
if [ "${again:-}" ]; then
	echo "$count" >/tmp/count
	pass "the next kernel runs"
	same "NVMe is in its default domain" DMA "$(group_type "$nvme")"
	for dev in "$nvme" "$vblk"; do
		blk_io "$dev" thorough
	done
	net_io "$nic" "$vnet"
elif [ ! -e /sys/kernel/kexec_loaded ]; then
	skip "kexec" "the kernel has no CONFIG_KEXEC_FILE"
else
	blk_io "$nvme"
	net_io "$nic" "$vnet"
	check "the next kernel is loaded" iot kexec /kernel /initrd "$cmdline boot.again=yes boot.count=$(($(cat /tmp/count) + 1))"
	# I/O in flight when the devices shut down
	stress /tmp/nvme "$nvme"
	[ "${in_flight:-all}" = nvme ] || stress /tmp/vblk "$vblk"
	iot kexec -e
fi
