// A UDP socket on Node's loop, in batches: recvmmsg into one arena, sendmmsg from one. Each packet comes with the
// address it was sent to (IP_PKTINFO), ICMP errors come with the start of the packet that caused them.
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "addon.h"

namespace pluto {
namespace {

constexpr unsigned kBatch = 64;      // UDP_BATCH of udp.ts
constexpr size_t kSlot = 65536;      // no UDP datagram is larger
constexpr unsigned kRecord = 6;      // offset, length, family, source port, destination port, interface
constexpr size_t kAddresses = 32;    // source, destination: 16 octets each, IPv4 in the first 4
constexpr size_t kQuoted = 512;      // of the packet that an ICMP error quotes
constexpr unsigned kErrorsAtOnce = 64;

struct Received {
  Napi::Reference<Napi::Uint8Array> arena;
  Napi::Reference<Napi::Int32Array> records;
  Napi::Reference<Napi::Uint8Array> addresses;
  uint8_t* arenaData;
  int32_t* recordData;
  uint8_t* addressData;

  explicit Received(Napi::Env env) {
    Napi::Uint8Array a = Napi::Uint8Array::New(env, kBatch * kSlot);
    Napi::Int32Array r = Napi::Int32Array::New(env, kBatch * kRecord);
    Napi::Uint8Array d = Napi::Uint8Array::New(env, kBatch * kAddresses);
    arenaData = a.Data();
    recordData = r.Data();
    addressData = d.Data();
    arena = Napi::Persistent(a);
    records = Napi::Persistent(r);
    addresses = Napi::Persistent(d);
  }
};

// One arena serves all sockets of a thread: a callback is over before the next batch is read. It is 4 MiB of
// address space, of which only what packets touched is memory.
std::shared_ptr<Received> SharedReceived(Napi::Env env) {
  thread_local std::weak_ptr<Received> shared;
  std::shared_ptr<Received> received = shared.lock();
  if (!received) shared = received = std::make_shared<Received>(env);
  return received;
}

union SockAddr {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

SockAddr ToSockAddr(Napi::Env env, const uint8_t* octets, size_t length, uint16_t port) {
  SockAddr address = {};
  if (length == 4) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
    memcpy(&address.v4.sin_addr, octets, 4);
  } else if (length == 16) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    memcpy(&address.v6.sin6_addr, octets, 16);
  } else {
    throw Napi::TypeError::New(env, "an address has 4 or 16 octets");
  }
  return address;
}

socklen_t SizeOf(const SockAddr& address) {
  return address.any.sa_family == AF_INET ? sizeof address.v4 : sizeof address.v6;
}

size_t OctetsOf(const SockAddr& address) { return address.any.sa_family == AF_INET ? 4 : 16; }

const void* Octets(const SockAddr& address) {
  return address.any.sa_family == AF_INET ? static_cast<const void*>(&address.v4.sin_addr)
                                          : static_cast<const void*>(&address.v6.sin6_addr);
}

uint16_t PortOf(const SockAddr& address) {
  return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

union Control {
  cmsghdr align;
  char room[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(sizeof(timespec)) +
            CMSG_SPACE(sizeof(sock_extended_err) + sizeof(sockaddr_in6))];
};

// ms since `then` by the clock that stamps packets. Somebody may have set that clock meanwhile.
double Since(const timespec& then) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return std::max(0.0, static_cast<double>(now.tv_sec - then.tv_sec) * 1e3 +
                           static_cast<double>(now.tv_nsec - then.tv_nsec) / 1e6);
}

// Writes the source address of an outgoing packet; returns the length of the control data.
size_t PutSource(Control& control, msghdr& message, const uint8_t* octets, size_t length) {
  memset(&control, 0, sizeof control);
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (length == 4) {
    in_pktinfo source = {};
    memcpy(&source.ipi_spec_dst, octets, 4);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof source);
    memcpy(CMSG_DATA(header), &source, sizeof source);
    return CMSG_SPACE(sizeof source);
  }
  in6_pktinfo source = {};
  memcpy(&source.ipi6_addr, octets, 16);
  header->cmsg_level = IPPROTO_IPV6;
  header->cmsg_type = IPV6_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof source);
  memcpy(CMSG_DATA(header), &source, sizeof source);
  return CMSG_SPACE(sizeof source);
}

}  // namespace

class UdpSocket : public Napi::ObjectWrap<UdpSocket> {
 public:
  static void Register(Napi::Env env, Napi::Object exports) {
    exports.Set("UdpSocket", DefineClass(env, "UdpSocket",
                                         {
                                             InstanceAccessor<&UdpSocket::Fd>("fd"),
                                             InstanceAccessor<&UdpSocket::Port>("port"),
                                             InstanceMethod<&UdpSocket::SendOne>("sendOne"),
                                             InstanceMethod<&UdpSocket::SendBatch>("sendBatch"),
                                             InstanceMethod<&UdpSocket::Counters>("counters"),
                                             InstanceMethod<&UdpSocket::Pause>("pause"),
                                             InstanceMethod<&UdpSocket::Resume>("resume"),
                                             InstanceMethod<&UdpSocket::Close>("close"),
                                         }));
  }

