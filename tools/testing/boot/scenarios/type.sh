# SPDX-License-Identifier: GPL-2.0-only
# The type of a default domain changed through sysfs, and I/O after each change.
#
# The command line gives the order of the changes, because QEMU (to 7.2 at least)
# sees the end of pass-through in scalable mode only at a context-cache invalidation,
# which a change of a PASID-table entry does not need: there identity comes last.
nvme=$(pci nvme) vblk=$(pci vblk) edu=$(pci edu) nic=$(pci e1000e | head -n 1) vnet=$(pci vnet)

change() { put "$2" "$(group "$1")/type"; }	# change BDF TYPE

within 30 block_of "$nvme"
for to in DMA identity auto; do
	refused EPERM "$to with a driver bound" change "$nvme" "$to"
done
refused EINVAL "a type that does not exist" change "$nvme" BLOCKED
same "nothing has changed" DMA "$(group_type "$nvme")"
check "DMA to DMA-FQ, with the driver bound" change "$nvme" DMA-FQ
same "it reads back" DMA-FQ "$(group_type "$nvme")"
blk_io "$nvme" thorough
refused EPERM "but not DMA-FQ to DMA" change "$nvme" DMA

for to in $(echo "$alone" | tr , " "); do
	unbind "$nvme"
	check "without a driver: $(group_type "$nvme") to $to" change "$nvme" "$to"
	case $to in auto) want=DMA ;; *) want=$to ;; esac
	same "it reads back as $want" "$want" "$(group_type "$nvme")"
	check "the driver binds" bind "$nvme" nvme
	blk_io "$nvme"
done

# Other devices change while this one works.
iot blk "$(block_of "$nvme")" 0x400000 4096 4 77 >/tmp/background 2>&1 && echo good >>/tmp/background &
for to in $(echo "$beside" | tr , " "); do
	for dev in "$nic:e1000e" "$vnet:virtio-pci" "$vblk:virtio-pci"; do
		name=${dev##*:} dev=${dev%:*}
		unbind "$dev"
		check "$name $dev: $(group_type "$dev") to $to" change "$dev" "$to"
		check "the driver binds" bind "$dev" "$name"
	done
	blk_io "$vblk"
	net_io "$nic" "$vnet"
done
wait
same "I/O of another group went on meanwhile" good "$(cat /tmp/background)"

settle "$edu"
# The device without a driver reaches memory only in an identity domain.
say "expect faults $edu"
for to in $(echo "$beside" | tr , " "); do
	check "edu: $(group_type "$edu") to $to" change "$edu" "$to"
	case $to in
	identity) checks iot edu "$edu" direct ;;
	*) checks iot edu "$edu" rogue ;;
	esac
done
