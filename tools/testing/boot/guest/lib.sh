# SPDX-License-Identifier: GPL-2.0-only
# What the scenarios share.  Results are records of the kernel log, so each stands
# whole and in order among the kernel's own messages; the host reads them from the
# console by their prefix.

say() { echo "<5>boot: $*" >/dev/kmsg; }

# Asks the host for a QMP command: host COMMAND [KEY=VALUE...], or after an event:
# host on EVENT COMMAND [KEY=VALUE...].
host() { say "host $*"; }

# The number is in a file, which init makes, because results also come from subshells.
result() { # result ok|"not ok" DESCRIPTION...
	local verdict=$1 count
	shift
	read -r count </tmp/count
	count=$((count + 1))
	echo $count >/tmp/count
	say "$verdict $count - $*"
}
pass() { result ok "$@"; }
fail() { result "not ok" "$@"; }
skip() { # skip DESCRIPTION REASON
	result ok "$1 # SKIP $2"
}
note() { while read -r line; do say "# $line"; done; }

# check DESCRIPTION COMMAND...: the command succeeds; returns its status
check() {
	local text=$1 status=0
	shift
	"$@" >/tmp/out 2>&1 || status=$?
	if [ $status = 0 ]; then
		pass "$text"
	else
		fail "$text"
		{ echo "$* ended with status $status"; tail -n 20 /tmp/out; } | note
	fi
	return $status
}

# same DESCRIPTION WANTED GOT
same() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1: expected '$2', got '$3'"
	fi
}

# refused ERROR DESCRIPTION COMMAND...: the command fails with that error
refused() {
	local error=$1 text="$2: $1" words
	shift 2
	case $error in
	EBUSY) words="EBUSY|resource busy" ;;
	EPERM) words="EPERM|not permitted" ;;
	EINVAL) words="EINVAL|Invalid argument" ;;
	*) words=$error ;;
	esac
	if "$@" >/tmp/out 2>&1; then
		fail "$text, but it is not refused"
	elif grep -qE "$words" /tmp/out; then
		pass "$text"
	else
		fail "$text, but it is another error"
		note </tmp/out
	fi
}

# checks COMMAND...: a program that prints "ok TEXT" and "not ok TEXT" itself
checks() {
	{ "$@" 2>&1 || echo "not ok $* ended with status $?"; } | while read -r line; do
		case $line in
		"ok "*) pass "${line#ok }" ;;
		"not ok "*) fail "${line#not ok }" ;;
		*) say "# $line" ;;
		esac
	done
}

# Polls until the command succeeds; the limit only ends a dead wait.
within() { # within SECONDS COMMAND...
	local left=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		usleep 100000
	done
}

# busy FILE COMMAND...: goes on behind it, until the device that it uses is gone
busy() {
	local file=$1
	shift
	: >"$file"		# not what an earlier one said
	"$@" >"$file" 2>&1 && echo gone >>"$file" &
	within 60 grep -q busy "$file"
}

stress() { # stress FILE BDF: block I/O
	busy "$1" iot blk "$(block_of "$2")" 0x400000 16384 0
}

put() { echo "$1" >"$2"; }

finish() {
	if [ -e /sys/kernel/debug/kmemleak ]; then
		sleep 6			# younger objects are never reported
		echo scan >/sys/kernel/debug/kmemleak
		echo scan >/sys/kernel/debug/kmemleak
		cat /sys/kernel/debug/kmemleak >/tmp/leaks
		if [ -s /tmp/leaks ]; then
			head -n 60 /tmp/leaks | note
			fail "kmemleak reports $(grep -c unreferenced /tmp/leaks) objects"
		else
			pass "kmemleak reports nothing"
		fi
	fi
	read -r count </tmp/count
	say "1..$count"
	say "done"
	case ${end:-poweroff} in
	quit) host quit ;;
	*) "${end:-poweroff}" -f ;;
	esac
}

# PCI

# The addresses of all devices of a kind, in order.
pci() {
	local dev vendor device id
	case $1 in
	edu) id=0x1234:0x11e8 ;;
	nvme) id=0x1b36:0x0010 ;;
	e1000e) id=0x8086:0x10d3 ;;
	vblk) id=0x1af4:0x1042 ;;
	vnet) id=0x1af4:0x1041 ;;
	pdma) id=0x1234:0x11fa ;;
	esac
	for dev in /sys/bus/pci/devices/*; do
		read -r vendor <"$dev/vendor"
		read -r device <"$dev/device"
		[ "$vendor:$device" != "$id" ] || echo "${dev##*/}"
	done
}