  // new UdpSocket(address, port, receiveBuffer, sendBuffer, reusePort, mark, stamps, onPackets, onError)
  explicit UdpSocket(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<UdpSocket>(info),
        context_(info.Env(), "pluto:udp"),
        onPackets_(Napi::Persistent(info[7].As<Napi::Function>())),
        onError_(Napi::Persistent(info[8].As<Napi::Function>())),
        received_(SharedReceived(info.Env())) {
    Napi::Env env = info.Env();
    Bytes address = BytesOf(info[0]);
    SockAddr local =
        ToSockAddr(env, address.data, address.length, static_cast<uint16_t>(info[1].As<Napi::Number>().Uint32Value()));
    v4_ = address.length == 4;
    int fd = socket(local.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    if (fd < 0) throw SystemError(env, "socket", errno);
    if (const char* failed = Prepare(fd, info)) {
      int error = errno;
      close(fd);
      throw SystemError(env, failed, error);
    }
    socklen_t length = SizeOf(local);
    if (bind(fd, &local.any, length) < 0 || getsockname(fd, &local.any, &length) < 0) {
      int error = errno;
      close(fd);
      throw SystemError(env, "bind", error);
    }
    port_ = PortOf(local);
    watch_ = std::make_unique<Watch>(env, fd, [this] { OnReady(); });
    Ref();  // open sockets are not garbage
  }

 private:
  // Sets what must hold before the first packet; returns the call that failed.
  const char* Prepare(int fd, const Napi::CallbackInfo& info) {
    auto set = [fd](int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value) == 0; };
    int receive = info[2].As<Napi::Number>(), send = info[3].As<Napi::Number>();
    uint32_t mark = info[5].As<Napi::Number>();
    // FORCE passes rmem_max and needs CAP_NET_ADMIN; without it the kernel gives what it may.
    if (!set(SOL_SOCKET, SO_RCVBUFFORCE, receive)) set(SOL_SOCKET, SO_RCVBUF, receive);
    if (!set(SOL_SOCKET, SO_SNDBUFFORCE, send)) set(SOL_SOCKET, SO_SNDBUF, send);
    set(SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
    set(SOL_SOCKET, SO_RXQ_OVFL, 1);
    if (info[4].As<Napi::Boolean>() && !set(SOL_SOCKET, SO_REUSEPORT, 1)) return "setsockopt(SO_REUSEPORT)";
    if (mark != 0 && !set(SOL_SOCKET, SO_MARK, static_cast<int>(mark))) return "setsockopt(SO_MARK)";
    if (info[6].As<Napi::Boolean>() && !set(SOL_SOCKET, SO_TIMESTAMPNS, 1)) return "setsockopt(SO_TIMESTAMPNS)";
    if (v4_) {
      if (!set(IPPROTO_IP, IP_PKTINFO, 1)) return "setsockopt(IP_PKTINFO)";
      if (!set(IPPROTO_IP, IP_RECVERR, 1)) return "setsockopt(IP_RECVERR)";
      return nullptr;
    }
    if (!set(IPPROTO_IPV6, IPV6_V6ONLY, 1)) return "setsockopt(IPV6_V6ONLY)";
    if (!set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)) return "setsockopt(IPV6_RECVPKTINFO)";
    if (!set(IPPROTO_IPV6, IPV6_RECVERR, 1)) return "setsockopt(IPV6_RECVERR)";
    return nullptr;
  }

  Napi::Value Fd(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), watch_->fd()); }
  Napi::Value Port(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), port_); }

  void OnReady() {
    for (unsigned i = 0; i < kErrorsAtOnce && watch_->isOpen() && ReadError(); i++) {
    }
    if (watch_->isOpen()) ReadPackets();
  }

  // One batch a turn: what remains raises the next one, and other sockets get theirs in between.
  void ReadPackets() {
    std::array<mmsghdr, kBatch> messages = {};
    std::array<iovec, kBatch> vectors;
    std::array<SockAddr, kBatch> sources;
    std::array<Control, kBatch> controls;
    for (unsigned i = 0; i < kBatch; i++) {
      vectors[i] = {received_->arenaData + i * kSlot, kSlot};
      msghdr& m = messages[i].msg_hdr;
      m.msg_name = &sources[i];
      m.msg_namelen = sizeof sources[i];
      m.msg_iov = &vectors[i];
      m.msg_iovlen = 1;
      m.msg_control = &controls[i];
      m.msg_controllen = sizeof controls[i];
    }
    int count = recvmmsg(watch_->fd(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return;
    memset(received_->addressData, 0, static_cast<size_t>(count) * kAddresses);
    double waited = Waited(messages[0].msg_hdr);
    for (int i = 0; i < count; i++) {
      const SockAddr& source = sources[i];
      int32_t* record = received_->recordData + i * kRecord;
      uint8_t* addresses = received_->addressData + i * kAddresses;
      record[0] = static_cast<int32_t>(i * kSlot);
      record[1] = static_cast<int32_t>(messages[i].msg_len);
      record[2] = v4_ ? 4 : 6;
      record[3] = PortOf(source);
      record[4] = port_;
      record[5] = 0;
      memcpy(addresses, Octets(source), OctetsOf(source));
      ReadControl(messages[i].msg_hdr, addresses + 16, record[5]);
    }
    CallFromLoop(Env(), onPackets_, context_,
                 {Napi::Number::New(Env(), count), received_->arena.Value(), received_->records.Value(),
                  received_->addresses.Value(), Napi::Number::New(Env(), waited)});
  }

  // ms that the packet has waited for us; 0 where packets are not stamped.
  static double Waited(msghdr& message) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS) continue;
      timespec then;
      memcpy(&then, CMSG_DATA(c), sizeof then);
      return Since(then);
    }
    return 0;
  }

  void ReadControl(msghdr& message, uint8_t* destination, int32_t& interface) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        in_pktinfo to;
        memcpy(&to, CMSG_DATA(c), sizeof to);
        memcpy(destination, &to.ipi_addr, 4);
        interface = to.ipi_ifindex;
      } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo to;
        memcpy(&to, CMSG_DATA(c), sizeof to);
        memcpy(destination, &to.ipi6_addr, 16);
        interface = static_cast<int32_t>(to.ipi6_ifindex);
      } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
        memcpy(&overflowed_, CMSG_DATA(c), sizeof overflowed_);
      }
    }
  }

  // One entry of the error queue; false if there was none.
  bool ReadError() {
    uint8_t quoted[kQuoted];
    SockAddr destination = {};
    Control control;
    iovec vector = {quoted, sizeof quoted};
    msghdr message = {};
    message.msg_name = &destination;
    message.msg_namelen = sizeof destination;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    ssize_t length = recvmsg(watch_->fd(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (length < 0) return false;
    // The kernel also leaves the error for the next call on the socket to fail with: take it away.
    int pending;
    socklen_t size = sizeof pending;
    getsockopt(watch_->fd(), SOL_SOCKET, SO_ERROR, &pending, &size);
    if (message.msg_namelen == 0) return true;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      bool isError = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                     (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
      if (isError) return TellError(c, destination, quoted, static_cast<size_t>(length));
    }
    return true;
  }

  bool TellError(cmsghdr* c, const SockAddr& destination, const uint8_t* quoted, size_t length) {
    Napi::Env env = Env();
    sock_extended_err error;
    memcpy(&error, CMSG_DATA(c), sizeof error);
    SockAddr offender = {};
    size_t room = c->cmsg_len - CMSG_LEN(sizeof error);
    memcpy(&offender, CMSG_DATA(c) + sizeof error, std::min(room, sizeof offender));
    auto bytes = [env](const void* data, size_t size) {
      Napi::Uint8Array copy = Napi::Uint8Array::New(env, size);
      if (size > 0) memcpy(copy.Data(), data, size);
      return copy;
    };
    bool offended = offender.any.sa_family == AF_INET || offender.any.sa_family == AF_INET6;
    CallFromLoop(env, onError_, context_,
                 {Napi::Number::New(env, error.ee_errno), Napi::Number::New(env, error.ee_origin),
                  Napi::Number::New(env, error.ee_type), Napi::Number::New(env, error.ee_code),
                  Napi::Number::New(env, error.ee_info), bytes(Octets(destination), OctetsOf(destination)),
                  Napi::Number::New(env, PortOf(destination)), bytes(quoted, length),
                  offended ? Napi::Value(bytes(Octets(offender), OctetsOf(offender))) : env.Undefined()});
    return true;
  }

  // sendOne(bytes, destination, port, source?): 0, or the errno. Never blocks: a full buffer loses the packet, as
  // a full link would, and counts it.
  Napi::Value SendOne(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (!watch_->isOpen()) return Napi::Number::New(env, EBADF);
    Bytes bytes = BytesOf(info[0]), to = BytesOf(info[1]);
    SockAddr destination =
        ToSockAddr(env, to.data, to.length, static_cast<uint16_t>(info[2].As<Napi::Number>().Uint32Value()));
    iovec vector = {bytes.data, bytes.length};
    msghdr message = {};
    message.msg_name = &destination;
    message.msg_namelen = SizeOf(destination);
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    Control control;
    if (!info[3].IsUndefined()) {
      Bytes source = BytesOf(info[3]);
      if (source.length != to.length) throw Napi::TypeError::New(env, "source and destination differ in family");
      message.msg_controllen = PutSource(control, message, source.data, source.length);
    }
    return Napi::Number::New(env, Send(message));
  }

  int Send(const msghdr& message) {
    if (sendmsg(watch_->fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    // An ICMP error that an earlier packet earned fails this call instead, and is cleared by that: try once more.
    if (errno != EAGAIN && sendmsg(watch_->fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    int error = errno;
    unsent_++;
    return error;
  }

  // sendBatch(arena, records, addresses, count): how many left. `records` and `addresses` are laid out as those of
  // received packets, seen from here: [offset, length, family, our port (unused), their port, interface (unused)],
  // [our address (all zero: the kernel's choice), theirs].
  Napi::Value SendBatch(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    Bytes arena = BytesOf(info[0]), table = BytesOf(info[1]), addresses = BytesOf(info[2]);
    uint32_t count = info[3].As<Napi::Number>().Uint32Value();
    if (table.length < count * kRecord * sizeof(int32_t) || addresses.length < count * kAddresses)
      throw Napi::RangeError::New(env, "fewer records than packets");
    const auto* records = reinterpret_cast<const int32_t*>(table.data);
    uint32_t sent = 0;
    for (uint32_t first = 0; first < count && watch_->isOpen(); first += kBatch)
      sent += SendSome(env, arena, records + first * kRecord, addresses.data + first * kAddresses,
                       std::min(count - first, kBatch));
    unsent_ += count - sent;
    return Napi::Number::New(env, sent);
  }

  uint32_t SendSome(Napi::Env env, Bytes arena, const int32_t* record, const uint8_t* address, uint32_t count) {
    static const uint8_t kAny[16] = {};
    std::array<mmsghdr, kBatch> messages = {};
    std::array<iovec, kBatch> vectors;
    std::array<SockAddr, kBatch> destinations;
    std::array<Control, kBatch> controls;
    size_t octets = v4_ ? 4 : 16;
    for (uint32_t i = 0; i < count; i++, record += kRecord, address += kAddresses) {
      auto offset = static_cast<uint32_t>(record[0]), length = static_cast<uint32_t>(record[1]);
      if (offset > arena.length || length > arena.length - offset)
        throw Napi::RangeError::New(env, "a packet lies outside its arena");
      destinations[i] = ToSockAddr(env, address + 16, octets, static_cast<uint16_t>(record[4]));
      vectors[i] = {arena.data + offset, length};
      msghdr& m = messages[i].msg_hdr;
      m.msg_name = &destinations[i];
      m.msg_namelen = SizeOf(destinations[i]);
      m.msg_iov = &vectors[i];
      m.msg_iovlen = 1;
      if (memcmp(address, kAny, octets) != 0) m.msg_controllen = PutSource(controls[i], m, address, octets);
    }
    uint32_t sent = 0;
    for (uint32_t at = 0; at < count;) {
      int done = sendmmsg(watch_->fd(), &messages[at], count - at, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (done > 0) {
        at += static_cast<uint32_t>(done);
        sent += static_cast<uint32_t>(done);
        continue;
      }
      if (errno == EAGAIN) break;
      // The first of the rest failed, by its own fault or an earlier packet's: once more, then past it.
      if (sendmsg(watch_->fd(), &messages[at].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) sent++;
      at++;
    }
    return sent;
  }

  // counters(): [packets we could not send, packets the kernel dropped because we read too slowly]
  Napi::Value Counters(const Napi::CallbackInfo& info) {
    Napi::Array counters = Napi::Array::New(info.Env(), 2);
    counters[0u] = Napi::Number::New(info.Env(), static_cast<double>(unsent_));
    counters[1u] = Napi::Number::New(info.Env(), overflowed_);
    return counters;
  }

  // What comes meanwhile waits in the receive buffer.
  Napi::Value Pause(const Napi::CallbackInfo& info) {
    watch_->Pause();
    return info.Env().Undefined();
  }

  Napi::Value Resume(const Napi::CallbackInfo& info) {
    watch_->Resume();
    return info.Env().Undefined();
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    if (watch_->isOpen()) {
      watch_->Close();
      Unref();
    }
    return info.Env().Undefined();
  }

  Napi::AsyncContext context_;
  Napi::FunctionReference onPackets_;
  Napi::FunctionReference onError_;
  std::shared_ptr<Received> received_;
  std::unique_ptr<Watch> watch_;
  bool v4_ = true;
  uint16_t port_ = 0;
  uint64_t unsent_ = 0;
  uint32_t overflowed_ = 0;
};

void InitUdp(Napi::Env env, Napi::Object exports) { UdpSocket::Register(env, exports); }

}  // namespace pluto
