// The engine's own thread: the way of packets, out and in.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine.h"

namespace pluto::userspace {
namespace {

constexpr int kReadsPerRound = 16;     // from one descriptor before the others have their turn
constexpr size_t kHeldPerPolicy = 4;
constexpr size_t kHeldInAll = 256;
constexpr size_t kEventsWaiting = 4096;  // for the main thread; beyond, mappings are told another time
constexpr int64_t kAskAgainSeconds = 30;  // as Linux's xfrm_acq_expires
constexpr int kTickMs = 1000;             // lifetimes in seconds are kept this well
constexpr uint8_t kEcnMask = 3, kCongested = 3;

// RFC 6040 §4.2: what the outer header says of congestion comes inside. False: the packet must be dropped.
bool CarryCongestion(uint8_t outerTos, uint8_t* packet, const Flow& flow) {
  if ((outerTos & kEcnMask) != kCongested || (flow.tos & kEcnMask) == kCongested) return true;
  if ((flow.tos & kEcnMask) == 0) return false;
  if (flow.src.family == 4) {
    packet[1] |= kCongested;
    ChecksumIpv4(packet, (packet[0] & 15u) * 4u);
  } else {
    packet[1] |= kCongested << 4;
  }
  return true;
}

// Multicast and link-local: meant for the TUN device's own link, on which nobody is.
bool IsOfLink(const Address& dst) {
  if (dst.family == 4) return dst.octets[0] >= 224 || (dst.octets[0] == 169 && dst.octets[1] == 254);
  return dst.octets[0] == 0xff || (dst.octets[0] == 0xfe && (dst.octets[1] & 0xc0) == 0x80);
}

}  // namespace

void Engine::Run() {
  epoll_event ready[32];
  int64_t checked = uptime_;
  bool isTunBusy = false;
  while (!stop_) {
    int count = epoll_wait(epoll_, ready, 32, isTunBusy ? 0 : kTickMs);
    now_ = WallClock();
    uptime_ = Uptime();
    std::vector<Socket> sockets;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      for (int fd : toClose_) close(fd);
      toClose_.clear();
      sockets = sockets_;
      totals_.unsent += sender_.TakeUnsent() + coalescer_.TakeRefused();
      if (uptime_ != checked) {
        checked = uptime_;
        CheckAllLimits();
      }
      if (release_) ReleaseHeld();
    }
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      if (fd == wake_) {
        uint64_t counter;
        if (read(wake_, &counter, sizeof counter) < 0) continue;
      } else if (fd == tun_) {
        isTunBusy = true;
      } else {
        auto socket = std::find_if(sockets.begin(), sockets.end(), [fd](const Socket& s) { return s.fd == fd; });
        if (socket != sockets.end()) Receive(*socket);
      }
    }
    if (isTunBusy) isTunBusy = ReadTun();
    sender_.Flush();
  }
}

// False if there was less to read than a round's worth.
bool Engine::ReadTun() {
  for (int i = 0; i < kReadsPerRound; i++) {
    ssize_t got = read(tun_, tunBuffer_.get(), kTunRead);
    if (got < static_cast<ssize_t>(sizeof(VnetHeader))) return false;
    VnetHeader header;
    memcpy(&header, tunBuffer_.get(), sizeof header);
    while (waiting_ > 0) std::this_thread::yield();
    std::unique_lock<std::mutex> lock(mutex_);
    Outbound(header, tunBuffer_.get() + sizeof header, static_cast<size_t>(got) - sizeof header);
    lock.unlock();
    // A large packet goes at once, so that the peer works while we read the next one; small ones wait for company.
    if (got > 16384) sender_.Flush();
  }
  return true;
}

void Engine::Outbound(const VnetHeader& header, uint8_t* packet, size_t length) {
  Flow flow;
  if (!ReadFlow(packet, length, &flow)) {
    totals_.malformed++;
    return;
  }
  Policy* policy = policies_.Find(flow);
  if (!policy || policy->action == Action::kPass) return PassInClear(header, packet, flow.length, flow);
  if (policy->action == Action::kDrop) {
    totals_.dropped++;
    return;
  }
  Protect(policy, header, packet, flow.length, flow);
}

void Engine::Protect(Policy* policy, const VnetHeader& header, uint8_t* packet, size_t length, const Flow& flow) {
  Association* sa = FindOutbound(policy->reqid, flow);
  if (!sa) {
    if (Hold(policy, header, packet, length, flow)) totals_.held++;
    else totals_.overheld++;
    return;
  }
  Sender::Route route;
  if (!RouteOf(sa->config(), flow.tos, &route)) {
    totals_.noSocket++;
    return;
  }
  Segmenter segments;
  if (!segments.Start(header, packet, length, flow)) {
    totals_.malformed++;
    return;
  }
  bool isTransport = sa->config().isTransport;
  // RFC 4303 §3.1.1: transport mode takes whole packets. Headers between IP and the upper layer are not carried.
  if (isTransport && (flow.isFragment || flow.headerLength != (flow.src.family == 4 ? 20 : 40))) {
    totals_.malformed++;
    return;
  }
  size_t skipped = isTransport ? flow.headerLength : 0;
  uint8_t nextHeader = isTransport ? flow.protocol : flow.src.family == 4 ? kIpv4 : kIpv6;
  while (!segments.isDone() && sa->isUsable()) {
    size_t whole = segments.nextLength(), inner = whole - skipped, sealed = sa->SealedLength(inner);
    uint8_t* esp = sender_.Room(sealed);
    if (!esp) {
      sender_.Flush();
      esp = sender_.Room(sealed);
    }
    uint8_t* text = esp + sa->textOffset();
    if (isTransport) {
      segments.Next(scratch_.get());
      memcpy(text, scratch_.get() + skipped, inner);
    } else {
      segments.Next(text);
    }
    if (!sa->Seal(esp, inner, nextHeader, whole, now_)) break;
    sender_.Commit(sealed, route);
  }
  if (sa->mayHaveExpired()) CheckLimits(sa);
}

