// One nfnetlink transaction: a batch of messages that the kernel carries out whole or not at all. Of its own, because
// the ends of a batch get no verdicts, and which of the others do depends on the kernel.
#include "nfnetlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "packet.h"

namespace pluto::userspace {
namespace {

constexpr uint16_t kNewRule = 10 << 8 | 6;  // NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWRULE
constexpr uint16_t kRuleHandle = 3;         // NFTA_RULE_HANDLE
constexpr size_t kAttributes = NLMSG_HDRLEN + 4;

// The handle in a message about a rule; 0 if there is none.
uint64_t HandleOf(const uint8_t* message, size_t length) {
  for (size_t at = kAttributes; at + sizeof(nlattr) <= length;) {
    nlattr attribute;
    memcpy(&attribute, message + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > length - at) break;
    const uint8_t* value = message + at + sizeof attribute;
    if ((attribute.nla_type & NLA_TYPE_MASK) == kRuleHandle && attribute.nla_len == sizeof attribute + 8)
      return static_cast<uint64_t>(Load32(value)) << 32 | Load32(value + 4);
    at += NLA_ALIGN(attribute.nla_len);
  }
  return 0;
}

}  // namespace

int NfnetlinkBatch(const uint8_t* messages, size_t length, std::vector<uint64_t>* handles) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (fd < 0) return errno;
  // Each message that is echoed comes back in a buffer of a page or more, whatever its length.
  auto make = [fd](int forced, int polite, size_t room) {
    int octets = static_cast<int>(std::min(room, size_t{1} << 30));
    if (setsockopt(fd, SOL_SOCKET, forced, &octets, sizeof octets) < 0)
      setsockopt(fd, SOL_SOCKET, polite, &octets, sizeof octets);
  };
  make(SO_SNDBUFFORCE, SO_SNDBUF, length * 2 + (1 << 16));
  make(SO_RCVBUFFORCE, SO_RCVBUF, length * 32 + (1 << 20));
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  int verdict = 0;
  if (sendto(fd, messages, length, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0) verdict = errno;
  // The kernel has answered by the time that sendto returns: with refusals, and with what was to be echoed.
  std::vector<uint8_t> answer(32768);
  while (verdict == 0) {
    ssize_t got = recv(fd, answer.data(), answer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    // What is lost (ENOBUFS) may have been a refusal: the guard must not stand on a guess.
    if (got < 0 && errno != EAGAIN) verdict = errno;
    if (got <= 0) break;
    for (size_t at = 0, end = static_cast<size_t>(got); at + sizeof(nlmsghdr) <= end;) {
      nlmsghdr header;
      memcpy(&header, answer.data() + at, sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > end - at) break;
      if (header.nlmsg_type == NLMSG_ERROR && header.nlmsg_len >= NLMSG_LENGTH(sizeof(nlmsgerr))) {
        int32_t error;
        memcpy(&error, answer.data() + at + NLMSG_HDRLEN, sizeof error);
        if (verdict == 0) verdict = -error;
      } else if (header.nlmsg_type == kNewRule) {
        handles->push_back(HandleOf(answer.data() + at, header.nlmsg_len));
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
  }
  close(fd);
  return verdict;
}

}  // namespace pluto::userspace
