// What the TUN device leaves to us with its offloads on, and what we leave to it: large TCP and UDP packets are cut
// into wire-sized ones on the way out (TSO, USO), TCP packets of one flow joined again on the way in (GRO).
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "packet.h"

namespace pluto::userspace {

// struct virtio_net_hdr, whose own header is no C++. In the machine's byte order, as TUN devices have it by default.
struct VnetHeader {
  uint8_t flags;
  uint8_t kind;
  uint16_t headerLength;
  uint16_t segment;
  uint16_t checksumStart;
  uint16_t checksumOffset;  // from checksumStart
};
static_assert(sizeof(VnetHeader) == 10);

// A packet as the TUN device gave it: `header` says what is left to do.
class Segmenter {
 public:
  // `packet` must stay. False: the header and the packet contradict each other.
  bool Start(const VnetHeader& header, uint8_t* packet, size_t length, const Flow& flow);

  bool isDone() const { return isDone_; }
  size_t nextLength() const { return headers_ + Payload(); }
  // Copies the next packet, complete and with its checksums, to `out`, which has room for nextLength() octets.
  void Next(uint8_t* out);

 private:
  size_t Payload() const { return left_ < step_ ? left_ : step_; }

  const uint8_t* packet_ = nullptr;
  size_t network_ = 0, headers_ = 0;  // octets up to the upper layer, up to the payload
  size_t at_ = 0, left_ = 0, step_ = 0;
  uint8_t protocol_ = 0;
  uint16_t index_ = 0;
  bool isSegmented_ = false, isDone_ = true, hasCwr_ = false;
};

// Gathers packets for a TUN device and writes them, joined where TCP allows. Packets must stay until Flush.
class Coalescer {
 public:
  explicit Coalescer(int tun) : tun_(tun) {}
  void Add(uint8_t* packet, size_t length, const Flow& flow);
  void Flush();
  // Packets that the device refused since the last question.
  uint64_t TakeRefused() { return std::exchange(refused_, 0); }

 private:
  static constexpr size_t kFlows = 8, kPieces = 64;
  struct Train {
    uint8_t* head = nullptr;
    size_t headers = 0, network = 0, tcpLength = 0;
    size_t segment = 0, total = 0;  // payload of one, of all
    uint32_t nextSequence = 0;
    bool isClosed = false;
    size_t pieces = 0;
    std::array<iovec, kPieces + 1> parts;  // parts[0] is the vnet header
  };

  bool Join(Train* train, uint8_t* packet, size_t length, const Flow& flow);
  void Begin(Train* train, uint8_t* packet, size_t length, const Flow& flow);
  void Write(Train* train);
  void WriteAlone(uint8_t* packet, size_t length);

  int tun_;
  uint64_t refused_ = 0;
  size_t used_ = 0;
  std::array<Train, kFlows> trains_;
};

}  // namespace pluto::userspace
