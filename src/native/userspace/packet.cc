#include "packet.h"

namespace pluto::userspace {
namespace {

constexpr int kExtensionHeaders = 8;  // more than any honest packet has

bool IsExtension(uint8_t protocol) {
  switch (protocol) {
    case 0:    // hop-by-hop options
    case 43:   // routing
    case 44:   // fragment
    case 60:   // destination options
      return true;
    default:
      return false;
  }
}

void ReadPorts(const uint8_t* packet, Flow* flow) {
  const uint8_t* upper = packet + flow->headerLength;
  size_t left = flow->length - flow->headerLength;
  switch (flow->protocol) {
    case kTcp:
    case kUdp:
    case 33:   // DCCP
    case 132:  // SCTP
    case 136:  // UDP-Lite
      if (left < 4) return;
      flow->srcPort = Load16(upper);
      flow->dstPort = Load16(upper + 2);
      flow->hasPorts = true;
      return;
    case kIcmp:
    case kIcmp6:
      if (left < 2) return;
      flow->srcPort = upper[0];
      flow->dstPort = upper[1];
      flow->hasPorts = true;
      return;
    default:
      return;
  }
}

bool ReadIpv4(const uint8_t* packet, size_t length, Flow* flow) {
  if (length < 20) return false;
  flow->headerLength = (packet[0] & 15u) * 4u;
  flow->length = Load16(packet + 2);
  if (flow->headerLength < 20 || flow->length < flow->headerLength || flow->length > length) return false;
  flow->tos = packet[1];
  flow->protocol = packet[9];
  flow->src.family = flow->dst.family = 4;
  memcpy(flow->src.octets, packet + 12, 4);
  memcpy(flow->dst.octets, packet + 16, 4);
  uint16_t fragment = Load16(packet + 6);
  flow->isFragment = (fragment & 0x3fff) != 0;
  if ((fragment & 0x1fff) == 0) ReadPorts(packet, flow);
  return true;
}

bool ReadIpv6(const uint8_t* packet, size_t length, Flow* flow) {
  if (length < 40) return false;
  flow->length = 40u + Load16(packet + 4);
  if (flow->length > length) return false;
  flow->tos = static_cast<uint8_t>(Load16(packet) >> 4);
  flow->src.family = flow->dst.family = 6;
  memcpy(flow->src.octets, packet + 8, 16);
  memcpy(flow->dst.octets, packet + 24, 16);
  flow->protocol = packet[6];
  flow->headerLength = 40;
  for (int i = 0; IsExtension(flow->protocol); i++) {
    const uint8_t* header = packet + flow->headerLength;
    size_t left = flow->length - flow->headerLength;
    if (i == kExtensionHeaders || left < 8) return false;
    size_t size = flow->protocol == 44 ? 8 : (header[1] + 1u) * 8u;
    if (size > left) return false;
    if (flow->protocol == 44) {
      flow->isFragment = true;
      if ((Load16(header + 2) & 0xfff8) != 0) {  // a later fragment: what follows is no header
        flow->protocol = header[0];
        flow->headerLength += size;
        return true;
      }
    }
    flow->protocol = header[0];
    flow->headerLength += size;
  }
  ReadPorts(packet, flow);
  return true;
}

}  // namespace

bool ReadFlow(const uint8_t* packet, size_t length, Flow* flow) {
  if (length == 0) return false;
  switch (packet[0] >> 4) {
    case 4:
      return ReadIpv4(packet, length, flow);
    case 6:
      return ReadIpv6(packet, length, flow);
    default:
      return false;
  }
}

// The sum of 32-bit words in 64-bit lanes, which the compiler turns into vector code.
__attribute__((optimize("O3"))) uint64_t Sum(const uint8_t* data, size_t length) {
  uint64_t sum = 0;
  size_t words = length / 4;
  for (size_t i = 0; i < words; i++) {
    uint32_t word;
    memcpy(&word, data + i * 4, 4);
    sum += word;
  }
  data += words * 4;
  if (length & 2) {
    uint16_t half;
    memcpy(&half, data, 2);
    sum += half;
    data += 2;
  }
  if (length & 1) {
    const uint8_t last[2] = {*data, 0};
    uint16_t half;
    memcpy(&half, last, 2);
    sum += half;
  }
  return sum;
}

uint64_t PseudoHeaderSum(const uint8_t* packet, size_t upperLength, uint8_t protocol) {
  uint64_t sum = packet[0] >> 4 == 4 ? Sum(packet + 12, 8) : Sum(packet + 8, 32);
  uint8_t tail[8] = {};
  Store32(tail, static_cast<uint32_t>(upperLength));
  tail[7] = protocol;
  return sum + Sum(tail, sizeof tail);
}

uint16_t Fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

size_t WriteHeader(uint8_t* out, const Address& src, const Address& dst, uint8_t protocol, uint8_t tos, size_t length) {
  constexpr uint8_t kHopLimit = 64;
  if (src.family == 4) {
    memset(out, 0, 20);
    out[0] = 0x45;
    out[1] = tos;
    Store16(out + 2, static_cast<uint16_t>(20 + length));
    out[6] = 0x40;  // DF: then the identification means nothing (RFC 6864 §4)
    out[8] = kHopLimit;
    out[9] = protocol;
    memcpy(out + 12, src.octets, 4);
    memcpy(out + 16, dst.octets, 4);
    ChecksumIpv4(out, 20);
    return 20;
  }
  Store32(out, 6u << 28 | static_cast<uint32_t>(tos) << 20);
  Store16(out + 4, static_cast<uint16_t>(length));
  out[6] = protocol;
  out[7] = kHopLimit;
  memcpy(out + 8, src.octets, 16);
  memcpy(out + 24, dst.octets, 16);
  return 40;
}

void ChecksumUpper(uint8_t* packet, const Flow& flow) {
  uint8_t* upper = packet + flow.headerLength;
  size_t length = flow.length - flow.headerLength;
  size_t field = flow.protocol == kTcp ? 16 : 6;
  if ((flow.protocol != kTcp && flow.protocol != kUdp) || length < (flow.protocol == kTcp ? 20 : 8)) return;
  Store16(upper + field, 0);
  uint16_t sum = static_cast<uint16_t>(~Fold(PseudoHeaderSum(packet, length, flow.protocol) + Sum(upper, length)));
  StoreSum(upper + field, sum == 0 && flow.protocol == kUdp ? 0xffff : sum);
}

void ChecksumIpv4(uint8_t* packet, size_t headerLength) {
  Store16(packet + 10, 0);
  StoreSum(packet + 10, static_cast<uint16_t>(~Fold(Sum(packet, headerLength))));
}

}  // namespace pluto::userspace
