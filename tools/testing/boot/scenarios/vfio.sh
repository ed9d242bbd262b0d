# SPDX-License-Identifier: GPL-2.0-only
# A device assigned to a process, which maps what it can reach.
edu=$(pci edu) nvme=$(pci nvme)

settle "$edu"
before=$(groups)
say "expect faults $edu"
check "edu: bound to vfio-pci" bind "$edu" vfio-pci
for how in type1 cdev; do
	checks iot vfio $how "$edu"
	same "the default domain is back" DMA "$(group_type "$edu")"
	refused EPERM "$how: while owned, the type of the default domain cannot change" \
		iot vfio own $how "$edu" "echo identity >$(group "$edu")/type"
done
refused EBUSY "owned through type1, not through cdev" iot vfio own type1 "$edu" "iot vfio try cdev $edu"
refused EBUSY "owned through cdev, not through type1" iot vfio own cdev "$edu" "iot vfio try type1 $edu"
check "unbound from vfio-pci" unbind "$edu"
checks iot edu "$edu" rogue
blk_io "$nvme"
same "the groups are as before" "$before" "$(groups)"
