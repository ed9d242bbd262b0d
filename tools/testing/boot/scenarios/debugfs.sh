# SPDX-License-Identifier: GPL-2.0-only
# What VT-d shows in debugfs, against what sysfs and the devices say.
dir=/sys/kernel/debug/iommu/intel blk=$(pci vblk) net=$(pci vnet)
latency=$dir/dmar_perf_latency

register() { awk -v name="$1" '$1 == name { print $3 }' $dir/iommu_regset; }
at_rest() { awk '/Head:/ { seen = 1; if ($4 != $6) exit 1 } END { exit !seen }' $dir/invalidation_queue; }
short() { echo "${1#0000:}"; }

same "the unit is there once" 1 "$(grep -c "IOMMU: dmar" $dir/iommu_regset)"
same "translation, interrupt remapping and the queue are on" $((0x86000000)) $(($(register GSTS) & 0x86000000))
same "the capabilities are those of sysfs" "$(cat /sys/class/iommu/dmar0/intel-iommu/ecap)" "$(printf %x "$(register ECAP)")"

blk_io "$blk"
net_io "$net" "$(pci e1000e)"
for dev in "$blk" "$net" "$(pci e1000e)"; do
	check "a PASID table entry of $dev" grep -q "^$(short "$dev")" $dir/dmar_translation_struct
	check "pages that are mapped for it" grep -q "^0x.*|" "$dir/$dev/domain_translation_struct"
	same "an interrupt remapping entry for each of its interrupts" "$(ls "/sys/bus/pci/devices/$dev/msi_irqs" | wc -l)" \
		"$(grep -c " $(short "$dev") " $dir/ir_translation_struct)"
done
check "the queue is at rest" at_rest
check "IOTLB invalidations went through it" grep -qE "^ +[0-9]+	[0-9a-f]{15}[26]" $dir/invalidation_queue

# Seven counts, then the shortest, the longest and the average.
count_of() { awk -v kind="$1" '$1 == kind { print $2 + $3 + $4 + $5 + $6 + $7 + $8 }' $latency; }
# The shortest and the longest are in the first and the last count that is not 0, whose
# limits are 0.1, 1, 10, ... us.
measured() {
	awk -v kind="$1" '
	$1 == kind {
		for (i = 2, low = 0, high = 0.1; i <= 8; i++, low = high, high *= 10) {
			if (!$i) continue
			if (!seen++) good = $9 + 1 > low && (i == 8 || $9 < high)
			at_end = $10 + 1 > low && (i == 8 || $10 < high)
		}
		good = good && at_end && $9 <= $11 && $11 <= $10
	}
	END { exit !good }' $latency
}
kinds() { grep -c inv_ $latency; }

same "nothing is measured" 0 "$(kinds)"
refused EINVAL "what cannot be measured" put 4 $latency
refused EINVAL "what is no number" put iotlb $latency
check "measure IOTLB invalidations" put 1 $latency
blk_io "$blk"
check "their figures agree" measured inv_iotlb
check "there were some" [ "$(count_of inv_iotlb)" -gt 0 ]
same "nothing else is measured" 1 "$(kinds)"
check "device-TLB invalidations, too" put 2 $latency
blk_io "$blk"
check "their figures agree" measured inv_devtlb
check "there were some" [ "$(count_of inv_devtlb)" -gt 0 ]
check "and interrupt entries" put 3 $latency
check "a driver asks for interrupts" rebind "$net" virtio-pci
check "their figures agree" measured inv_iec
check "there were some" [ "$(count_of inv_iec)" -gt 0 ]
check "measuring ends" put 0 $latency
same "nothing is shown any more" 0 "$(kinds)"
blk_io "$blk"
check "measure again" put 3 $latency
same "from nothing" 0 "$(count_of inv_iec)"
put 0 $latency
