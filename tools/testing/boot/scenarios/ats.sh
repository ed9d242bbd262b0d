# SPDX-License-Identifier: GPL-2.0-only
# ATS: devices ask for translations and keep them until they are invalidated.
vblk=$(pci vblk) vnet=$(pci vnet) pdma=$(pci pdma) nic=$(pci e1000e)

word() { od -An -tu4 -j"$2" -N4 "/sys/bus/pci/devices/$1/config" | tr -d ' '; }

# Is ATS on: bit 31 of the second word of extended capability 15
ats() {
	local at=256 head
	while [ $at != 0 ]; do
		head=$(word "$1" $at)
		if [ $((head & 0xffff)) = 15 ]; then
			echo $(($(word "$1" $((at + 4))) >> 31))
			return
		fi
		at=$((head >> 20))
	done
	echo none
}

for dev in "$vblk" "$vnet" $pdma; do
	same "$(driver "$dev") $dev has ATS on" 1 "$(ats "$dev")"
done
blk_io "$vblk" thorough
net_io "$vnet" "$nic"
[ -z "$pdma" ] || checks iot aux dma "$(file_of "$pdma")" "$pdma"

unbind "$vblk"
check "virtio-blk: to identity" put identity "$(group "$vblk")/type"
[ "$mode" != legacy ] || same "a pass-through entry of legacy mode has no ATS" 0 "$(ats "$vblk")"
check "the driver binds" bind "$vblk" virtio-pci
blk_io "$vblk"
unbind "$vblk"
check "virtio-blk: to DMA" put DMA "$(group "$vblk")/type"
check "the driver binds" bind "$vblk" virtio-pci
same "ATS is on" 1 "$(ats "$vblk")"
blk_io "$vblk" thorough
if [ -n "$pdma" ]; then
	check "pasid-dma is removed" put 1 "/sys/bus/pci/devices/$pdma/remove"
	check "it is found again" put 1 /sys/bus/pci/rescan
	same "ATS is on" 1 "$(ats "$pdma")"
	checks iot aux dma "$(file_of "$pdma")" "$pdma"
fi
