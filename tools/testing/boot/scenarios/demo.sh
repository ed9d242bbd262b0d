# SPDX-License-Identifier: GPL-2.0-only
# What the subsystem does, told to a reader.  A chapter is a function; what it tells
# is shown as it happens, what it checks is counted as in every scenario.
nvme=$(pci nvme) edu=$(pci edu) nic=$(pci e1000e | head -n 1) nic2=$(pci e1000e | tail -n 1)
pdma=$(pci pdma)

tell() { say "show $*"; }
chapter() { tell; tell "$1"; tell "$(echo "$1" | sed 's/./-/g')"; }
row() { tell "$(printf '  %-16s  %s' "$1" "$2")"; }
sha() { sha256sum <"$1" | cut -c1-64; }
number() { basename "$(group "$1")"; }

machine() {
	local unit cap ecap scalable
	chapter "The machine"
	row "kernel" "$(uname -r), $(nproc) CPUs"
	for unit in /sys/class/iommu/dmar*; do
		read -r cap <"$unit/intel-iommu/cap"
		read -r ecap <"$unit/intel-iommu/ecap"
		scalable=$((0x$ecap >> 43 & 1))		# ECAP.SMTS
		row "IOMMU" "${unit##*/}, VT-d $(cat "$unit/intel-iommu/version"), cap $cap, ecap $ecap"
		row "" "$([ $scalable = 1 ] && echo "scalable mode, " || echo "legacy mode, ")strict invalidation"
		same "the unit offers scalable mode" 1 "$scalable"
	done
}

group_rows() {
	local dir dev name
	within 30 block_of "$nvme"
	chapter "Groups and their default domains"
	row "group  domain" "devices and their drivers"
	for dir in $(ls -d /sys/kernel/iommu_groups/* | sort -t/ -k5n); do
		for dev in "$dir"/devices/*; do
			name=$(driver "${dev##*/}")
			case $name in
			none) name=- ;;
			*) name="$name $(block_of "${dev##*/}" || net_of "${dev##*/}")" ;;
			esac
			row "$(printf '%5s  %s' "${dir##*/}" "$(cat "$dir/type")")" "${dev##*/}  $name"
		done
	done
	same "NVMe is in a DMA domain" DMA "$(group_type "$nvme")"
}

equal() { # equal WHAT FIRST SECOND: two files, shown by their checksums
	row "$2" "$(sha "$4")"
	row "$3" "$(sha "$5")"
	same "$1" "$(sha "$4")" "$(sha "$5")"
	row "" "$([ "$(sha "$4")" = "$(sha "$5")" ] && echo "equal" || echo "DIFFERENT")"
}

disk() {
	local dev
	dev=$(block_of "$nvme")
	chapter "NVMe $nvme (group $(number "$nvme"), $dev): 4 MiB written and read back"
	head -c 4194304 /dev/urandom >/tmp/data
	dd if=/tmp/data of="$dev" bs=128k oflag=direct 2>/dev/null
	dd if="$dev" of=/tmp/back bs=128k count=32 iflag=direct 2>/dev/null
	equal "NVMe reads back what was written" "written, sha256" "read back" /tmp/data /tmp/back
}

network() {
	local from to
	from=$(net_of "$nic") to=$(net_of "$nic2")
	ip link set "$from" up
	ip link set "$to" up
	within 30 grep -q 1 "/sys/class/net/$from/carrier"
	within 30 grep -q 1 "/sys/class/net/$to/carrier"
	chapter "e1000e: 1 MiB moved from $from ($nic) to $to ($nic2)"
	head -c 1048576 /dev/urandom >/tmp/data
	iot net "$from" "$to" /tmp/data /tmp/back
	equal "the file arrives whole" "sent, sha256" "received" /tmp/data /tmp/back
}

rogue() {
	chapter "edu $edu (group $(number "$edu")): DMA that nobody allowed"
	tell "  The device is told to write to, then to read from, the physical address of"
	tell "  a page in use.  Nothing maps that address for it."
	say "expect faults $edu"
	iot edu "$edu" rogue >/tmp/rogue 2>&1
	checks cat /tmp/rogue
	while read -r line; do
		case $line in
		"ok memory"*) row "memory" "${line#ok memory }" ;;
		"not ok memory"*) row "memory" "CHANGED" ;;
		"ok "*|"not ok "*) ;;
		*) row "kernel" "$line" ;;
		esac
	done </tmp/rogue
	blk_io "$nvme"
	row "and NVMe" "works on"
}

processes() {
	chapter "pasid-dma $pdma (group $(number "$pdma")): two processes, two PASIDs, one device"
	tell "  Each process has an address space on the device, reached with its own PASID,"
	tell "  and maps 64 KiB at 0x100000000 there: the same address, other memory."
	say "expect faults $pdma"
	iot blk "$(block_of "$nvme")" 0x400000 4096 4 5 >/tmp/background 2>&1 && echo good >>/tmp/background &
	iot aux two "$(file_of "$pdma")" "$pdma" >/tmp/two 2>&1
	wait
	checks cat /tmp/two
	while read -r line; do
		case $line in
		"ok process "*) line=${line#ok }; row "${line%%:*}" "${line#*: }" ;;
		"ok meanwhile "*) row "kernel" "${line#ok }" ;;
		"not ok "*) row "FAILED" "${line#not ok }" ;;
		"ok "*) ;;
		*) row "kernel" "$line" ;;
		esac
	done </tmp/two
	same "NVMe went on meanwhile" good "$(cat /tmp/background)"
	row "NVMe" "4 MiB written and read back meanwhile"
}

machine
group_rows
disk
network
rogue
processes
