# SPDX-License-Identifier: GPL-2.0-only
# Thousands of aux-domains on one device, with I/O of other devices next to it.
dev=$(pci pdma) nvme=$(pci nvme)

say "expect faults $dev"
within 30 block_of "$nvme"
iot blk "$(block_of "$nvme")" 0x400000 4096 4 5 >/tmp/background 2>&1 && echo good >>/tmp/background &
checks iot aux many "$(file_of "$dev")" "$dev" "$count_of_domains" "$rounds"
wait
same "NVMe went on meanwhile" good "$(cat /tmp/background)"
