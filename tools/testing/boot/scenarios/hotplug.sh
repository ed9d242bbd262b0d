# SPDX-License-Identifier: GPL-2.0-only
# Devices that come and go with I/O in flight, through the machine and through sysfs.
nvme=$(pci nvme) vnet=$(pci vnet)
before=$(groups)
plugged() { pci nvme | grep -v "^$nvme$" | grep .; }
gone() { ! plugged && [ "$(groups)" = "$before" ]; }
nic_up() { pci e1000e | grep . && net_of "$(pci e1000e)"; }
no_nic() { [ -z "$(pci e1000e)" ]; }

within 30 block_of "$nvme"
for round in 1 2 3; do
	host device_add driver=nvme id=hot drive=hot serial=hot bus=port1
	check "round $round: an NVMe appears" within 60 plugged || break
	dev=$(plugged)
	check "it has a group" [ -e "$(group "$dev")/devices/$dev" ]
	blk_io "$dev"
	check "I/O goes on" stress /tmp/stress "$dev"
	host device_add driver=e1000e id=nic netdev=net0 bus=port2 romfile=
	check "a NIC appears" within 60 nic_up
	net_io "$(pci e1000e)" "$vnet"
	host device_del id=hot
	host device_del id=nic
	check "both go with I/O in flight" within 60 no_nic
	check "and leave no group behind" within 60 gone
	wait
	same "the interrupted I/O ended with an error, not with wrong data" gone "$(tail -n 1 /tmp/stress)"
done

for round in 1 2 3; do
	check "round $round: I/O goes on" stress /tmp/stress "$nvme"
	check "the NVMe is removed through sysfs with I/O in flight" put 1 "/sys/bus/pci/devices/$nvme/remove"
	wait
	same "the interrupted I/O ended with an error, not with wrong data" gone "$(tail -n 1 /tmp/stress)"
	check "nothing is left of it" sh -c "! ls -d /sys/kernel/iommu_groups/*/devices/$nvme"
	check "it is found again" put 1 /sys/bus/pci/rescan
	blk_io "$nvme" thorough
done
same "there are as many groups as before" "$(echo "$before" | wc -w)" "$(groups | wc -w)"
