// The sockets that ESP travels by: siblings of the daemon's IKE sockets for ESP in UDP (RFC 3948), raw ones for IP
// protocol 50, and raw ones for what passes in the clear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "association.h"

namespace pluto::userspace {

constexpr int kBatch = 8;                   // datagrams read at once
constexpr size_t kDatagram = 65536;

// All of these return a descriptor or -errno. `mark` keeps what they send out of the tunnel's own routes.

// A socket beside `ike` on the same address and port. Datagrams that begin with the non-ESP marker and those too
// short for ESP stay with `ike`; the others come here.
int OpenSibling(int ike, const Endpoint& local, uint32_t mark);
// One bound to an address and port that no IKE socket has.
int OpenOwn(const Endpoint& local, uint32_t mark);
int OpenRawEsp(uint8_t family, uint32_t mark);
int OpenClear(uint8_t family, uint32_t mark);

// Returns 0 or a positive errno.
int MarkSocket(int fd, uint32_t mark);

struct Datagram {
  uint8_t* data;
  size_t length;
  size_t segment;  // ESP packets in it are this long, the last one perhaps shorter
  Endpoint from;
  Address to;  // family 0 if the kernel did not say
  uint8_t tos;
};

// Reads up to kBatch datagrams; calls for each. Returns how many came.
class Receiver {
 public:
  Receiver();
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  int Read(int fd, bool isRawIpv4, Datagram out[kBatch]);

 private:
  uint8_t* arena_;
};

// Gathers ESP packets and sends them with few calls: packets of one length to one peer become one UDP datagram that
// the kernel, or the peer's, cuts up (UDP_SEGMENT).
class Sender {
 public:
  struct Route {
    int fd = -1;
    bool isRaw = false;  // no ports, no segmentation
    Address src;
    Endpoint to;
    uint8_t tos = 0;
  };

  Sender();
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Room for a packet of `length` octets, or null: then Flush first.
  uint8_t* Room(size_t length);
  // The packet written to Room is to go by `route`.
  void Commit(size_t length, const Route& route);
  bool isEmpty() const { return runs_ == 0; }
  void Flush();
  // Packets that the kernel refused since the last question.
  uint64_t TakeUnsent() { return std::exchange(unsent_, 0); }

 private:
  static constexpr size_t kArena = 256 * 1024, kRuns = 64, kSegments = 64, kLargestRun = 65000;
  struct Run {
    Route route;
    size_t offset, length, segment, count;
    bool isClosed;
  };
  size_t SendRuns(const Run* runs, size_t count);
  void SendApart(const Run& run);

  uint8_t* arena_;
  size_t used_ = 0, runs_ = 0;
  Run run_[kRuns];
  bool segments_ = true;  // the kernel takes UDP_SEGMENT
  bool isPatient_ = true;  // no socket has stayed full during this Flush
  uint64_t unsent_ = 0;
};

}  // namespace pluto::userspace
