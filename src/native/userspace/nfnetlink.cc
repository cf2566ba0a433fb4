// One nfnetlink transaction: a batch of messages that the kernel carries out whole or not at all. Of its own, because
// the ends of a batch get no verdicts, and which of the others do depends on the kernel.
#include "nfnetlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pluto::userspace {

int NfnetlinkBatch(const uint8_t* messages, size_t length) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (fd < 0) return errno;
  int room = static_cast<int>(length) * 2 + (1 << 16);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) < 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  int verdict = 0;
  if (sendto(fd, messages, length, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0) verdict = errno;
  // The kernel has answered by the time that sendto returns; it answers refusals only, as nothing else was asked for.
  alignas(nlmsghdr) uint8_t answer[8192];
  while (verdict == 0) {
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) break;
    const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
    if (header->nlmsg_type == NLMSG_ERROR) verdict = -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
  }
  close(fd);
  return verdict;
}

}  // namespace pluto::userspace
