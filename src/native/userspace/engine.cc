// The engine as the main thread sees it: its tables and sockets. What its own thread does is in engine-thread.cc.
#include "engine.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace pluto::userspace {

int64_t Engine::WallClock() {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec;
}

int64_t Engine::Uptime() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec;
}

// The main thread's lock: says that it waits.
class Engine::Lock {
 public:
  explicit Lock(Engine* engine) : engine_(engine) {
    engine_->waiting_.fetch_add(1);
    engine_->mutex_.lock();
    engine_->waiting_.fetch_sub(1);
  }
  ~Lock() { engine_->mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Engine* engine_;
};

Engine::Engine(int tun, uint32_t mark, std::function<void()> notify)
    : tun_(tun),
      mark_(mark),
      notify_(std::move(notify)),
      now_(WallClock()),
      uptime_(Uptime()),
      tunBuffer_(new uint8_t[kTunRead]),
      coalescer_(tun),
      scratch_(new uint8_t[kLargestPacket]),
      rebuilt_(new uint8_t[kRebuilt]) {}

Engine::~Engine() {
  stop_ = true;
  if (thread_.joinable()) {
    Wake();
    thread_.join();
  }
  for (Socket& socket : sockets_) close(socket.fd);
  for (int fd : toClose_) close(fd);
  for (int fd : {tun_, epoll_, wake_, clear4_, clear6_})
    if (fd >= 0) close(fd);
}

int Engine::Start(std::string* warnings) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || wake_ < 0) return errno;
  for (uint8_t family : {4, 6}) {
    std::string name = family == 4 ? "IPv4" : "IPv6";
    int fd = OpenRawEsp(family, mark_);
    if (fd >= 0) sockets_.push_back({fd, family, Socket::Kind::kRaw, {}});
    else *warnings += "no raw socket for ESP over " + name + " (" + strerror(-fd) + "); ";
    int clear = OpenClear(family, mark_);
    if (clear < 0) *warnings += "no raw socket for " + name + " in the clear (" + strerror(-clear) + "); ";
    (family == 4 ? clear4_ : clear6_) = clear;
  }
  for (Socket& socket : sockets_) Watch(socket.fd);
  Watch(tun_);
  Watch(wake_);
  thread_ = std::thread([this] { Run(); });
  return 0;
}

