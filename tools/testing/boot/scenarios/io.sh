# SPDX-License-Identifier: GPL-2.0-only
# Data integrity of every device with the default domain that the command line asks
# for, and what a device can reach without permission.
nvme=$(pci nvme) vblk=$(pci vblk) vnet=$(pci vnet) edu=$(pci edu)
nic=$(pci e1000e | head -n 1) spare=$(pci e1000e | tail -n 1)

if [ "${vendor:-}" = virtio ]; then
	edu=		# no group before a driver binds
	end=quit	# 6.12 resets a virtio-iommu at shutdown before the devices behind it
fi
if [ "$(uname -m)" = aarch64 ] && [ "$edu" ]; then
	check "edu without a driver has no IOMMU yet" [ ! -e "$(group "$edu")/type" ]
	say "expect faults $edu"
	checks iot edu "$edu" blocked
	settle "$edu"
fi
for dev in "$nvme" "$nic" "$vblk" "$vnet" $edu; do
	same "$(driver "$dev") $dev is in a group of type $type" "$type" "$(group_type "$dev")"
	same "and alone in it" "$dev" "$(ls "$(group "$dev")/devices")"
	same "which leads back to it" "$(readlink -f "/sys/bus/pci/devices/$dev")" "$(readlink -f "$(group "$dev")/devices/$dev")"
done
# What must not be mapped: the x86 doorbell; the window for the doorbells of arm64, or
# the ITS where the virtual IOMMU lets its doorbell through.
case $(uname -m)-${vendor:-vtd} in
x86_64-*) msi="0x00000000fee00000 0x00000000feefffff msi" ;;
aarch64-virtio) msi="0x0000000008090000 0x000000000809ffff msi" ;;
aarch64-*) msi="0x0000000008000000 0x00000000080fffff msi" ;;
esac
check "the groups show the reserved region of MSI" grep -q "$msi" "$(group "$nvme")/reserved_regions"

blk_io "$nvme" thorough
blk_io "$vblk" thorough
net_io "$nic" "$vnet"

if [ "$type" = identity ]; then
	checks iot edu "$edu" direct
elif [ "${vendor:-vtd}" = vtd ] || [ "$vendor" = smmuv3 ]; then
	say "expect faults $edu"
	checks iot edu "$edu" rogue
	say "expect faults $spare"
	check "the spare NIC has no driver" unbind "$spare"
	sleep 6		# the interval of the log's rate limit
	dmesg -c >/tmp/dmesg
	checks iot flood "$spare" 1000
	lines=$(dmesg | grep -c "fault addr\|arm-smmu-v3.* event")
	check "they are reported ($lines lines) but not each" [ "$lines" -ge 1 -a "$lines" -lt 500 ]
	check "the spare NIC gets its driver back" bind "$spare" e1000e
	net_io "$spare" "$vnet"
	blk_io "$nvme"
fi
