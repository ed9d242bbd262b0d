# SPDX-License-Identifier: GPL-2.0-only
# A crash leaves translation on and devices running; the crash kernel boots in the
# middle of it and uses the same devices.
nvme=$(pci nvme) vblk=$(pci vblk) nic=$(pci e1000e | head -n 1) vnet=$(pci vnet)

read -r cmdline </proc/cmdline
if [ -e /proc/vmcore ]; then
	echo "$count" >/tmp/count
	pass "the crash kernel runs"
	for dev in "$nvme" "$vblk"; do
		check "$dev has a group" [ -e "$(group "$dev")/type" ]
		blk_io "$dev" thorough
	done
	net_io "$nic" "$vnet"
	check "the old kernel's memory can be read" dd if=/proc/vmcore of=/dev/null bs=64k count=64
elif [ ! -e /sys/kernel/kexec_crash_loaded ]; then
	skip "crash kernel" "the kernel has no CONFIG_CRASH_DUMP"
else
	blk_io "$nvme"
	net_io "$nic" "$vnet"
	read -r count </tmp/count
	check "the crash kernel is loaded" iot kexec -p /kernel /initrd \
		"$(echo "$cmdline" | sed 's/crashkernel=[^ ]*//') nr_cpus=1 reset_devices boot.count=$((count + 2))"
	same "and ready" 1 "$(cat /sys/kernel/kexec_crash_loaded)"
	# I/O in flight when the kernel dies
	stress /tmp/nvme "$nvme"
	stress /tmp/vblk "$vblk"
	echo c >/proc/sysrq-trigger
fi
