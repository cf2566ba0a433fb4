#include "association.h"

namespace pluto::userspace {
namespace {

bool MatchesPort(const Range& range, bool known, uint16_t port) {
  if (range.isAnyPort()) return true;
  // OPAQUE is for packets whose ports cannot be seen (RFC 4301 §4.4.1.1), any other range for those whose can.
  if (range.isOpaque()) return !known;
  return known && range.startPort <= port && port <= range.endPort;
}

bool MatchesProtocol(const Range& range, const Flow& flow) {
  return range.protocol == 0 || range.protocol == flow.protocol;
}

}  // namespace

bool Selector::Matches(const Flow& flow) const {
  if (!src.Contains(flow.src) || !dst.Contains(flow.dst)) return false;
  if (!MatchesProtocol(src, flow) || !MatchesProtocol(dst, flow)) return false;
  uint16_t srcPort = flow.srcPort, dstPort = flow.dstPort;
  if (flow.protocol == kIcmp || flow.protocol == kIcmp6)
    srcPort = dstPort = static_cast<uint16_t>(flow.srcPort << 8 | flow.dstPort);
  return MatchesPort(src, flow.hasPorts, srcPort) && MatchesPort(dst, flow.hasPorts, dstPort);
}

std::unique_ptr<Association> Association::Make(SaConfig config, int64_t now, int64_t uptime, std::string* why) {
  auto transform = Transform::Make(config.algorithms, config.isOutbound, config.extended, why);
  if (!transform) return nullptr;
  config.algorithms.Wipe();  // the transform has its own
  std::unique_ptr<Association> sa(new Association(std::move(config)));
  sa->transform_ = std::move(transform);
  sa->counters_.addedAt = now;
  sa->startedAt_ = uptime;
  return sa;
}

bool Association::Selects(const Flow& flow) const {
  if (config_.selectors.empty()) return true;
  for (const Selector& selector : config_.selectors)
    if (selector.Matches(flow)) return true;
  return false;
}

size_t Association::SealedLength(size_t innerLength) const {
  size_t align = transform_->alignment();
  size_t text = (innerLength + 2 + align - 1) / align * align;
  return textOffset() + text + transform_->icvLength();
}

bool Association::Seal(uint8_t* esp, size_t innerLength, uint8_t nextHeader, size_t counted, int64_t now) {
  if (isDead_) return false;
  // RFC 4303 §3.3.3: a sequence number must not come round, as the key would see an IV twice.
  if (sequence_ == (config_.extended ? UINT64_MAX : uint64_t{UINT32_MAX})) {
    isDead_ = mayHaveExpired_ = true;
    return false;
  }
  uint8_t* text = esp + textOffset();
  size_t length = SealedLength(innerLength) - textOffset() - transform_->icvLength();
  size_t padding = length - innerLength - 2;
  for (size_t i = 0; i < padding; i++) text[innerLength + i] = static_cast<uint8_t>(i + 1);
  text[length - 2] = static_cast<uint8_t>(padding);
  text[length - 1] = nextHeader;
  sequence_++;
  Store32(esp, config_.key.spi);
  Store32(esp + 4, static_cast<uint32_t>(sequence_));
  if (!transform_->Seal(esp, length, sequence_)) return false;
  Count(counted, now);
  return true;
}

Verdict Association::Open(uint8_t* esp, size_t length, Text* text) {
  if (isDead_) return Verdict::kExpired;
  size_t around = textOffset() + transform_->icvLength();
  if (length < around + 2 || (length - around) % transform_->alignment() != 0) return Verdict::kMalformed;
  uint64_t sequence = window_.Guess(Load32(esp + 4));
  if (!window_.Accepts(sequence)) {
    counters_.replayed++;
    return Verdict::kReplayed;
  }
  size_t textLength = length - around;
  if (!transform_->Open(esp, textLength, sequence)) {
    counters_.unauthentic++;
    return Verdict::kUnauthentic;
  }
  window_.Mark(sequence);

  uint8_t* data = esp + textOffset();
  size_t padding = data[textLength - 2];
  uint8_t nextHeader = data[textLength - 1];
  if (padding + 2 > textLength) return Verdict::kMalformed;
  if (nextHeader == kNoNextHeader) return Verdict::kDummy;
  *text = {data, textLength - 2 - padding, nextHeader};
  if (config_.isTransport) return Verdict::kDelivered;
  if (nextHeader != kIpv4 && nextHeader != kIpv6) return Verdict::kNotSelected;
  bool isAsSaid = text->length > 0 && data[0] >> 4 == (nextHeader == kIpv4 ? 4 : 6);
  return isAsSaid ? Verdict::kDelivered : Verdict::kMalformed;
}

Verdict Association::Admit(const uint8_t* packet, size_t length, int64_t now, Flow* flow) {
  if (!ReadFlow(packet, length, flow)) return Verdict::kMalformed;
  if (!Selects(*flow)) return Verdict::kNotSelected;
  Count(flow->length, now);
  return Verdict::kDelivered;
}

void Association::Count(size_t bytes, int64_t now) {
  counters_.bytes += bytes;
  counters_.packets++;
  counters_.usedAt = now;
  if (config_.hard.Passed(counters_.bytes, counters_.packets, 0)) isDead_ = mayHaveExpired_ = true;
  if (!softTold_ && config_.soft.Passed(counters_.bytes, counters_.packets, 0)) mayHaveExpired_ = true;
}

Association::Expiry Association::CheckLimits(int64_t uptime) {
  Expiry expiry;
  mayHaveExpired_ = false;
  uint64_t age = uptime > startedAt_ ? static_cast<uint64_t>(uptime - startedAt_) : 0;
  if (!softTold_ && config_.soft.Passed(counters_.bytes, counters_.packets, age)) expiry.soft = softTold_ = true;
  if (config_.hard.Passed(counters_.bytes, counters_.packets, age)) isDead_ = true;
  if (isDead_ && !hardTold_) expiry.hard = hardTold_ = true;
  return expiry;
}

}  // namespace pluto::userspace