// Keeps the packet until an SA comes, and asks for one. False if there is no room.
bool Engine::Hold(Policy* policy, const VnetHeader& header, const uint8_t* packet, size_t length,
                  const Flow& flow) {
  if (policy->askedUntil <= uptime_) {
    policy->askedUntil = uptime_ + kAskAgainSeconds;
    Event event;
    event.kind = Event::Kind::kAcquire;
    event.reqid = policy->reqid;
    event.flow = flow;
    Raise(std::move(event));
  }
  if (policy->held.size() >= kHeldPerPolicy || held_ >= kHeldInAll) return false;
  std::vector<uint8_t> copy(sizeof header + length);
  memcpy(copy.data(), &header, sizeof header);
  memcpy(copy.data() + sizeof header, packet, length);
  policy->held.push_back(std::move(copy));
  held_++;
  return true;
}

void Engine::ReleaseHeld() {
  release_ = false;
  for (Policy& policy : policies_.rows()) {
    if (policy.action != Action::kProtect || byReqid_.count(policy.reqid) == 0) continue;
    policy.askedUntil = 0;
    auto held = std::move(policy.held);
    policy.held.clear();
    held_ -= held.size();
    for (auto& copy : held) {
      VnetHeader header;
      memcpy(&header, copy.data(), sizeof header);
      Flow flow;
      uint8_t* packet = copy.data() + sizeof header;
      size_t length = copy.size() - sizeof header;
      if (ReadFlow(packet, length, &flow)) Protect(&policy, header, packet, length, flow);
    }
  }
}

// What no policy protects came here because routes know addresses only: it goes on by the routes of others.
void Engine::PassInClear(const VnetHeader& header, uint8_t* packet, size_t length, const Flow& flow) {
  int fd = flow.dst.family == 4 ? clear4_ : clear6_;
  Segmenter segments;
  if (fd < 0 || IsOfLink(flow.dst) || !segments.Start(header, packet, length, flow)) {
    totals_.dropped++;
    return;
  }
  sockaddr_in to4 = {};
  sockaddr_in6 to6 = {};
  to4.sin_family = AF_INET;
  memcpy(&to4.sin_addr, flow.dst.octets, 4);
  to6.sin6_family = AF_INET6;
  memcpy(&to6.sin6_addr, flow.dst.octets, 16);
  bool isIpv4 = flow.dst.family == 4;
  const auto* to = isIpv4 ? reinterpret_cast<const sockaddr*>(&to4) : reinterpret_cast<const sockaddr*>(&to6);
  socklen_t size = isIpv4 ? sizeof to4 : sizeof to6;
  while (!segments.isDone()) {
    size_t next = segments.nextLength();
    segments.Next(scratch_.get());
    if (sendto(fd, scratch_.get(), next, MSG_DONTWAIT, to, size) < 0) totals_.unsent++;
    else totals_.passed++;
  }
}

// The newest that is fit for the packet: a rekeyed SA's successor takes over at once.
Association* Engine::FindOutbound(uint32_t reqid, const Flow& flow) {
  auto found = byReqid_.find(reqid);
  if (found == byReqid_.end()) return nullptr;
  for (auto sa = found->second.rbegin(); sa != found->second.rend(); ++sa)
    if ((*sa)->isUsable() && (*sa)->Selects(flow)) return *sa;
  return nullptr;
}

bool Engine::RouteOf(const SaConfig& config, uint8_t tos, Sender::Route* route) {
  const Socket* best = nullptr;
  for (const Socket& socket : sockets_) {
    if (socket.family != config.key.dst.family || socket.isRaw() == config.encapsulates) continue;
    if (socket.isRaw()) {
      best = &socket;
      break;
    }
    if (socket.local.port != config.srcPort) continue;
    if (socket.local.address == config.src) {
      best = &socket;
      break;
    }
    if (socket.local.address.isAny()) best = &socket;
  }
  if (!best) return false;
  *route = {best->fd, best->isRaw(), config.src,
            {config.key.dst, config.encapsulates ? config.dstPort : uint16_t{0}}, tos};
  return true;
}

