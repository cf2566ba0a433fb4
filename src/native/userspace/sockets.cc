#include "sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

namespace pluto::userspace {
namespace {

constexpr int kBuffer = 4 << 20;
constexpr int kPatienceMs = 20;  // for a full send buffer

int Set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value); }

socklen_t ToSockaddr(const Endpoint& endpoint, sockaddr_storage* out) {
  memset(out, 0, sizeof *out);
  if (endpoint.address.family == 4) {
    auto* in = reinterpret_cast<sockaddr_in*>(out);
    in->sin_family = AF_INET;
    in->sin_port = htons(endpoint.port);
    memcpy(&in->sin_addr, endpoint.address.octets, 4);
    return sizeof *in;
  }
  auto* in6 = reinterpret_cast<sockaddr_in6*>(out);
  in6->sin6_family = AF_INET6;
  in6->sin6_port = htons(endpoint.port);
  memcpy(&in6->sin6_addr, endpoint.address.octets, 16);
  return sizeof *in6;
}

Endpoint FromSockaddr(const sockaddr_storage& from) {
  Endpoint endpoint;
  if (from.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&from);
    endpoint.address.family = 4;
    memcpy(endpoint.address.octets, &in->sin_addr, 4);
    endpoint.port = ntohs(in->sin_port);
  } else if (from.ss_family == AF_INET6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&from);
    endpoint.address.family = 6;
    memcpy(endpoint.address.octets, &in6->sin6_addr, 16);
    endpoint.port = ntohs(in6->sin6_port);
  }
  return endpoint;
}

// What every socket of the engine has.
bool Prepare(int fd, uint8_t family, uint32_t mark) {
  for (auto [forced, polite] : {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, std::pair{SO_SNDBUFFORCE, SO_SNDBUF}})
    if (Set(fd, SOL_SOCKET, forced, kBuffer) < 0) Set(fd, SOL_SOCKET, polite, kBuffer);
  if (family == 4) {
    Set(fd, IPPROTO_IP, IP_PKTINFO, 1);
    Set(fd, IPPROTO_IP, IP_RECVTOS, 1);
    // The inner packet was cut for the TUN device's MTU; routers on a narrower path may fragment the outer one.
    Set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  } else {
    Set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    Set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    Set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  }
  return Set(fd, SOL_SOCKET, SO_MARK, static_cast<int>(mark)) == 0;
}

int Fail(int fd) {
  int error = errno;
  close(fd);
  return -error;
}

int Family(uint8_t family) { return family == 4 ? AF_INET : AF_INET6; }

}  // namespace

int OpenSibling(int ike, const Endpoint& local, uint32_t mark) {
  // The first to bind is number 0 of the group, the next one number 1.
  if (Set(ike, SOL_SOCKET, SO_REUSEPORT, 1) < 0) return -errno;
  int fd = socket(Family(local.address.family), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  if (local.address.family == 6) Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  sockaddr_storage address;
  socklen_t size = ToSockaddr(local, &address);
  if (!Prepare(fd, local.address.family, mark) || Set(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) return Fail(fd);
  Set(fd, IPPROTO_UDP, UDP_GRO, 1);
  sock_filter program[] = {
      {BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},
      {BPF_JMP | BPF_JGE | BPF_K, 0, 2, 8},  // NAT keepalives (RFC 3948 §2.3) are no ESP
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0},  // the non-ESP marker (RFC 3948 §2.2)
      {BPF_RET | BPF_K, 0, 0, 0},
      {BPF_RET | BPF_K, 0, 0, 1},
  };
  sock_fprog filter = {sizeof program / sizeof *program, program};
  // Before the sibling is bound there is no group yet that a filter could stand on, and after it has been, a few
  // datagrams may reach the wrong socket: each drops what is not its own.
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) < 0) return Fail(fd);
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) < 0) return Fail(fd);
  return fd;
}

