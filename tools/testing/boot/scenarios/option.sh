# SPDX-License-Identifier: GPL-2.0-only
# The machine boots and works whatever the options of the command line say.
nvme=$(pci nvme)

if [ "$type" = none ]; then
	check "without an IOMMU there are no groups" [ ! -e "$(group "$nvme")/type" ]
else
	same "the type of the default domain" "$type" "$(group_type "$nvme")"
	case $(uname -m) in
	x86_64) check "the IOMMU is in sysfs" [ -e /sys/class/iommu/dmar0/intel-iommu/version ] ;;
	*) check "the IOMMU is in sysfs" [ -e /sys/class/iommu/smmu3.* ] ;;
	esac
	check "with the device" sh -c "ls -d /sys/class/iommu/*/devices/$nvme"
fi
blk_io "$nvme"
[ ! "${faults:-}" ] || check "the log counts firmware's faults" sh -c "dmesg | grep -q ' $faults fault(s) in what firmware says'"
