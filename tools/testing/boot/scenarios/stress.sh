# SPDX-License-Identifier: GPL-2.0-only
# All CPUs put commands into the unit's queue at once: I/O of all devices, while
# others get and lose their domains and one does DMA that nobody allowed.  With a
# device for it, each CPU unmaps and attaches an address space of its own.
nvme=$(pci nvme) vblk=$(pci vblk) vnet=$(pci vnet) edu=$(pci edu) pdma=$(pci pdma)
nic=$(pci e1000e | head -n 1) spare=$(pci e1000e | tail -n 1)

blocks() { # blocks BDF: five rounds with 16 requests in flight
	local round
	for round in 1 2 3 4 5; do
		iot blk "$(block_of "$1")" 0x400000 4096 16 "$round" || return
	done
}

# A queue's interrupts come to the CPU that it serves, which unmaps what is complete.
idle_cpus() { # idle_cpus DRIVER: those that had none
	awk -v name="$1" '
		NR == 1 { n = NF }
		$NF ~ name "[0-9]*q[1-9]" { for (i = 0; i < n; i++) sum[i] += $(i + 2) }
		END { for (i = 0; i < n; i++) if (!sum[i]) printf "CPU%d ", i }' /proc/interrupts
}

within 30 block_of "$nvme" && within 30 block_of "$vblk"
same "NVMe is in a domain of type $type" "$type" "$(group_type "$nvme")"
settle "$edu"
say "expect faults $edu"
blocks "$nvme" >/tmp/nvme 2>&1 && echo good >>/tmp/nvme &
blocks "$vblk" >/tmp/vblk 2>&1 && echo good >>/tmp/vblk &
if [ "$pdma" ]; then
	say "expect faults $pdma"
	iot aux crowd "$(file_of "$pdma")" "$pdma" "$crowd" >/tmp/crowd 2>&1 ||
		echo "not ok the crowd ended with an error: $(tail -n 1 /tmp/crowd)" >>/tmp/crowd &
fi
for round in 1 2 3; do
	net_io "$nic" "$vnet"
	for to in identity DMA; do
		unbind "$spare"
		check "round $round: the spare NIC: $(group_type "$spare") to $to" put $to "$(group "$spare")/type"
		check "its driver binds" bind "$spare" e1000e
	done
	checks iot edu "$edu" blocked
done
wait
same "the NVMe read back what it wrote meanwhile" good "$(tail -n 1 /tmp/nvme)"
same "the virtio disk did, too" good "$(tail -n 1 /tmp/vblk)"
same "each CPU has unmapped for the NVMe" "" "$(idle_cpus nvme)"
[ ! "$pdma" ] || checks cat /tmp/crowd
net_io "$spare" "$vnet"
