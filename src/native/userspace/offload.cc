#include "offload.h"

#include <unistd.h>

#include <algorithm>

namespace pluto::userspace {
namespace {

// VIRTIO_NET_HDR_F_* and VIRTIO_NET_HDR_GSO_*.
constexpr uint8_t kNeedsChecksum = 1;
constexpr uint8_t kWhole = 0, kGsoTcp4 = 1, kGsoTcp6 = 4, kGsoUdp = 5, kGsoEcn = 0x80;
constexpr uint8_t kFin = 0x01, kPsh = 0x08, kAck = 0x10, kCwr = 0x80;
constexpr size_t kLargestPacket = 65535;

void SetLength(uint8_t* packet, size_t network, size_t length) {
  if (packet[0] >> 4 == 4) {
    Store16(packet + 2, static_cast<uint16_t>(length));
    ChecksumIpv4(packet, network);
  } else {
    Store16(packet + 4, static_cast<uint16_t>(length - 40));
  }
}

}  // namespace

bool Segmenter::Start(const VnetHeader& header, uint8_t* packet, size_t length, const Flow& flow) {
  packet_ = packet;
  isSegmented_ = false;
  isDone_ = true;
  index_ = 0;
  uint8_t kind = header.kind & static_cast<uint8_t>(~kGsoEcn);
  if (kind == kWhole) {
    if (header.flags & kNeedsChecksum) {
      size_t start = header.checksumStart, field = start + header.checksumOffset;
      if (start > length || field + 2 > length) return false;
      // The field holds the sum of the pseudo-header.
      uint16_t sum = static_cast<uint16_t>(~Fold(Sum(packet + start, length - start)));
      if (sum == 0 && flow.protocol == kUdp) sum = 0xffff;
      StoreSum(packet + field, sum);
    }
    headers_ = 0;
    at_ = 0;
    left_ = step_ = length;
    isDone_ = false;
    return true;
  }
  bool isTcp = kind == kGsoTcp4 || kind == kGsoTcp6;
  if ((!isTcp && kind != kGsoUdp) || header.segment == 0 || flow.isFragment) return false;
  if (flow.protocol != (isTcp ? kTcp : kUdp)) return false;
  protocol_ = flow.protocol;
  network_ = flow.headerLength;
  if (network_ + (isTcp ? 20 : 8) > length) return false;
  headers_ = network_ + (isTcp ? (packet[network_ + 12] >> 4) * 4u : 8u);
  if (headers_ < network_ + (isTcp ? 20 : 8) || headers_ >= length) return false;
  hasCwr_ = isTcp && (packet[network_ + 13] & kCwr);
  at_ = headers_;
  left_ = length - headers_;
  step_ = header.segment;
  isSegmented_ = true;
  isDone_ = false;
  return true;
}

void Segmenter::Next(uint8_t* out) {
  size_t payload = Payload();
  memcpy(out, packet_, headers_);
  memcpy(out + headers_, packet_ + at_, payload);
  if (isSegmented_) {
    size_t length = headers_ + payload;
    if (out[0] >> 4 == 4) Store16(out + 4, static_cast<uint16_t>(Load16(packet_ + 4) + index_));
    SetLength(out, network_, length);
    uint8_t* upper = out + network_;
    size_t upperLength = length - network_;
    size_t field = protocol_ == kTcp ? 16 : 6;
    if (protocol_ == kTcp) {
      Store32(upper + 4, Load32(packet_ + network_ + 4) + static_cast<uint32_t>(at_ - headers_));
      if (payload < left_) upper[13] &= static_cast<uint8_t>(~(kFin | kPsh));
      // RFC 3168 §6.1.2: one CWR tells enough.
      if (hasCwr_ && index_ > 0) upper[13] &= static_cast<uint8_t>(~kCwr);
    } else {
      Store16(upper + 4, static_cast<uint16_t>(upperLength));
    }
    Store16(upper + field, 0);
    uint16_t sum =
        static_cast<uint16_t>(~Fold(PseudoHeaderSum(out, upperLength, protocol_) + Sum(upper, upperLength)));
    if (sum == 0 && protocol_ == kUdp) sum = 0xffff;
    StoreSum(upper + field, sum);
  }
  index_++;
  at_ += payload;
  left_ -= payload;
  isDone_ = left_ == 0;
}

void Coalescer::Add(uint8_t* packet, size_t length, const Flow& flow) {
  // Options of IPv4 and extension headers of IPv6 are left alone.
  bool isPlain = flow.protocol == kTcp && !flow.isFragment && flow.hasPorts &&
                 flow.headerLength == (flow.src.family == 4 ? 20u : 40u) && length >= flow.headerLength + 20;
  if (!isPlain) return WriteAlone(packet, length);
  const uint8_t* tcp = packet + flow.headerLength;
  size_t headers = flow.headerLength + (tcp[12] >> 4) * 4u;
  bool isData = headers >= flow.headerLength + 20 && headers < length && (tcp[13] & ~kPsh) == kAck;

  for (size_t i = 0; i < used_; i++) {
    Train* train = &trains_[i];
    bool isSameFlow = train->network == flow.headerLength && train->head[0] >> 4 == packet[0] >> 4 &&
                      memcmp(train->head + train->network, tcp, 4) == 0 &&
                      (flow.src.family == 4 ? memcmp(train->head + 12, packet + 12, 8) == 0
                                            : memcmp(train->head + 8, packet + 8, 32) == 0);
    if (!isSameFlow) continue;
    if (isData && Join(train, packet, length, flow)) return;
    // What was sent first is written first.
    Write(train);
    if (isData) return Begin(train, packet, length, flow);
    std::swap(*train, trains_[--used_]);
    return WriteAlone(packet, length);
  }
  if (!isData) return WriteAlone(packet, length);
  if (used_ == kFlows) {
    Write(&trains_[0]);
    return Begin(&trains_[0], packet, length, flow);
  }
  Begin(&trains_[used_++], packet, length, flow);
}

void Coalescer::Begin(Train* train, uint8_t* packet, size_t length, const Flow& flow) {
  const uint8_t* tcp = packet + flow.headerLength;
  train->head = packet;
  train->network = flow.headerLength;
  train->tcpLength = (tcp[12] >> 4) * 4u;
  train->headers = train->network + train->tcpLength;
  train->segment = train->total = length - train->headers;
  train->nextSequence = Load32(tcp + 4) + static_cast<uint32_t>(train->segment);
  train->pieces = 1;
  train->parts[1] = {packet, length};
  // A packet whose sum is wrong stays alone, so that its receiver sees that it is.
  uint64_t sum = PseudoHeaderSum(packet, length - train->network, kTcp) + Sum(tcp, length - train->network);
  train->isClosed = Fold(sum) != 0xffff || (tcp[13] & kPsh);
}

bool Coalescer::Join(Train* train, uint8_t* packet, size_t length, const Flow& flow) {
  const uint8_t *tcp = packet + flow.headerLength, *first = train->head + train->network;
  size_t tcpLength = (tcp[12] >> 4) * 4u;
  size_t payload = length - flow.headerLength - tcpLength;
  if (train->isClosed || train->pieces == kPieces || payload > train->segment) return false;
  if (train->headers + train->total + payload > kLargestPacket) return false;
  if (Load32(tcp + 4) != train->nextSequence || tcpLength != train->tcpLength) return false;
  if (Load32(tcp + 8) != Load32(first + 8) || Load16(tcp + 14) != Load16(first + 14)) return false;  // ack, window
  if (memcmp(tcp + 20, first + 20, tcpLength - 20) != 0) return false;                               // options
  bool isSameHeader = packet[0] >> 4 == 4
                          ? packet[1] == train->head[1] && packet[8] == train->head[8] &&
                                (packet[6] & 0x40) == (train->head[6] & 0x40)  // TOS, TTL, DF
                          : memcmp(packet, train->head, 4) == 0 && packet[7] == train->head[7];
  if (!isSameHeader) return false;
  uint64_t sum = PseudoHeaderSum(packet, length - flow.headerLength, kTcp) + Sum(tcp, length - flow.headerLength);
  if (Fold(sum) != 0xffff) return false;
  train->parts[++train->pieces] = {packet + flow.headerLength + tcpLength, payload};
  train->total += payload;
  train->nextSequence += static_cast<uint32_t>(payload);
  if (tcp[13] & kPsh) train->head[train->network + 13] |= kPsh;
  train->isClosed = payload < train->segment || (tcp[13] & kPsh);
  return true;
}

void Coalescer::Write(Train* train) {
  VnetHeader header = {};
  if (train->pieces > 1) {
    size_t length = train->headers + train->total;
    SetLength(train->head, train->network, length);
    bool isIpv4 = train->head[0] >> 4 == 4;
    header.flags = kNeedsChecksum;
    header.kind = isIpv4 ? kGsoTcp4 : kGsoTcp6;
    header.segment = static_cast<uint16_t>(train->segment);
    header.headerLength = static_cast<uint16_t>(train->headers);
    header.checksumStart = static_cast<uint16_t>(train->network);
    header.checksumOffset = 16;
    StoreSum(train->head + train->network + 16,
             Fold(PseudoHeaderSum(train->head, length - train->network, kTcp)));
  }
  train->parts[0] = {&header, sizeof header};
  if (writev(tun_, train->parts.data(), static_cast<int>(train->pieces + 1)) < 0) refused_++;
}

void Coalescer::WriteAlone(uint8_t* packet, size_t length) {
  VnetHeader header = {};
  const iovec parts[2] = {{&header, sizeof header}, {packet, length}};
  if (writev(tun_, parts, 2) < 0) refused_++;
}

void Coalescer::Flush() {
  for (size_t i = 0; i < used_; i++) Write(&trains_[i]);
  used_ = 0;
}

}  // namespace pluto::userspace
