# SPDX-License-Identifier: GPL-2.0-only
# The ownership of a group with two devices: edu and virtio-blk behind a bridge.
edu=$(pci edu) vblk=$(pci vblk)

settle "$edu"
before=$(groups)
same "edu and virtio-blk behind a bridge share a group" "$(group "$edu")" "$(group "$vblk")"
blk_io "$vblk"
check "edu: bound to vfio-pci" bind "$edu" vfio-pci
for how in type1 cdev; do
	refused EPERM "$how: the group cannot be owned while virtio-blk has its driver" iot vfio try $how "$edu"
done
blk_io "$vblk"
check "virtio-blk: unbound" unbind "$vblk"
for how in type1 cdev; do
	refused EBUSY "$how: while edu is owned, virtio-pci does not bind" \
		iot vfio own $how "$edu" ". /lib.sh; bind $vblk virtio-pci"
	check "it has no driver" [ ! -e "/sys/bus/pci/devices/$vblk/driver" ]
done
check "released, virtio-pci binds" bind "$vblk" virtio-pci
blk_io "$vblk"
check "edu: unbound" unbind "$edu"
same "the groups are as before" "$before" "$(groups)"
