# SPDX-License-Identifier: GPL-2.0-only
# Which devices share a group on which bus, and DMA on each.
deep=$(pci nvme | tail -n 1) near=$(pci nvme | head -n 1)
bridged_blk=$(pci vblk | grep -v ^0000:00) bridged_net=$(pci vnet | grep -v ^0000:00)
function_blk=$(pci vblk | grep ^0000:00) function_net=$(pci vnet | grep ^0000:00)

mates() { ls "$(group "$1")/devices" | tr '\n' ' '; }
has() { case " $1" in *" $2 "*) true ;; *) false ;; esac; }

say "# $(groups)"
other=$([ "$near" = "$deep" ] || echo yes)	# is there another root bus?
[ ! "$other" ] || same "the other root bus is there" 0000:2 "$(echo "$deep" | cut -c1-6)"
check "functions of one slot share a group" has "$(mates "$function_blk")" "$function_net"
check "devices on a conventional bus share a group" has "$(mates "$bridged_blk")" "$bridged_net"
check "with their bridge" has "$(mates "$bridged_blk")" 0000:00:05.0
check "not with the functions" [ "$(group "$bridged_blk")" != "$(group "$function_blk")" ]
[ ! "$other" ] || check "the NVMes of two root buses are apart" [ "$(group "$near")" != "$(group "$deep")" ]
for group in /sys/kernel/iommu_groups/*; do
	case $(cat "$group/type") in DMA) ;; *) fail "type of ${group##*/}" ;; esac
done

for dev in "$near" ${other:+"$deep"} "$bridged_blk" "$function_blk"; do
	blk_io "$dev" thorough
done
net_io "$bridged_net" "$function_net"

# Both devices of a shared group work at once, and one goes while the other works.
iot blk "$(block_of "$bridged_blk")" 0x400000 4096 4 5 >/tmp/background 2>&1 && echo good >>/tmp/background &
net_io "$bridged_net" "$function_net"
check "one device of the group is unbound" unbind "$bridged_net"
wait
same "I/O of the other went on meanwhile" good "$(cat /tmp/background)"
check "and is bound again" bind "$bridged_net" virtio-pci
net_io "$function_net" "$bridged_net"

# A new default domain needs the whole group without drivers.
type=$(group "$bridged_blk")/type
unbind "$bridged_net"
refused EPERM "identity while one device has a driver" put identity "$type"
unbind "$bridged_blk"
check "identity when none has" put identity "$type"
check "the first binds" bind "$bridged_blk" virtio-pci
check "the second binds" bind "$bridged_net" virtio-pci
blk_io "$bridged_blk"
net_io "$bridged_net" "$function_net"