int OpenOwn(const Endpoint& local, uint32_t mark) {
  int fd = socket(Family(local.address.family), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  sockaddr_storage address;
  socklen_t size = ToSockaddr(local, &address);
  if (!Prepare(fd, local.address.family, mark)) return Fail(fd);
  Set(fd, IPPROTO_UDP, UDP_GRO, 1);
  return bind(fd, reinterpret_cast<sockaddr*>(&address), size) < 0 ? Fail(fd) : fd;
}

int OpenRawEsp(uint8_t family, uint32_t mark) {
  int fd = socket(Family(family), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, kEsp);
  if (fd < 0) return -errno;
  return Prepare(fd, family, mark) ? fd : Fail(fd);
}

int OpenClear(uint8_t family, uint32_t mark) {
  int fd = socket(Family(family), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
  if (fd < 0) return -errno;
  return Prepare(fd, family, mark) ? fd : Fail(fd);
}

int MarkSocket(int fd, uint32_t mark) {
  return Set(fd, SOL_SOCKET, SO_MARK, static_cast<int>(mark)) < 0 ? errno : 0;
}

Receiver::Receiver() : arena_(static_cast<uint8_t*>(malloc(kBatch * kDatagram))) {}
Receiver::~Receiver() { free(arena_); }

int Receiver::Read(int fd, bool isRawIpv4, Datagram out[kBatch]) {
  mmsghdr messages[kBatch] = {};
  iovec parts[kBatch];
  sockaddr_storage from[kBatch];
  alignas(cmsghdr) uint8_t control[kBatch][192];
  for (int i = 0; i < kBatch; i++) {
    parts[i] = {arena_ + static_cast<size_t>(i) * kDatagram, kDatagram};
    messages[i].msg_hdr.msg_name = &from[i];
    messages[i].msg_hdr.msg_namelen = sizeof from[i];
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_control = control[i];
    messages[i].msg_hdr.msg_controllen = sizeof control[i];
  }
  int count = recvmmsg(fd, messages, kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; i++) {
    Datagram* datagram = &out[i];
    *datagram = {static_cast<uint8_t*>(parts[i].iov_base), messages[i].msg_len, 0, FromSockaddr(from[i]), {}, 0};
    msghdr* header = &messages[i].msg_hdr;
    for (cmsghdr* c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
      const uint8_t* data = CMSG_DATA(c);
      if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        in_pktinfo info;
        memcpy(&info, data, sizeof info);
        datagram->to.family = 4;
        memcpy(datagram->to.octets, &info.ipi_addr, 4);
      } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo info;
        memcpy(&info, data, sizeof info);
        datagram->to.family = 6;
        memcpy(datagram->to.octets, &info.ipi6_addr, 16);
      } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
        datagram->tos = data[0];
      } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
        int tos;
        memcpy(&tos, data, sizeof tos);
        datagram->tos = static_cast<uint8_t>(tos);
      } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
        int segment;
        memcpy(&segment, data, sizeof segment);
        if (segment > 0) datagram->segment = static_cast<size_t>(segment);
      }
    }
    if (isRawIpv4) {
      size_t header4 = datagram->length > 0 ? (datagram->data[0] & 15u) * 4u : 0;
      if (header4 > datagram->length) header4 = datagram->length;
      datagram->data += header4;
      datagram->length -= header4;
    }
    if (datagram->segment == 0) datagram->segment = datagram->length;
    if (header->msg_flags & MSG_TRUNC) datagram->length = 0;
  }
  return count < 0 ? 0 : count;
}

Sender::Sender() : arena_(static_cast<uint8_t*>(malloc(kArena))) {}
Sender::~Sender() { free(arena_); }

uint8_t* Sender::Room(size_t length) {
  if (used_ + length > kArena || runs_ == kRuns) return nullptr;
  return arena_ + used_;
}

