// The whole engine, its thread and all, to be built with a sanitizer and run alone (not part of the addon):
// test/kernel-live/userspace-native.test.ts does both. Two engines on loopback, each with one end of a socket pair in
// the place of its TUN device:
//
//        packets ──► west ══ ESP in UDP, 127.0.0.1 and 127.0.0.2 ══► east ──► counted
//        junk, ESP of no packets, changed ESP, ESP once more ───────────┘
//
// while this thread adds, moves and deletes what both are using. `enginecheck ROUNDS SEED`; the first failure ends it.
// Needs root, for marks and raw sockets.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "engine.h"

using namespace pluto::userspace;

namespace {

constexpr uint32_t kMark = 0x45535000;
constexpr uint16_t kPort = 45000;
constexpr uint32_t kSas = 8;

std::mt19937_64 dice;
size_t Below(size_t n) { return n == 0 ? 0 : dice() % n; }

void Check(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "FAILED: %s\n", what);
  _exit(1);
}

Address Ipv4(uint32_t host) {
  Address address;
  address.family = 4;
  Store32(address.octets, host);
  return address;
}
const Address kWest = Ipv4(0x7f000001), kEast = Ipv4(0x7f000002);

// 10.1.0.0/16 is west's, 10.2.0.0/16 is east's.
Range Net(uint32_t second) {
  Range range;
  range.start = Ipv4(0x0a000000 | second << 16);
  range.end = Ipv4(0x0a00ffff | second << 16);
  return range;
}

int Bound(const Address& local) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in at = {};
  at.sin_family = AF_INET;
  at.sin_port = htons(kPort);
  memcpy(&at.sin_addr, local.octets, 4);
  Check(bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0, "a port on loopback");
  return fd;
}

struct End {
  int tun, ike;
  std::unique_ptr<Engine> engine;

  explicit End(const Address& local) {
    int ends[2], room = 1 << 20;
    Check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0, "a socket pair");
    for (int end : ends) setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    tun = ends[0];
    ike = Bound(local);
    engine = std::make_unique<Engine>(ends[1], kMark, [] {});
    std::string warnings;
    Check(engine->Start(&warnings) == 0, "an engine starts");
    Check(engine->Serve(ike, {local, kPort}, true) == 0, "it serves");
  }
  ~End() {
    engine.reset();
    close(tun);
    close(ike);
  }

  size_t Drain() {
    uint8_t buffer[70000];
    size_t count = 0;
    while (recv(tun, buffer, sizeof buffer, MSG_DONTWAIT) > 0) count++;
    return count;
  }
};

SaConfig Sa(uint32_t spi, bool isOutbound, const Limits& hard) {
  SaConfig sa;
  sa.key = {spi, kEast};
  sa.src = kWest;
  sa.isOutbound = isOutbound;
  sa.isTransport = spi % 4 == 3;
  sa.encapsulates = true;
  sa.srcPort = sa.dstPort = kPort;
  sa.reqid = 1;
  sa.replayWindow = 256;
  sa.selectors.push_back({Net(1), Net(2)});
  sa.hard = hard;
  sa.algorithms.aead = "rfc4106(gcm(aes))";
  sa.algorithms.aeadKey.assign(20, static_cast<uint8_t>(spi));
  sa.algorithms.icvBits = 128;
  return sa;
}

// A packet as the TUN device gives it, a large TCP one among them, or something that is none.
std::vector<uint8_t> FromTun() {
  size_t payload = Below(4) ? Below(1300) : Below(30000);
  bool isTcp = payload > 1300;
  std::vector<uint8_t> frame(sizeof(VnetHeader) + 20 + 20 + payload);
  VnetHeader header = {};
  if (isTcp) header = {1, 1, 40, static_cast<uint16_t>(1 + Below(1400)), 20, 16};
  if (!Below(20))
    for (size_t i = 0; i < sizeof header; i++) reinterpret_cast<uint8_t*>(&header)[i] = static_cast<uint8_t>(dice());
  memcpy(frame.data(), &header, sizeof header);
  uint8_t* packet = frame.data() + sizeof header;
  Address src = Ipv4(0x0a010000 | static_cast<uint32_t>(Below(256)));
  Address dst = Ipv4((Below(50) ? 0x0a020000u : 0x0a030000u) | static_cast<uint32_t>(Below(256)));
  WriteHeader(packet, src, dst, isTcp ? kTcp : kUdp, static_cast<uint8_t>(Below(256)), 20 + payload);
  packet[20 + 12] = 0x50;
  packet[20 + 13] = 0x10;
  if (!Below(20)) packet[Below(40)] ^= static_cast<uint8_t>(1u << Below(8));
  if (!Below(20)) frame.resize(Below(frame.size()));
  return frame;
}

