// The anti-replay window of one inbound SA, with and without extended sequence numbers (RFC 4303 §3.4.3, §2.2.1
// and appendix A2.2).
#pragma once

#include <cstdint>
#include <vector>

namespace pluto::userspace {

constexpr uint32_t kLargestWindow = 4096;

class ReplayWindow {
 public:
  // `size` in packets, at most kLargestWindow; 0 turns the check off, and extended numbers with it.
  ReplayWindow(uint32_t size, bool extended)
      : size_(size), extended_(extended && size > 0), bits_(size > 0 ? (size + 63) / 64 + 1 : 0) {}

  // The whole sequence number of a packet that carries `low`, as far as can be told before it is authenticated.
  uint64_t Guess(uint32_t low) const {
    if (!extended_) return low;
    uint32_t topLow = static_cast<uint32_t>(top_), topHigh = static_cast<uint32_t>(top_ >> 32);
    uint32_t bottom = topLow - size_ + 1;
    uint32_t high;
    if (topLow >= size_ - 1) high = low >= bottom ? topHigh : topHigh + 1;
    else high = low >= bottom && topHigh > 0 ? topHigh - 1 : topHigh;
    return static_cast<uint64_t>(high) << 32 | low;
  }

  // Not seen yet, and not too old to know.
  bool Accepts(uint64_t sequence) const {
    if (size_ == 0) return true;
    if (sequence == 0) return false;  // the first packet carries 1
    if (sequence > top_) return true;
    if (top_ - sequence >= size_) return false;
    return (bits_[Word(sequence)] >> (sequence & 63) & 1) == 0;
  }

  // To be called only for what Accepts said yes to and whose ICV proved right.
  void Mark(uint64_t sequence) {
    if (size_ == 0) return;
    if (sequence > top_) {
      uint64_t from = top_ / 64, to = sequence / 64;
      if (to - from >= bits_.size()) {
        for (uint64_t& word : bits_) word = 0;
      } else {
        for (uint64_t at = from + 1; at <= to; at++) bits_[at % bits_.size()] = 0;
      }
      top_ = sequence;
    }
    bits_[Word(sequence)] |= uint64_t{1} << (sequence & 63);
  }

 private:
  size_t Word(uint64_t sequence) const { return sequence / 64 % bits_.size(); }

  uint32_t size_;
  bool extended_;
  uint64_t top_ = 0;  // the highest number that was authentic
  std::vector<uint64_t> bits_;  // a ring, one word longer than the window
};

}  // namespace pluto::userspace
