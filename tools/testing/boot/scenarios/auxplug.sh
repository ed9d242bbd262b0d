# SPDX-License-Identifier: GPL-2.0-only
# A device that goes while aux-domains are attached to it and in use.
before=$(groups)
there() { file_of "$(pci pdma)"; }
gone() { [ -z "$(pci pdma)" ] && [ "$(groups)" = "$before" ]; }
hold() { # hold BDF [careless]
	busy /tmp/hold iot aux "${2:-hold}" "$(file_of "$1")" "$1" || fail "the device is not in use"
}

for round in 1 2 3; do
	host device_add driver=pasid-dma id=hot bus=port1 "$options"
	check "round $round: a device appears" within 60 there || break
	dev=$(pci pdma)
	say "expect faults $dev"
	hold "$dev"
	if [ $round = 3 ]; then
		check "its driver is unbound while an aux-domain is in use" unbind "$dev"
		wait
		checks cat /tmp/hold
		check "and bound again" bind "$dev" pasid_dma
		hold "$dev"
	fi
	host device_del id=hot
	check "it goes, and leaves no group behind" within 60 gone
	wait
	checks cat /tmp/hold
done

# A driver that forgets to detach: one warning, and then as with any other.
host device_add driver=pasid-dma id=hot bus=port1 "$options"
check "a device appears" within 60 there
dev=$(pci pdma)
hold "$dev" careless
dmesg -c >/dev/null
host device_del id=hot
check "it goes with aux-domains that the driver forgot" within 60 gone
wait
checks cat /tmp/hold
same "the kernel warns once" 1 "$(dmesg | grep -c "WARNING:")"
host device_add driver=pasid-dma id=hot bus=port1 "$options"
check "another one appears" within 60 there
dev=$(pci pdma)
checks iot aux detach "$(file_of "$dev")" "$dev"