void SendToEast(int fd, const std::vector<uint8_t>& octets) {
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(kPort);
  memcpy(&to.sin_addr, kEast.octets, 4);
  if (sendto(fd, octets.data(), octets.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0) return;
}

// To east's port, from a port that is nobody's: octets of every kind, beginning like ESP of an SA that is there.
void SendJunk(int fd) {
  std::vector<uint8_t> octets(Below(4) ? Below(200) : Below(9000));
  for (uint8_t& octet : octets) octet = static_cast<uint8_t>(dice());
  if (octets.size() >= 8 && Below(4)) {
    Store32(octets.data(), static_cast<uint32_t>(0x1000 + Below(kSas)));
    Store32(octets.data() + 4, static_cast<uint32_t>(Below(5000)));
  }
  SendToEast(fd, octets);
}

// A peer that has the keys and means ill: what it seals is hardly ever a packet. Some of it goes twice, some changed.
class Traitor {
 public:
  explicit Traitor(int fd) : fd_(fd) {
    std::string why;
    for (uint32_t i = 0; i < kSas; i++) sas_.push_back(Association::Make(Sa(0x1000 + i, true, {}), 1, 1, &why));
  }
  void Send() {
    Association& sa = *sas_[Below(sas_.size())];
    std::vector<uint8_t> inner(Below(4) ? Below(1400) : Below(60000));
    for (uint8_t& octet : inner) octet = static_cast<uint8_t>(dice());
    if (inner.size() >= 40 && Below(4)) {
      WriteHeader(inner.data(), Ipv4(0x0a010001), Ipv4(0x0a020001), Below(2) ? kTcp : kUdp, 3, inner.size() - 20);
      inner[Below(40)] = static_cast<uint8_t>(dice());
    }
    std::vector<uint8_t> esp(sa.SealedLength(inner.size()));
    if (!inner.empty()) memcpy(esp.data() + sa.textOffset(), inner.data(), inner.size());
    const uint8_t kinds[] = {kIpv4, kIpv4, kIpv6, kTcp, kNoNextHeader, 0};
    Check(sa.Seal(esp.data(), inner.size(), kinds[Below(6)], inner.size(), 1), "sealing");
    SendToEast(fd_, esp);
    if (!Below(4)) SendToEast(fd_, esp);
    esp[Below(esp.size())] ^= static_cast<uint8_t>(1u << Below(8));
    SendToEast(fd_, esp);
  }

 private:
  int fd_;
  std::vector<std::unique_ptr<Association>> sas_;
};

Policy Protect(uint32_t id) {
  Policy policy;
  policy.id = id;
  policy.action = id % 3 ? Action::kProtect : Action::kDrop;
  policy.priority = id;
  policy.reqid = 1;
  policy.src = Net(1);
  policy.dst = Net(2);
  return policy;
}

// What the daemon's main thread does, at random.
void Change(End* west, End* east) {
  uint32_t spi = static_cast<uint32_t>(0x1000 + Below(kSas));
  SaKey key{spi, kEast};
  std::string why;
  SaCounters counters;
  Limits hard;
  hard.packets = Below(3) ? 0 : 1 + Below(50);
  hard.seconds = Below(8) ? 0 : 1;
  switch (Below(10)) {
    case 0:
    case 1:
    case 2:
      east->engine->AddSa(Sa(spi, false, hard), &why);
      west->engine->AddSa(Sa(spi, true, hard), &why);
      break;
    case 3:
      (Below(2) ? west : east)->engine->DeleteSa(key);
      break;
    case 4:
      west->engine->PutPolicy(Protect(static_cast<uint32_t>(1 + Below(6))));
      break;
    case 5:
      west->engine->DeletePolicy(static_cast<uint32_t>(1 + Below(6)));
      break;
    case 6:
      west->engine->MoveSa(key, kWest, kEast, Below(2), static_cast<uint16_t>(Below(2) ? kPort : kPort + 1), kPort);
      break;
    case 7:
      east->engine->Counters(key, &counters);
      east->engine->TakeEvents();
      west->engine->TakeEvents();
      west->engine->Totals();
      break;
    case 8:
      if (!Below(10)) (Below(2) ? west : east)->engine->Flush();
      break;
    case 9:
      if (Below(10)) break;
      east->engine->Unserve({kEast, kPort});
      Check(east->engine->Serve(east->ike, {kEast, kPort}, true) == 0, "it serves again");
      break;
  }
}

void Storm(int rounds) {
  End west(kWest), east(kEast);
  int stranger = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  Traitor traitor(stranger);
  size_t arrived = 0;
  for (int i = 0; i < rounds; i++) {
    Change(&west, &east);
    for (int j = 0; j < 8; j++) {
      std::vector<uint8_t> frame = FromTun();
      if (send(west.tun, frame.data(), frame.size(), MSG_DONTWAIT) < 0) continue;
    }
    for (int j = 0; j < 4; j++) SendJunk(stranger);
    traitor.Send();
    arrived += east.Drain();
    west.Drain();
  }
  close(stranger);
  EngineCounters heard = east.engine->Totals();
  Check(rounds < 1000 || arrived > 0, "some packets went through");
  Check(rounds < 1000 || heard.noSa > 0, "some junk was refused");
  printf("%zu packets went through, %llu came for no SA\n", arrived, static_cast<unsigned long long>(heard.noSa));
}

}  // namespace

int main(int count, char** arguments) {
  int rounds = count > 1 ? atoi(arguments[1]) : 1000;
  dice.seed(count > 2 ? strtoull(arguments[2], nullptr, 10) : 1);
  // Engines that end while packets fly, many times over.
  for (int i = 0; i < 5; i++) Storm(rounds / 10);
  Storm(rounds);
  puts("all hold");
}
