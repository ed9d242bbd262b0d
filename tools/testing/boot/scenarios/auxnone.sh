# SPDX-License-Identifier: GPL-2.0-only
# A device with PASIDs behind a unit that has none to offer: no aux-domains, and the
# device works without them.
dev=$(pci pdma) nvme=$(pci nvme)
file=$(file_of "$dev")

say "expect faults $dev"
same "$dev has its driver" pasid_dma "$(driver "$dev")"
checks iot aux none "$file" "$dev"
checks iot aux dma "$file" "$dev"
within 30 block_of "$nvme"
blk_io "$nvme"
