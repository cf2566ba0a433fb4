// One ESP SA in one direction (RFC 4301 §4.4.2), and how packets become ESP and ESP becomes packets (RFC 4303 §3.3,
// §3.4). Octets and state only: no sockets here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "packet.h"
#include "replay.h"
#include "transform.h"

namespace pluto::userspace {

struct Endpoint {
  Address address;
  uint16_t port = 0;
  bool operator==(const Endpoint& other) const { return port == other.port && address == other.address; }
};

// Inclusive ranges. A port of ICMP is type * 256 + code (RFC 4301 §4.4.1.1).
struct Range {
  Address start, end;
  uint8_t protocol = 0;
  uint16_t startPort = 0, endPort = 65535;

  bool Contains(const Address& address) const { return start.compare(address) <= 0 && address.compare(end) <= 0; }
  bool isAnyPort() const { return startPort == 0 && endPort == 65535; }
  bool isOpaque() const { return startPort > endPort; }
};

struct Selector {
  Range src, dst;
  bool Matches(const Flow& flow) const;
};

// Zero: no such limit.
struct Limits {
  uint64_t bytes = 0, packets = 0, seconds = 0;
  bool Passed(uint64_t usedBytes, uint64_t usedPackets, uint64_t age) const {
    return (bytes && usedBytes >= bytes) || (packets && usedPackets >= packets) || (seconds && age >= seconds);
  }
};

struct SaKey {
  uint32_t spi = 0;
  Address dst;
};

struct SaConfig {
  SaKey key;
  Address src;
  bool isOutbound = false;
  bool isTransport = false;
  bool extended = false;
  bool encapsulates = false;
  uint16_t srcPort = 0, dstPort = 0;  // in the direction of the packets, if it encapsulates
  uint32_t reqid = 0;
  uint32_t replayWindow = 0;
  std::vector<Selector> selectors;  // none: anything
  Limits soft, hard;
  Algorithms algorithms;
};

struct SaCounters {
  uint64_t bytes = 0, packets = 0, replayed = 0, unauthentic = 0;
  int64_t addedAt = 0, usedAt = 0;  // seconds since the epoch
};

enum class Verdict {
  kDelivered,
  kMalformed,
  kReplayed,
  kUnauthentic,
  kNotSelected,  // authentic, but not what this SA was made for: RFC 4301 §5.2, step 4
  kDummy,        // RFC 4303 §2.6
  kExpired,
};

// Octets in front of and behind an inner packet that ESP becomes at most.
constexpr size_t kEspHead = kEspHeader + kLargestIv;
constexpr size_t kEspTail = 16 + 2 + kLargestIcv;

class Association {
 public:
  // Null if the algorithms cannot be had; `why` says which.
  static std::unique_ptr<Association> Make(SaConfig config, int64_t now, int64_t uptime, std::string* why);

  const SaConfig& config() const { return config_; }
  SaConfig& config() { return config_; }
  const SaCounters& counters() const { return counters_; }
  bool isUsable() const { return !isDead_; }
  bool Selects(const Flow& flow) const;

  // Where an inner packet is to be put, counted from the start of the ESP packet.
  size_t textOffset() const { return kEspHeader + transform_->ivLength(); }
  size_t SealedLength(size_t innerLength) const;
  // Makes ESP of the `innerLength` octets at `esp + textOffset()`, which count as `counted`. False: the SA is used up,
  // or OpenSSL failed.
  bool Seal(uint8_t* esp, size_t innerLength, uint8_t nextHeader, size_t counted, int64_t now);

  // What was inside, in place of the ESP packet.
  struct Text {
    uint8_t* data;
    size_t length;
    uint8_t nextHeader;
  };
  Verdict Open(uint8_t* esp, size_t length, Text* text);
  // Whether the IP packet that came so may have come by this SA; counts it. `flow` gets what it says.
  Verdict Admit(const uint8_t* packet, size_t length, int64_t now, Flow* flow);

  // Limits passed since the last question: each is told once. A hard one ends the SA. The age is by `uptime`, in
  // seconds: a wall clock that is set must not end tunnels.
  struct Expiry {
    bool soft = false, hard = false;
  };
  Expiry CheckLimits(int64_t uptime);
  // Whether limits may have been passed by the last packet; quick.
  bool mayHaveExpired() const { return mayHaveExpired_; }

  // The peer's last address that was reported as a new mapping.
  Endpoint reported;

 private:
  explicit Association(SaConfig config)
      : config_(std::move(config)), window_(config_.isOutbound ? 0 : config_.replayWindow, config_.extended) {}
  void Count(size_t bytes, int64_t now);

  SaConfig config_;
  std::unique_ptr<Transform> transform_;
  SaCounters counters_;
  ReplayWindow window_;
  uint64_t sequence_ = 0;
  int64_t startedAt_ = 0;
  bool softTold_ = false, hardTold_ = false, isDead_ = false, mayHaveExpired_ = false;
};

}  // namespace pluto::userspace