bool Engine::Receive(const Socket& socket) {
  Datagram datagrams[kBatch];
  for (int round = 0; round < kReadsPerRound / 4; round++) {
    int count = receiver_.Read(socket.fd, socket.isRaw() && socket.family == 4, datagrams);
    for (int i = 0; i < count; i++) {
      while (waiting_ > 0) std::this_thread::yield();
      opened_.clear();
      if (rebuiltUsed_ > kRebuilt - kRebuiltByOneDatagram) {
        coalescer_.Flush();
        rebuiltUsed_ = 0;
      }
      std::unique_lock<std::mutex> lock(mutex_);
      Inbound(socket, datagrams[i]);
      lock.unlock();
      for (Plain& plain : opened_) coalescer_.Add(plain.packet, plain.length, plain.flow);
    }
    coalescer_.Flush();
    rebuiltUsed_ = 0;
    if (count < kBatch) return false;
  }
  return true;
}

void Engine::Inbound(const Socket& socket, const Datagram& datagram) {
  for (size_t at = 0; at < datagram.length; at += datagram.segment) {
    uint8_t* esp = datagram.data + at;
    size_t length = std::min(datagram.segment, datagram.length - at);
    if (length < kEspHeader) {
      totals_.malformed++;
      continue;
    }
    SaKey key{Load32(esp), datagram.to.family ? datagram.to : socket.local.address};
    Association* sa = key.spi == 0 ? nullptr : Find(key);
    if (!sa || sa->config().isOutbound) {
      totals_.noSa++;
      continue;
    }
    switch (Open(sa, datagram, key.dst, esp, length)) {
      case Verdict::kDelivered:
        break;
      case Verdict::kMalformed:
        totals_.malformed++;
        continue;
      case Verdict::kNotSelected:
        totals_.notSelected++;
        break;
      case Verdict::kDummy:
        break;
      case Verdict::kReplayed:
      case Verdict::kUnauthentic:
      case Verdict::kExpired:
        continue;
    }
    if (!socket.isRaw() && sa->config().encapsulates) NoteMapping(sa, datagram.from);
    if (sa->mayHaveExpired()) CheckLimits(sa);
  }
}

// Adds what was in the ESP packet to `opened_`.
Verdict Engine::Open(Association* sa, const Datagram& datagram, const Address& to, uint8_t* esp, size_t length) {
  Association::Text text;
  Verdict verdict = sa->Open(esp, length, &text);
  if (verdict != Verdict::kDelivered) return verdict;
  Plain plain{text.data, text.length, {}};
  if (sa->config().isTransport) {
    plain.packet = rebuilt_.get() + rebuiltUsed_;
    plain.length = WriteHeader(plain.packet, datagram.from.address, to, text.nextHeader, datagram.tos, text.length);
    memcpy(plain.packet + plain.length, text.data, text.length);
    plain.length += text.length;
  }
  verdict = sa->Admit(plain.packet, plain.length, now_, &plain.flow);
  if (verdict != Verdict::kDelivered) return verdict;
  plain.length = plain.flow.length;  // what follows is padding against traffic analysis (RFC 4303 §2.7)
  if (sa->config().isTransport) {
    // A NAT on the way has changed addresses that the checksum covers (RFC 3948 §3.1.2).
    if (sa->config().encapsulates) ChecksumUpper(plain.packet, plain.flow);
    rebuiltUsed_ += plain.length;
  } else if (!CarryCongestion(datagram.tos, plain.packet, plain.flow)) {
    return Verdict::kDelivered;
  }
  opened_.push_back(plain);
  return Verdict::kDelivered;
}

// Only for authentic packets: RFC 3948 §5 would else be a way to steal a tunnel.
void Engine::NoteMapping(Association* sa, const Endpoint& from) {
  const SaConfig& config = sa->config();
  if (from.port == config.srcPort && from.address == config.src) {
    sa->reported = Endpoint();
    return;
  }
  if (sa->reported == from) return;
  {
    // Whoever forwards our packets can give each another source.
    std::lock_guard<std::mutex> lock(eventMutex_);
    if (events_.size() >= kEventsWaiting) {
      totals_.unheard++;
      return;
    }
  }
  sa->reported = from;
  Event event;
  event.kind = Event::Kind::kMapping;
  event.key = config.key;
  event.from = from;
  Raise(std::move(event));
}

void Engine::CheckLimits(Association* sa) {
  Association::Expiry expiry = sa->CheckLimits(uptime_);
  for (bool isHard : {false, true}) {
    if (!(isHard ? expiry.hard : expiry.soft)) continue;
    Event event;
    event.kind = Event::Kind::kExpire;
    event.key = sa->config().key;
    event.isHard = isHard;
    Raise(std::move(event));
  }
  if (expiry.hard) Remove(sa);
}

void Engine::CheckAllLimits() {
  if (timed_ == 0) return;
  std::vector<Association*> timed;
  for (auto& bucket : bySpi_)
    for (auto& sa : bucket.second)
      if (IsTimed(sa->config())) timed.push_back(sa.get());
  for (Association* sa : timed) CheckLimits(sa);
}

void Engine::Raise(Event event) {
  {
    std::lock_guard<std::mutex> lock(eventMutex_);
    events_.push_back(std::move(event));
  }
  notify_();
}

}  // namespace pluto::userspace
