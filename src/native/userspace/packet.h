// IP packets as octets in memory: what the policies need to know of one, and the Internet checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pluto::userspace {

constexpr uint8_t kIcmp = 1, kIpv4 = 4, kTcp = 6, kUdp = 17, kIpv6 = 41, kEsp = 50, kIcmp6 = 58, kNoNextHeader = 59;

// An IPv4 address stands in the first 4 octets; the rest is zero.
struct Address {
  uint8_t family = 0;  // 4 or 6; 0: none
  uint8_t octets[16] = {};

  size_t length() const { return family == 4 ? 4 : 16; }
  bool isAny() const {
    for (uint8_t octet : octets)
      if (octet != 0) return false;
    return true;
  }
  int compare(const Address& other) const {
    if (family != other.family) return family - other.family;
    return memcmp(octets, other.octets, length());
  }
  bool operator==(const Address& other) const { return compare(other) == 0; }
  bool operator!=(const Address& other) const { return compare(other) != 0; }
};

// What a packet says of itself.
struct Flow {
  Address src, dst;
  uint8_t protocol = 0;  // the upper layer's, behind IPv6 extension headers
  uint8_t tos = 0;       // DSCP and ECN
  bool isFragment = false;
  bool hasPorts = false;  // the ports were in the packet: not so in later fragments
  // Of ICMP: type and code.
  uint16_t srcPort = 0, dstPort = 0;
  size_t headerLength = 0;  // where the upper layer begins
  size_t length = 0;        // by the IP header; never more than was read
};

// Reads an IPv4 or IPv6 packet of `length` octets; false if it is none.
bool ReadFlow(const uint8_t* packet, size_t length, Flow* flow);

inline uint16_t Load16(const uint8_t* p) { return static_cast<uint16_t>(p[0] << 8 | p[1]); }
inline uint32_t Load32(const uint8_t* p) {
  return static_cast<uint32_t>(Load16(p)) << 16 | Load16(p + 2);
}
inline void Store16(uint8_t* p, uint16_t v) {
  p[0] = static_cast<uint8_t>(v >> 8);
  p[1] = static_cast<uint8_t>(v);
}
inline void Store32(uint8_t* p, uint32_t v) {
  Store16(p, static_cast<uint16_t>(v >> 16));
  Store16(p + 2, static_cast<uint16_t>(v));
}

// RFC 1071. A sum is unfolded and in memory order; `Fold` gives the 16 bits to store (not complemented).
uint64_t Sum(const uint8_t* data, size_t length);
uint64_t PseudoHeaderSum(const uint8_t* packet, size_t upperLength, uint8_t protocol);
uint16_t Fold(uint64_t sum);
inline void StoreSum(uint8_t* p, uint16_t folded) { memcpy(p, &folded, 2); }

// Writes an IP header (20 or 40 octets, no options) for `length` octets that follow.
size_t WriteHeader(uint8_t* out, const Address& src, const Address& dst, uint8_t protocol, uint8_t tos, size_t length);
// Sets the checksum of the TCP or UDP packet anew; others are left alone.
void ChecksumUpper(uint8_t* packet, const Flow& flow);
// Sets the checksum of an IPv4 header anew.
void ChecksumIpv4(uint8_t* packet, size_t headerLength);

}  // namespace pluto::userspace
