// The userspace data plane's engine: one thread that moves packets between a TUN device and ESP sockets.
//
//        TUN ──► policy ──► SA ──► seal ──► UDP 4500 / IP 50        outbound: large packets are cut into ESP
//        TUN ◄── coalesce ◄── selectors ◄── open ◄── UDP / IP 50    inbound: TCP is joined again
//
// The main thread changes tables under `mutex_`, which the engine holds for one datagram's or one large packet's
// worth of work at a time and never while it sends or writes. Nothing that a policy protects leaves but through an SA.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "association.h"
#include "offload.h"
#include "policy.h"
#include "sockets.h"

namespace pluto::userspace {

struct Event {
  enum class Kind { kAcquire, kExpire, kMapping } kind = Kind::kAcquire;
  uint32_t reqid = 0;  // acquire
  Flow flow;
  SaKey key;  // expire, mapping
  bool isHard = false;
  Endpoint from;
};

// What became of packets that no SA counts.
struct EngineCounters {
  uint64_t noSa = 0;          // inbound: no SA with that SPI
  uint64_t malformed = 0;     // no ESP, or no IP inside
  uint64_t notSelected = 0;   // inbound: not what the SA was made for
  uint64_t held = 0;          // outbound: waits, or waited, for an SA
  uint64_t overheld = 0;      // outbound: no room to wait
  uint64_t dropped = 0;       // outbound: by policy
  uint64_t noSocket = 0;      // outbound: no served address to send from
  uint64_t passed = 0;        // outbound: in the clear, by policy
  uint64_t unsent = 0;        // refused by the kernel
  uint64_t unheard = 0;       // mappings that were not told, as too many events waited
};

class Engine {
 public:
  // Owns `tun`, which must have a vnet header. `notify` is called from the engine's thread after each event.
  Engine(int tun, uint32_t mark, std::function<void()> notify);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // All of these return 0 or a positive errno.
  int Start(std::string* warnings);
  int AddSa(SaConfig config, std::string* why);
  int MoveSa(const SaKey& key, const Address& src, const Address& dst, bool encapsulates, uint16_t srcPort,
             uint16_t dstPort);
  int DeleteSa(const SaKey& key);
  int Counters(const SaKey& key, SaCounters* counters);
  void PutPolicy(Policy policy);
  int DeletePolicy(uint32_t id);
  // The IKE socket `ike` is marked; if it encapsulates, ESP is taken from its port.
  int Serve(int ike, const Endpoint& local, bool encapsulates);
  void Unserve(const Endpoint& local);
  void Flush();
  EngineCounters Totals();
  std::vector<Event> TakeEvents();

 private:
  struct Socket {
    int fd;
    uint8_t family;
    enum class Kind { kServed, kOwn, kRaw } kind;
    Endpoint local;
    bool isRaw() const { return kind == Kind::kRaw; }
  };
  class Lock;

  static constexpr size_t kLargestPacket = 65536;
  static constexpr size_t kTunRead = sizeof(VnetHeader) + kLargestPacket;
  static constexpr size_t kRebuilt = 512 * 1024, kRebuiltByOneDatagram = 256 * 1024;

  static int64_t WallClock();  // seconds since the epoch
  static int64_t Uptime();     // seconds; what lifetimes are counted by, as nobody sets this clock
  void Run();
  void Watch(int fd);
  bool ReadTun();
  void Outbound(const VnetHeader& header, uint8_t* packet, size_t length);
  void Protect(Policy* policy, const VnetHeader& header, uint8_t* packet, size_t length, const Flow& flow);
  bool Hold(Policy* policy, const VnetHeader& header, const uint8_t* packet, size_t length, const Flow& flow);
  void ReleaseHeld();
  void PassInClear(const VnetHeader& header, uint8_t* packet, size_t length, const Flow& flow);
  bool Receive(const Socket& socket);
  void Inbound(const Socket& socket, const Datagram& datagram);
  Verdict Open(Association* sa, const Datagram& datagram, const Address& to, uint8_t* esp, size_t length);
  void NoteMapping(Association* sa, const Endpoint& from);
  // Tells of limits that were passed; the hard one removes the SA.
  void CheckLimits(Association* sa);
  void CheckAllLimits();
  void Raise(Event event);

  void EnsureSocket(const SaConfig& config);
  void CloseSockets(Socket::Kind kind, const Endpoint* local);
  void Remove(Association* sa);
  static bool IsTimed(const SaConfig& config) { return config.soft.seconds || config.hard.seconds; }
  Association* FindOutbound(uint32_t reqid, const Flow& flow);
  Association* Find(const SaKey& key);
  bool RouteOf(const SaConfig& config, uint8_t tos, Sender::Route* route);
  void Wake();

  int tun_;
  uint32_t mark_;
  std::function<void()> notify_;
  int epoll_ = -1, wake_ = -1;
  int clear4_ = -1, clear6_ = -1;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> now_{0}, uptime_{0};
  // How many callers wait for `mutex_`: the engine steps aside for them.
  std::atomic<int> waiting_{0};

  std::mutex mutex_;
  std::unordered_map<uint32_t, std::vector<std::unique_ptr<Association>>> bySpi_;
  std::unordered_map<uint32_t, std::vector<Association*>> byReqid_;  // outbound, newest last
  PolicyTable policies_;
  std::vector<Socket> sockets_;
  std::vector<int> toClose_;  // by the engine, between two rounds
  bool release_ = false;      // an SA came that held packets may wait for
  size_t held_ = 0;
  size_t timed_ = 0;  // SAs with a lifetime in seconds: none, and nobody walks through 100,000 of them each second
  EngineCounters totals_;

  std::mutex eventMutex_;
  std::vector<Event> events_;

  // The engine's own.
  struct Plain {
    uint8_t* packet;
    size_t length;
    Flow flow;
  };
  std::unique_ptr<uint8_t[]> tunBuffer_;
  Receiver receiver_;
  Sender sender_;
  Coalescer coalescer_;
  std::vector<Plain> opened_;
  std::unique_ptr<uint8_t[]> scratch_;
  // Packets of transport mode, whose headers stand nowhere in what was received.
  std::unique_ptr<uint8_t[]> rebuilt_;
  size_t rebuiltUsed_ = 0;
};

}  // namespace pluto::userspace
