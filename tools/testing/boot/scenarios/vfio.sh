# shellcheck shell=busybox
# SPDX-License-Identifier: GPL-2.0-only
# A device assigned to a process, and the ownership of a group with two devices.
edu=$(pci $EDU | head -n 1) bridged=$(pci $EDU | tail -n 1) vblk=$(pci $VBLK) nvme=$(pci $NVME)

iommu_type() { group_type "$1"; }
before=$(groups)
say "expect faults $edu"
check "edu: bound to vfio-pci" bind "$edu" vfio-pci
for how in type1 cdev; do
	checks iot vfio $how "$edu"
	same "the default domain is back" DMA "$(iommu_type "$edu")"
	check "its type cannot change while a driver is bound" sh -c "! echo identity >$(group "$edu")/type"
done
check "owned through type1, not through cdev: EBUSY" \
	sh -c "iot vfio own type1 $edu 'iot vfio try cdev $edu' | tee /dev/stderr | grep -q EBUSY"
check "owned through cdev, not through type1: EBUSY" \
	sh -c "iot vfio own cdev $edu 'iot vfio try type1 $edu' | tee /dev/stderr | grep -q EBUSY"
check "unbound from vfio-pci" unbind "$edu"
checks iot edu "$edu" rogue
blk_io "$nvme"

# Behind the bridge edu and virtio-blk share a group.
same "edu and virtio-blk behind a bridge share a group" "$(group "$bridged")" "$(group "$vblk")"
blk_io "$vblk"
check "edu behind the bridge: bound to vfio-pci" bind "$bridged" vfio-pci
for how in type1 cdev; do
	check "$how: the group cannot be owned while virtio-blk has its driver: EBUSY" \
		sh -c "iot vfio try $how $bridged | tee /dev/stderr | grep -q EBUSY"
done
blk_io "$vblk"
check "virtio-blk: unbound" unbind "$vblk"
cat >/tmp/bind-other <<EOF
. /lib.sh >/dev/null
! bind $vblk virtio-pci 2>/tmp/error; test ! -e /sys/bus/pci/devices/$vblk/driver && cat /tmp/error
EOF
for how in type1 cdev; do
	iot vfio own $how "$bridged" "sh /tmp/bind-other" >/tmp/out 2>&1
	check "$how: while edu is owned, binding virtio-pci fails: EBUSY" grep -q "busy" /tmp/out
done
say "expect faults $vblk"
say "expect faults ${vblk%%.*}"
check "released, virtio-pci binds" bind "$vblk" virtio-pci
blk_io "$vblk"
check "edu behind the bridge: unbound" unbind "$bridged"
same "the groups are as before" "$before" "$(groups)"
