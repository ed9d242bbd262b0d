// SPDX-License-Identifier: GPL-2.0-only
/*
 * net FROM TO INPUT OUTPUT: move a file from one network interface to another.
 *
 * Raw Ethernet frames leave at FROM and are expected at TO, which QEMU has on the
 * same hub.  A window of frames is sent, then awaited; what is missing is sent
 * again, so the result is exact whatever the hub drops.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "iot.h"

#define TYPE	0x88b5	/* IEEE 802: local experimental */
#define DATA	1400
#define WINDOW	32
#define TRIES	50

struct frame {
	struct ethhdr eth;
	uint16_t len;
	uint32_t seq;
	uint8_t data[DATA];
} __attribute__((packed));

static int port(const char *name, uint8_t mac[ETH_ALEN])
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(TYPE));
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(TYPE) };
	struct ifreq ifr = {};

	if (fd < 0)
		die("packet socket");
	addr.sll_ifindex = if_nametoindex(name);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (!addr.sll_ifindex || ioctl(fd, SIOCGIFHWADDR, &ifr))
		die("interface %s", name);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		die("flags of %s", name);
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		die("bring up %s", name);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind to %s", name);
	return fd;
}

/* Sends the frames of a window that have not arrived yet. */
static void send_missing(int fd, struct frame *window, unsigned int count, const bool *arrived)
{
	for (unsigned int i = 0; i < count; i++)
		if (!arrived[i] && send(fd, &window[i], sizeof(*window), 0) < 0 && errno != ENOBUFS && errno != ENETDOWN)
			die("send");
}

/* Takes frames in until the window is complete or nothing comes any more. */
static unsigned int receive(int fd, uint32_t first, unsigned int count, struct frame *got, bool *arrived)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	unsigned int news = 0, missing = 0;
	struct frame frame;

	for (unsigned int i = 0; i < count; i++)
		missing += !arrived[i];
	while (news < missing && poll(&pfd, 1, 500) > 0) {
		ssize_t len = recv(fd, &frame, sizeof(frame), 0);
		uint32_t i = ntohl(frame.seq) - first;

		if (len != sizeof(frame) || i >= count || arrived[i])
			continue;
		got[i] = frame;
		arrived[i] = true;
		news++;
	}
	return missing - news;
}

static void move(int from, int to, struct frame *window, unsigned int count, struct frame *got)
{
	bool arrived[WINDOW] = {};

	for (int tries = 0; tries < TRIES; tries++) {
		send_missing(from, window, count, arrived);
		if (!receive(to, ntohl(window[0].seq), count, got, arrived))
			return;
	}
	errno = 0;
	die("frame %u does not arrive", ntohl(window[0].seq));
}

int cmd_net(int argc, char **argv)
{
	static struct frame window[WINDOW], got[WINDOW];
	struct ethhdr eth = { .h_proto = htons(TYPE) };
	int from, to, in, out;
	uint32_t seq = 0;

	if (argc != 5)
		die("net FROM TO INPUT OUTPUT");
	from = port(argv[1], eth.h_source);
	to = port(argv[2], eth.h_dest);
	in = open(argv[3], O_RDONLY);
	out = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (in < 0 || out < 0)
		die("%s or %s", argv[3], argv[4]);
	for (;;) {
		unsigned int count;
		ssize_t len;

		for (count = 0; count < WINDOW; count++) {
			len = read(in, window[count].data, DATA);
			if (len <= 0)
				break;
			window[count].eth = eth;
			window[count].seq = htonl(seq + count);
			window[count].len = htons(len);
		}
		if (!count)
			return 0;
		move(from, to, window, count, got);
		for (unsigned int i = 0; i < count; i++)
			if (write(out, got[i].data, ntohs(got[i].len)) != ntohs(got[i].len))
				die("%s", argv[4]);
		seq += count;
	}
}
