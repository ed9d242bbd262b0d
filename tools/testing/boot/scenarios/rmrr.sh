# SPDX-License-Identifier: GPL-2.0-only
# Memory that firmware has a device reach at fixed addresses stays mapped for it.
nvme=$(pci nvme) other=$(pci vblk)
# Four pages; the last entry of each line is the one that maps it.
mapped() {
	same "$1" "fed1c fed1d fed1e fed1f " "$(awk '/^0x00000000fed1[c-f] / { print substr($NF, 11, 5) }' \
		"/sys/kernel/debug/iommu/intel/$nvme/domain_translation_struct" | tr '\n' ' ')"
}

check "the region is reserved for the NVMe" sh -c "grep -q '^0x00000000fed1c000 0x00000000fed1ffff direct$' $(group "$nvme")/reserved_regions"
check "and for nobody else" sh -c "! grep -q fed1c000 $(group "$other")/reserved_regions"
mapped "it is mapped one-to-one"
blk_io "$nvme"
blk_io "$other"

unbind "$nvme"
check "bound to vfio-pci" bind "$nvme" vfio-pci
refused EINVAL "a process that would have the device without it" iot vfio try type1 "$nvme"
unbind "$nvme"
for type in DMA-FQ DMA; do
	check "the type becomes $type" put $type "$(group "$nvme")/type"
	mapped "the region is in the new domain"
done
echo >"/sys/bus/pci/devices/$nvme/driver_override"
check "the NVMe works again" bind "$nvme" nvme
blk_io "$nvme"
mapped "and has its region"
