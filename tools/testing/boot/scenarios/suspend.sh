# SPDX-License-Identifier: GPL-2.0-only
# Suspend to RAM, in which the unit loses all its registers.
nvme=$(pci nvme) vblk=$(pci vblk) edu=$(pci edu) nic=$(pci e1000e | head -n 1) vnet=$(pci vnet)

if ! grep -q mem /sys/power/state 2>/dev/null; then
	skip "suspend" "the kernel has no CONFIG_SUSPEND"
else
	end=reboot	# QEMU's power-off does not survive the suspend
	blk_io "$nvme"
	blk_io "$vblk"
	net_io "$nic" "$vnet"
	for round in 1 2; do
		host on SUSPEND system_wakeup
		check "round $round: the machine sleeps and wakes up" put mem /sys/power/state
		blk_io "$nvme"
		blk_io "$vblk"
		net_io "$nic" "$vnet"
	done
	say "expect faults $edu"
	checks iot edu "$edu" rogue
fi
