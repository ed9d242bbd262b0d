# shellcheck shell=busybox
# SPDX-License-Identifier: GPL-2.0-only
# Data integrity of every device with the default domain that the command line asks
# for, and what a device can reach without permission.
# shellcheck disable=SC2154	# type and vendor are from the command line
nvme=$(pci $NVME) vblk=$(pci $VBLK) vnet=$(pci $VNET) edu=$(pci $EDU)
nic=$(pci $E1000E | head -n 1) spare=$(pci $E1000E | tail -n 1)

for dev in "$nvme" "$nic" "$vblk" "$vnet" "$edu"; do
	same "$(driver "$dev") $dev is in a group of type $type" "$type" "$(group_type "$dev")"
	same "and alone in it" "$dev" "$(ls "$(group "$dev")/devices")"
	same "which leads back to it" "$(readlink -f "/sys/bus/pci/devices/$dev")" "$(readlink -f "$(group "$dev")/devices/$dev")"
done
check "each group has its reserved regions" \
	sh -c "cat /sys/kernel/iommu_groups/*/reserved_regions | grep -q '0x00000000fee00000 0x00000000feefffff msi'"

blk_io "$nvme" thorough
blk_io "$vblk" thorough
net_io "$nic" "$vnet"

if [ "$type" = identity ]; then
	checks iot edu "$edu" direct
elif [ -z "${vendor:-}" ]; then
	say "expect faults $edu"
	checks iot edu "$edu" rogue
	say "expect faults $spare"
	check "the spare NIC has no driver" unbind "$spare"
	dmesg -c >/tmp/dmesg
	checks iot flood "$spare" 1000
	lines=$(dmesg | grep -c "fault addr")
	check "they are reported ($lines lines) but not each" [ "$lines" -ge 1 -a "$lines" -lt 500 ]
	check "the spare NIC gets its driver back" bind "$spare" e1000e
	net_io "$spare" "$vnet"
	blk_io "$nvme"
fi