void Sender::Commit(size_t length, const Route& route) {
  size_t offset = used_;
  used_ += length;
  if (runs_ > 0 && segments_ && !route.isRaw) {
    Run* run = &run_[runs_ - 1];
    bool fits = !run->isClosed && run->count < kSegments && length <= run->segment &&
                run->length + length <= kLargestRun && run->route.fd == route.fd && run->route.tos == route.tos &&
                run->route.to == route.to && run->route.src == route.src;
    if (fits) {
      run->length += length;
      run->count++;
      run->isClosed = length < run->segment;
      return;
    }
  }
  run_[runs_++] = {route, offset, length, length, 1, false};
}

void Sender::Flush() {
  isPatient_ = true;
  for (size_t from = 0; from < runs_;) {
    size_t to = from + 1;
    while (to < runs_ && run_[to].route.fd == run_[from].route.fd) to++;
    from += SendRuns(run_ + from, to - from);
  }
  used_ = runs_ = 0;
}

// Sends runs of one socket; returns how many are done with, for good or ill: at least one.
size_t Sender::SendRuns(const Run* runs, size_t count) {
  mmsghdr messages[kRuns] = {};
  iovec parts[kRuns];
  sockaddr_storage addresses[kRuns];
  alignas(cmsghdr) uint8_t control[kRuns][128];
  memset(control, 0, count * sizeof control[0]);
  for (size_t i = 0; i < count; i++) {
    const Run& run = runs[i];
    bool isIpv4 = run.route.to.address.family == 4;
    parts[i] = {arena_ + run.offset, run.length};
    msghdr* header = &messages[i].msg_hdr;
    header->msg_name = &addresses[i];
    header->msg_namelen = ToSockaddr(run.route.to, &addresses[i]);
    header->msg_iov = &parts[i];
    header->msg_iovlen = 1;
    header->msg_control = control[i];
    size_t size = 0;
    auto add = [&](int level, int type, const void* data, size_t length) {
      auto* c = reinterpret_cast<cmsghdr*>(control[i] + size);
      c->cmsg_level = level;
      c->cmsg_type = type;
      c->cmsg_len = CMSG_LEN(length);
      memcpy(CMSG_DATA(c), data, length);
      size += CMSG_SPACE(length);
    };
    int tos = run.route.tos;
    if (isIpv4) {
      in_pktinfo info = {};
      memcpy(&info.ipi_spec_dst, run.route.src.octets, 4);
      if (!run.route.src.isAny()) add(IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
      if (tos != 0) add(IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    } else {
      in6_pktinfo info = {};
      memcpy(&info.ipi6_addr, run.route.src.octets, 16);
      if (!run.route.src.isAny()) add(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
      if (tos != 0) add(IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
    }
    uint16_t segment = static_cast<uint16_t>(run.segment);
    if (run.count > 1) add(IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
    header->msg_controllen = size;
  }
  int fd = runs->route.fd;
  int sent = sendmmsg(fd, messages, static_cast<unsigned>(count), MSG_DONTWAIT);
  if (sent < 0 && errno == EAGAIN && isPatient_) {
    pollfd wait = {fd, POLLOUT, 0};
    // Once for all that waits: the main thread may be waiting for us.
    isPatient_ = poll(&wait, 1, kPatienceMs) > 0;
    sent = sendmmsg(fd, messages, static_cast<unsigned>(count), MSG_DONTWAIT);
  }
  if (sent > 0) return static_cast<size_t>(sent);
  if (runs->count > 1 && errno != EAGAIN) {
    // A device without checksum offload (EIO), a path narrower than a segment (EINVAL), an old kernel.
    if (errno == EIO || errno == ENOPROTOOPT || errno == EOPNOTSUPP) segments_ = false;
    SendApart(*runs);
  } else {
    unsent_ += runs->count;
  }
  return 1;
}

void Sender::SendApart(const Run& run) {
  for (size_t at = 0; at < run.length; at += run.segment) {
    Run one = run;
    one.offset += at;
    one.length = one.segment = run.length - at < run.segment ? run.length - at : run.segment;
    one.count = 1;
    SendRuns(&one, 1);
  }
}

}  // namespace pluto::userspace
