// Checks of the engine's parts that need no sockets, to be built with sanitizers and run alone (not part of the
// addon): test/kernel-live/userspace-native.test.ts does both. `selfcheck ROUNDS SEED`; the first failure ends it.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "association.h"
#include "offload.h"

using namespace pluto::userspace;

namespace {

std::mt19937_64 dice;
size_t Below(size_t n) { return n == 0 ? 0 : dice() % n; }

void Check(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "FAILED: %s\n", what);
  exit(1);
}

std::vector<uint8_t> Noise(size_t length) {
  std::vector<uint8_t> octets(length);
  for (uint8_t& octet : octets) octet = static_cast<uint8_t>(dice());
  return octets;
}

// A copy that ends where its memory does, so that the sanitizer sees each octet read beyond.
std::vector<uint8_t> Tight(const uint8_t* data, size_t length) { return {data, data + length}; }

// The window against the definition: a set of what was seen. Numbers pass 2^32 in half of the runs.
void CheckReplayWindow() {
  uint32_t size = static_cast<uint32_t>(1 + Below(300));
  ReplayWindow window(size, true);
  std::set<uint64_t> seen;
  uint64_t top = Below(2) ? 0xffffffffu - Below(500) : 1;
  window.Mark(top);
  seen.insert(top);
  for (int i = 0; i < 2000; i++) {
    uint64_t sequence = top + Below(2 * size + 10) - size;
    if (sequence == 0 || sequence > top + (1u << 20)) continue;
    bool isNew = sequence > top || (top - sequence < size && seen.count(sequence) == 0);
    if (sequence > top || top - sequence < size)
      Check(window.Guess(static_cast<uint32_t>(sequence)) == sequence, "the upper half of a sequence number");
    Check(window.Accepts(sequence) == isNew, "a sequence number is taken once");
    if (!isNew) continue;
    window.Mark(sequence);
    seen.insert(sequence);
    if (sequence > top) top = sequence;
  }
}

struct Cipher {
  const char *aead, *encryption, *integrity;
  size_t aeadKey, encryptionKey, integrityKey;
  uint32_t icvBits;
};
const Cipher kCiphers[] = {
    {"rfc4106(gcm(aes))", "", "", 20, 0, 0, 64},
    {"rfc4106(gcm(aes))", "", "", 36, 0, 0, 128},
    {"rfc7539esp(chacha20,poly1305)", "", "", 36, 0, 0, 128},
    {"", "cbc(aes)", "hmac(sha512)", 0, 16, 64, 256},
    {"", "cbc(aes)", "hmac(sha256)", 0, 32, 32, 128},
    {"", "ecb(cipher_null)", "hmac(sha1)", 0, 0, 20, 96},
};

std::unique_ptr<Association> Make(const Cipher& cipher, bool isOutbound, bool extended, bool isTransport) {
  SaConfig config;
  config.key.spi = 0x1234;
  config.key.dst.family = 4;
  config.isOutbound = isOutbound;
  config.extended = extended;
  config.isTransport = isTransport;
  config.replayWindow = 64;
  config.algorithms.aead = cipher.aead;
  config.algorithms.encryption = cipher.encryption;
  config.algorithms.integrity = cipher.integrity;
  config.algorithms.aeadKey.assign(cipher.aeadKey, 0x42);
  config.algorithms.encryptionKey.assign(cipher.encryptionKey, 0x43);
  config.algorithms.integrityKey.assign(cipher.integrityKey, 0x44);
  config.algorithms.icvBits = cipher.icvBits;
  std::string why;
  auto sa = Association::Make(std::move(config), 1, 1, &why);
  Check(sa != nullptr, why.c_str());
  return sa;
}

// Seals octets that are, more or less, a packet; breaks some of what comes out; opens it.
void CheckEsp(int rounds) {
  int discard = open("/dev/null", O_WRONLY);
  for (const Cipher& cipher : kCiphers)
    for (bool extended : {false, true})
      for (bool isTransport : {false, true}) {
        auto out = Make(cipher, true, extended, isTransport), in = Make(cipher, false, extended, isTransport);
        int delivered = 0;
        for (int i = 0; i < rounds; i++) {
          size_t length = Below(1400);
          std::vector<uint8_t> text = Noise(length);
          if (!isTransport && length >= 40 && Below(8)) {
            text[0] = Below(2) ? 0x45 : 0x60;
            Store16(&text[text[0] == 0x45 ? 2 : 4], static_cast<uint16_t>(Below(4) ? length - 40 : dice()));
          }
          uint8_t next = Below(8) ? (length && text[0] >> 4 == 6 ? kIpv6 : kIpv4) : static_cast<uint8_t>(dice());
          std::vector<uint8_t> esp(out->SealedLength(length));
          if (length > 0) memcpy(&esp[out->textOffset()], text.data(), length);
          Check(out->Seal(esp.data(), length, next, length, 1), "sealing");
          size_t harm = Below(4);
          if (harm == 1) esp[Below(esp.size())] ^= static_cast<uint8_t>(1u << Below(8));
          if (harm == 2) esp = Tight(esp.data(), 8 + Below(esp.size() - 8));
          Association::Text opened{};
          Verdict verdict = in->Open(esp.data(), esp.size(), &opened);
          bool isRefused = verdict == Verdict::kUnauthentic || verdict == Verdict::kReplayed;
          Check(harm != 0 || !isRefused, "our own is authentic");
          Check(harm != 1 || verdict != Verdict::kDelivered, "what was changed is not authentic");
          if (verdict != Verdict::kDelivered) continue;
          if (harm == 0)
            Check(Tight(opened.data, opened.length) == text, "what was sealed comes out");
          std::vector<uint8_t> packet = Tight(opened.data, opened.length);
          if (isTransport) {
            Address any;
            any.family = Below(2) ? 4 : 6;
            packet.resize(40 + opened.length);
            size_t header = WriteHeader(packet.data(), any, any, opened.nextHeader, 0, opened.length);
            memcpy(packet.data() + header, opened.data, opened.length);
            packet = Tight(packet.data(), header + opened.length);
          }
          Flow flow;
          if (in->Admit(packet.data(), packet.size(), 1, &flow) != Verdict::kDelivered) continue;
          delivered++;
          ChecksumUpper(packet.data(), flow);
          Coalescer coalescer(discard);
          coalescer.Add(packet.data(), flow.length, flow);
          coalescer.Flush();
        }
        Check(delivered > 0 || rounds < 100, "some packets are delivered");
      }
  close(discard);
}