group() { readlink -f "/sys/bus/pci/devices/$1/iommu_group"; }
group_type() { cat "/sys/bus/pci/devices/$1/iommu_group/type"; }
groups() { (cd /sys/kernel/iommu_groups && echo */devices/*); }
driver() { basename "$(readlink "/sys/bus/pci/devices/$1/driver" || echo none)"; }

unbind() { # unbind BDF
	[ ! -e "/sys/bus/pci/devices/$1/driver" ] || put "$1" "/sys/bus/pci/devices/$1/driver/unbind"
}

bind() { # bind BDF DRIVER
	put "$2" "/sys/bus/pci/devices/$1/driver_override" && put "$1" "/sys/bus/pci/drivers/$2/bind"
}

# On arm64 a PCI device gets its IOMMU when a driver binds to it.
settle() { # settle BDF: a device without a driver gets a group, too
	[ -e "/sys/bus/pci/devices/$1/iommu_group" ] || { bind "$1" vfio-pci && unbind "$1"; }
}

rebind() { # rebind BDF DRIVER: from whatever driver it has
	unbind "$1" && bind "$1" "$2"
}

# The block device or network interface that a PCI device has become.
block_of() {
	local dir
	for dir in "/sys/bus/pci/devices/$1"/nvme/nvme*/nvme*n1 "/sys/bus/pci/devices/$1"/virtio*/block/*; do
		[ ! -e "$dir/size" ] || { echo "/dev/${dir##*/}"; return; }
	done
	return 1
}

# The file of a pasid-dma device.
file_of() {
	local name
	name=$(ls "/sys/bus/pci/devices/$1/misc") && [ -c "/dev/$name" ] && echo "/dev/$name"
}

net_of() {
	local dir
	for dir in "/sys/bus/pci/devices/$1"/net/* "/sys/bus/pci/devices/$1"/virtio*/net/*; do
		[ ! -e "$dir" ] || { echo "${dir##*/}"; return; }
	done
	return 1
}

# Data integrity

# blk_io BDF [thorough]: a block device written and read back with direct I/O
blk_io() {
	local dev
	if ! within 30 block_of "$1"; then
		fail "$1 has a block device"
		return
	fi
	dev=$(block_of "$1")
	check "$(driver "$1") $1: 1 MiB in blocks of 4 KiB, 8 at a time" iot blk "$dev" 0x100000 4096 8 "$((n_io += 1))"
	[ "${2:-}" ] || return 0
	check "$(driver "$1") $1: 64 KiB in sectors, one at a time" iot blk "$dev" 0x10000 512 1 "$((n_io += 1))"
	check "$(driver "$1") $1: 2 MiB in blocks of 60 KiB, 4 at a time" iot blk "$dev" 0x1fe000 61440 4 "$((n_io += 1))"
	check "$(driver "$1") $1: 4 MiB in blocks of 1 MiB, 2 at a time" iot blk "$dev" 0x400000 0x100000 2 "$((n_io += 1))"
}
n_io=0

move() { # move FROM TO FILE: through the network, compared by checksum
	iot net "$1" "$2" "$3" /tmp/moved && [ "$(sha256sum <"$3")" = "$(sha256sum </tmp/moved)" ]
}

# net_io BDF BDF: a file moved between two interfaces on one hub, both ways
net_io() {
	local a b
	if ! { a=$(net_of "$1") && b=$(net_of "$2"); }; then
		fail "$1 and $2 have network interfaces"
		return
	fi
	[ -e /tmp/file ] || head -c 300000 /dev/urandom >/tmp/file
	ip link set "$a" up && ip link set "$b" up
	within 30 grep -q 1 "/sys/class/net/$a/carrier" && within 30 grep -q 1 "/sys/class/net/$b/carrier"
	check "a file moved from $a ($(driver "$1")) to $b ($(driver "$2")) has the same checksum" move "$a" "$b" /tmp/file
	check "a file moved from $b to $a has the same checksum" move "$b" "$a" /tmp/file
}