void Engine::Watch(int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Engine::Wake() {
  uint64_t one = 1;
  // A full eventfd wakes as well.
  if (write(wake_, &one, sizeof one) < 0) return;
}

Association* Engine::Find(const SaKey& key) {
  auto bucket = bySpi_.find(key.spi);
  if (bucket == bySpi_.end()) return nullptr;
  for (auto& sa : bucket->second)
    if (sa->config().key.dst == key.dst) return sa.get();
  return nullptr;
}

int Engine::AddSa(SaConfig config, std::string* why) {
  auto sa = Association::Make(std::move(config), WallClock(), Uptime(), why);
  if (!sa) return EPROTONOSUPPORT;
  Lock lock(this);
  if (Find(sa->config().key)) return EEXIST;
  EnsureSocket(sa->config());
  if (IsTimed(sa->config())) timed_++;
  if (sa->config().isOutbound) {
    byReqid_[sa->config().reqid].push_back(sa.get());
    release_ = true;
  }
  bySpi_[sa->config().key.spi].push_back(std::move(sa));
  if (release_) Wake();
  return 0;
}

int Engine::MoveSa(const SaKey& key, const Address& src, const Address& dst, bool encapsulates, uint16_t srcPort,
                   uint16_t dstPort) {
  Lock lock(this);
  Association* sa = Find(key);
  if (!sa) return ESRCH;
  if (dst != key.dst && Find({key.spi, dst})) return EEXIST;
  SaConfig& config = sa->config();
  config.src = src;
  config.key.dst = dst;
  config.encapsulates = encapsulates;
  config.srcPort = srcPort;
  config.dstPort = dstPort;
  sa->reported = Endpoint();
  EnsureSocket(config);
  return 0;
}

int Engine::DeleteSa(const SaKey& key) {
  Lock lock(this);
  Association* sa = Find(key);
  if (!sa) return ESRCH;
  Remove(sa);
  return 0;
}

void Engine::Remove(Association* sa) {
  if (IsTimed(sa->config())) timed_--;
  if (sa->config().isOutbound) {
    auto& siblings = byReqid_[sa->config().reqid];
    siblings.erase(std::find(siblings.begin(), siblings.end(), sa));
    if (siblings.empty()) byReqid_.erase(sa->config().reqid);
  }
  auto bucket = bySpi_.find(sa->config().key.spi);
  bucket->second.erase(std::find_if(bucket->second.begin(), bucket->second.end(),
                                    [sa](const std::unique_ptr<Association>& other) { return other.get() == sa; }));
  if (bucket->second.empty()) bySpi_.erase(bucket);
}

// An SA may come from a port of ours that is not IKE's; there is nobody else to ask for a socket then. What cannot be
// had shows in the counter `noSocket`.
void Engine::EnsureSocket(const SaConfig& config) {
  Sender::Route route;
  if (!config.isOutbound || !config.encapsulates || RouteOf(config, 0, &route)) return;
  Endpoint local{config.src, config.srcPort};
  int fd = OpenOwn(local, mark_);
  if (fd < 0) return;
  sockets_.push_back({fd, local.address.family, Socket::Kind::kOwn, local});
  Watch(fd);
}

int Engine::Counters(const SaKey& key, SaCounters* counters) {
  Lock lock(this);
  Association* sa = Find(key);
  if (!sa) return ESRCH;
  *counters = sa->counters();
  return 0;
}

void Engine::PutPolicy(Policy policy) {
  Lock lock(this);
  for (Policy& old : policies_.rows())
    if (old.id == policy.id) held_ -= old.held.size();
  policies_.Put(std::move(policy));
}

int Engine::DeletePolicy(uint32_t id) {
  Lock lock(this);
  for (Policy& old : policies_.rows())
    if (old.id == id) held_ -= old.held.size();
  return policies_.Delete(id) ? 0 : ESRCH;
}

int Engine::Serve(int ike, const Endpoint& local, bool encapsulates) {
  if (int error = MarkSocket(ike, mark_)) return error;
  if (!encapsulates) return 0;
  {
    Lock lock(this);
    CloseSockets(Socket::Kind::kOwn, &local);
  }
  int fd = OpenSibling(ike, local, mark_);
  if (fd < 0) return -fd;
  Lock lock(this);
  sockets_.push_back({fd, local.address.family, Socket::Kind::kServed, local});
  Watch(fd);
  return 0;
}

void Engine::Unserve(const Endpoint& local) {
  Lock lock(this);
  CloseSockets(Socket::Kind::kServed, &local);
}

// Those at `local`, or all of the kind. The engine closes them when it is not using them.
void Engine::CloseSockets(Socket::Kind kind, const Endpoint* local) {
  for (auto socket = sockets_.begin(); socket != sockets_.end();) {
    if (socket->kind != kind || (local && !(socket->local == *local))) {
      ++socket;
      continue;
    }
    epoll_ctl(epoll_, EPOLL_CTL_DEL, socket->fd, nullptr);
    toClose_.push_back(socket->fd);
    socket = sockets_.erase(socket);
  }
  Wake();
}

void Engine::Flush() {
  Lock lock(this);
  policies_.Clear();
  held_ = timed_ = 0;
  byReqid_.clear();
  bySpi_.clear();
  CloseSockets(Socket::Kind::kOwn, nullptr);
}

EngineCounters Engine::Totals() {
  Lock lock(this);
  return totals_;
}

std::vector<Event> Engine::TakeEvents() {
  std::lock_guard<std::mutex> lock(eventMutex_);
  return std::exchange(events_, {});
}

}  // namespace pluto::userspace