// What no TUN device would say: headers that contradict their packets.
void CheckHostileSegments() {
  std::vector<uint8_t> packet = Noise(1 + Below(3000));
  packet[0] = Below(2) ? 0x45 : 0x60;
  bool isIpv4 = packet[0] == 0x45;
  if (packet.size() > 60 && Below(8)) {
    Store16(&packet[isIpv4 ? 2 : 4], static_cast<uint16_t>(packet.size() - (isIpv4 ? 0 : 40)));
    packet[isIpv4 ? 9 : 6] = Below(2) ? kTcp : kUdp;
    if (isIpv4) packet[6] = packet[7] = 0;
  }
  Flow flow;
  if (!ReadFlow(packet.data(), packet.size(), &flow)) return;
  packet = Tight(packet.data(), flow.length);
  const uint8_t kinds[] = {0, 1, 4, 5, 0x81, 3};
  VnetHeader header = {static_cast<uint8_t>(Below(3)),    kinds[Below(6)],
                       static_cast<uint16_t>(dice()),     static_cast<uint16_t>(Below(1500)),
                       static_cast<uint16_t>(Below(100)), static_cast<uint16_t>(Below(2) ? 16 : dice())};
  Segmenter segments;
  if (!segments.Start(header, packet.data(), packet.size(), flow)) return;
  for (size_t total = 0; !segments.isDone(); total++) {
    std::vector<uint8_t> out(segments.nextLength());
    segments.Next(out.data());
    Check(total < packet.size(), "segments come to an end");
  }
}

// A large TCP packet, cut up, checked, and joined again by the other side.
void CheckOffloads() {
  bool isIpv4 = Below(2);
  size_t network = isIpv4 ? 20 : 40, payload = 1 + Below(60000);
  std::vector<uint8_t> large = Noise(network + 20 + payload);
  Address src, dst;
  src.family = dst.family = isIpv4 ? 4 : 6;
  WriteHeader(large.data(), src, dst, kTcp, 0, 20 + payload);
  large[network + 12] = 0x50;
  large[network + 13] = 0x10;
  Flow flow;
  Check(ReadFlow(large.data(), large.size(), &flow), "a packet is read");
  VnetHeader header = {1, static_cast<uint8_t>(isIpv4 ? 1 : 4), 0, static_cast<uint16_t>(1000 + Below(460)), 0, 16};
  Segmenter segments;
  Check(segments.Start(header, large.data(), large.size(), flow), "a large packet is taken");
  std::vector<std::vector<uint8_t>> cut;
  while (!segments.isDone()) {
    cut.emplace_back(segments.nextLength());
    segments.Next(cut.back().data());
  }
  int ends[2], room = 1 << 20;
  Check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "a socket pair");
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  Coalescer coalescer(ends[0]);
  for (auto& packet : cut) {
    Flow of;
    Check(ReadFlow(packet.data(), packet.size(), &of) && of.length == packet.size(), "a segment is a packet");
    size_t upper = packet.size() - network;
    uint64_t sum = PseudoHeaderSum(packet.data(), upper, kTcp) + Sum(packet.data() + network, upper);
    Check(Fold(sum) == 0xffff, "a segment's checksum");
    coalescer.Add(packet.data(), packet.size(), of);
  }
  coalescer.Flush();
  std::vector<uint8_t> read(70000);
  size_t got = 0, frames = 0, headers = sizeof(VnetHeader) + network + 20;
  for (ssize_t size; (size = recv(ends[1], read.data(), read.size(), MSG_DONTWAIT)) > 0; frames++) {
    size_t part = static_cast<size_t>(size) - headers;
    Check(got + part <= payload && memcmp(&read[headers], &large[network + 20 + got], part) == 0, "the payload");
    got += part;
  }
  Check(got == payload, "all of the payload");
  Check(frames <= cut.size() / 32 + 2, "segments were joined");
  close(ends[0]);
  close(ends[1]);
}

}  // namespace

int main(int count, char** arguments) {
  int rounds = count > 1 ? atoi(arguments[1]) : 1000;
  dice.seed(count > 2 ? strtoull(arguments[2], nullptr, 10) : 1);
  for (int i = 0; i < 100; i++) CheckReplayWindow();
  CheckEsp(rounds);
  for (int i = 0; i < rounds * 20; i++) CheckHostileSegments();
  for (int i = 0; i < rounds / 2; i++) CheckOffloads();
  puts("all hold");
}
