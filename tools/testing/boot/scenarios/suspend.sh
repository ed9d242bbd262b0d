# SPDX-License-Identifier: GPL-2.0-only
# Suspend: to RAM on x86, in which the unit loses all its registers; to idle on arm64,
# as QEMU's firmware there offers nothing deeper.
nvme=$(pci nvme) vblk=$(pci vblk) edu=$(pci edu) nic=$(pci e1000e | head -n 1) vnet=$(pci vnet)

if ! grep -q mem /sys/power/state 2>/dev/null; then
	skip "suspend" "the kernel has no CONFIG_SUSPEND"
else
	case $(uname -m) in
	x86_64)
		end=reboot	# QEMU's power-off does not survive the suspend
		sleep_now() { host on SUSPEND system_wakeup; put mem /sys/power/state; }
		;;
	*)
		sleep_now() { put +3 /sys/class/rtc/rtc0/wakealarm && put freeze /sys/power/state; }
		;;
	esac
	settle "$edu"
	blk_io "$nvme"
	blk_io "$vblk"
	net_io "$nic" "$vnet"
	for round in 1 2; do
		check "round $round: the machine sleeps and wakes up" sleep_now
		blk_io "$nvme"
		blk_io "$vblk"
		net_io "$nic" "$vnet"
	done
	say "expect faults $edu"
	checks iot edu "$edu" rogue
fi
