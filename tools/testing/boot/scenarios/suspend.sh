# shellcheck shell=busybox
# SPDX-License-Identifier: GPL-2.0-only
# Suspend to RAM, in which the unit loses all its registers.
nvme=$(pci $NVME) vblk=$(pci $VBLK) edu=$(pci $EDU) nic=$(pci $E1000E | head -n 1) vnet=$(pci $VNET)

if ! grep -q mem /sys/power/state 2>/dev/null; then
	skip "suspend" "the kernel has no CONFIG_SUSPEND"
else
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
