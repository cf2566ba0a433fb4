// Netlink, as two classes: one that asks and waits for the kernel's verdicts, one that hears what the kernel says
// unasked. Messages are made and read in TypeScript (netlink.ts); here they are octets with a header.
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "addon.h"

namespace pluto {
namespace {

constexpr size_t kRead = 256 * 1024;  // more than the kernel puts into one datagram
constexpr int kPatienceSeconds = 5;   // the kernel answers within the call that asks; this is for its bugs

int Open(Napi::Env env, int protocol, bool blocking) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), protocol);
  if (fd < 0) throw SystemError(env, "socket(AF_NETLINK)", errno);
  sockaddr_nl local = {};
  local.nl_family = AF_NETLINK;
  if (bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local) < 0) {
    int error = errno;
    close(fd);
    throw SystemError(env, "bind(AF_NETLINK)", error);
  }
  return fd;
}

void Set(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof value); }

// What the kernel adds to a refusal in words (NLMSGERR_ATTR_MSG), after a colon; or nothing.
std::string ExtendedText(const nlmsghdr* header) {
  size_t at = NLMSG_LENGTH(sizeof(nlmsgerr));
  if (!(header->nlmsg_flags & NLM_F_ACK_TLVS)) return "";
  // Without NLM_F_CAPPED the whole request stands between the verdict and its attributes.
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
  if (!(header->nlmsg_flags & NLM_F_CAPPED)) at += error->msg.nlmsg_len - sizeof(nlmsghdr);
  const auto* base = reinterpret_cast<const uint8_t*>(header);
  while (at + sizeof(nlattr) <= header->nlmsg_len) {
    nlattr attribute;
    memcpy(&attribute, base + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > header->nlmsg_len) break;
    if ((attribute.nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG) {
      const auto* text = reinterpret_cast<const char*>(base + at + sizeof attribute);
      return ": " + std::string(text, strnlen(text, attribute.nla_len - sizeof attribute));
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  return "";
}

}  // namespace

class NetlinkSocket : public Napi::ObjectWrap<NetlinkSocket> {
 public:
  static void Register(Napi::Env env, Napi::Object exports) {
    exports.Set("NetlinkSocket", DefineClass(env, "NetlinkSocket",
                                             {
                                                 InstanceMethod<&NetlinkSocket::Transact>("transact"),
                                                 InstanceMethod<&NetlinkSocket::Close>("close"),
                                             }));
  }

  // new NetlinkSocket(protocol)
  explicit NetlinkSocket(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<NetlinkSocket>(info), fd_(Open(info.Env(), info[0].As<Napi::Number>(), true)), read_(kRead) {
    Set(fd_, SOL_NETLINK, NETLINK_EXT_ACK, 1);
    Set(fd_, SOL_NETLINK, NETLINK_CAP_ACK, 1);
    Set(fd_, SOL_SOCKET, SO_RCVBUF, 1 << 20);
    timeval patience = {kPatienceSeconds, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  ~NetlinkSocket() override { CloseFd(); }

 private:
  // transact(length, requests, errnos): [replies, texts] or undefined.
  //
  // `requests` holds netlink messages one after another in its first `length` octets; their sequence numbers are set
  // here. Each gets its verdict in `errnos`, in order, 0 if it was carried out. `texts` says in the same order what an
  // errno means, with the kernel's own words where it has any; `replies` are all other messages that came. Undefined
  // if all went well and nothing came.
  Napi::Value Transact(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uint32_t length = info[0].As<Napi::Number>();
    Bytes requests = BytesOf(info[1]), verdicts = BytesOf(info[2]);
    if (length > requests.length) throw Napi::RangeError::New(env, "the requests are shorter than said");
    auto* errnos = reinterpret_cast<int32_t*>(verdicts.data);
    uint32_t first = sequence_;
    uint32_t count = Number(env, requests.data, length);
    if (verdicts.length < count * sizeof(int32_t)) throw Napi::RangeError::New(env, "no room for all verdicts");
    for (uint32_t i = 0; i < count; i++) errnos[i] = kOpen;
    replies_.clear();
    texts_.clear();

    int failed = Exchange(requests.data, length, first, count, errnos);
    for (uint32_t i = 0; i < count; i++) {
      if (errnos[i] != kOpen) continue;
      errnos[i] = failed;
      if (failed != 0) texts_.emplace_back(i, strerror(failed));
    }
    // The kernel's account of an SA holds its keys.
    explicit_bzero(read_.data(), mostRead_);
    mostRead_ = 0;
    if (replies_.empty() && texts_.empty()) return env.Undefined();

    Napi::Array result = Napi::Array::New(env, 2);
    Napi::Uint8Array replies = Napi::Uint8Array::New(env, replies_.size());
    if (!replies_.empty()) {
      memcpy(replies.Data(), replies_.data(), replies_.size());
      explicit_bzero(replies_.data(), replies_.size());
    }
    Napi::Array texts = Napi::Array::New(env, texts_.empty() ? 0 : count);
    for (auto& [index, text] : texts_) texts[index] = Napi::String::New(env, text);
    result[0u] = replies;
    result[1u] = texts;
    return result;
  }

  static constexpr int32_t kOpen = -1;  // no verdict yet

  // Gives each request its number; returns how many there are. The kernel takes them in their order and speaks up for
  // each that it refuses: only the last is asked to say that it went well, which says that those before it were heard.
  uint32_t Number(Napi::Env env, uint8_t* data, uint32_t length) {
    uint32_t count = 0;
    for (uint32_t at = 0; at < length; count++) {
      nlmsghdr header;
      if (length - at < sizeof header) throw Napi::RangeError::New(env, "half a netlink header");
      memcpy(&header, data + at, sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > length - at)
        throw Napi::RangeError::New(env, "a netlink message longer than its buffer");
      header.nlmsg_seq = sequence_++;
      uint32_t next = at + NLMSG_ALIGN(header.nlmsg_len);
      if (next < length) header.nlmsg_flags &= ~NLM_F_ACK;
      memcpy(data + at, &header, sizeof header);
      at = next;
    }
    return count;
  }

  // Sends, then reads until the last request has its verdict; otherwise returns why not.
  int Exchange(const uint8_t* data, uint32_t length, uint32_t first, uint32_t count, int32_t* errnos) {
    sockaddr_nl kernel = {};
    kernel.nl_family = AF_NETLINK;
    ssize_t sent;
    do sent = sendto(fd_, data, length, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) return errno;
    while (count > 0 && errnos[count - 1] == kOpen) {
      sockaddr_nl from = {};
      socklen_t size = sizeof from;
      ssize_t got = recvfrom(fd_, read_.data(), read_.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN ? ETIMEDOUT : errno;
      mostRead_ = std::max(mostRead_, static_cast<size_t>(got));
      if (from.nl_pid == 0) Sort(static_cast<size_t>(got), first, count, errnos);
    }
    return 0;
  }

  // Sorts one datagram into verdicts and replies.
  void Sort(size_t length, uint32_t first, uint32_t count, int32_t* errnos) {
    for (size_t at = 0; length - at >= sizeof(nlmsghdr);) {
      const auto* header = reinterpret_cast<const nlmsghdr*>(read_.data() + at);
      if (header->nlmsg_len < sizeof *header || header->nlmsg_len > length - at) break;
      uint32_t index = header->nlmsg_seq - first;
      // A late answer to a request that was given up is nobody's.
      if (index < count && errnos[index] == kOpen) {
        bool isVerdict = header->nlmsg_type == NLMSG_ERROR && header->nlmsg_len >= NLMSG_LENGTH(sizeof(nlmsgerr));
        if (isVerdict || header->nlmsg_type == NLMSG_DONE) {
          errnos[index] = isVerdict ? -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error : 0;
          if (errnos[index] != 0) texts_.emplace_back(index, strerror(errnos[index]) + ExtendedText(header));
        } else {
          size_t size = NLMSG_ALIGN(header->nlmsg_len), from = replies_.size();
          replies_.resize(from + size);
          memcpy(replies_.data() + from, header, header->nlmsg_len);
        }
      }
      size_t step = NLMSG_ALIGN(header->nlmsg_len);
      if (step > length - at) break;
      at += step;
    }
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    CloseFd();
    return info.Env().Undefined();
  }

  void CloseFd() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  int fd_;
  uint32_t sequence_ = 1;
  std::vector<uint8_t> read_;
  size_t mostRead_ = 0;  // octets of it that this call has written
  std::vector<uint8_t> replies_;
  std::vector<std::pair<uint32_t, std::string>> texts_;
};

class NetlinkEvents : public Napi::ObjectWrap<NetlinkEvents> {
 public:
  static void Register(Napi::Env env, Napi::Object exports) {
    exports.Set("NetlinkEvents",
                DefineClass(env, "NetlinkEvents", {InstanceMethod<&NetlinkEvents::Close>("close")}));
  }

  // new NetlinkEvents(protocol, groups, receiveBuffer, onMessages). onMessages(messages, lost): `lost` says that the
  // kernel dropped some before these.
  explicit NetlinkEvents(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<NetlinkEvents>(info),
        context_(info.Env(), "pluto:netlink"),
        onMessages_(Napi::Persistent(info[3].As<Napi::Function>())),
        read_(kRead) {
    Napi::Env env = info.Env();
    int fd = Open(env, info[0].As<Napi::Number>(), false);
    int buffer = info[2].As<Napi::Number>();
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) < 0) Set(fd, SOL_SOCKET, SO_RCVBUF, buffer);
    Napi::Array groups = info[1].As<Napi::Array>();
    for (uint32_t i = 0; i < groups.Length(); i++) {
      int group = groups.Get(i).As<Napi::Number>();
      if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0) continue;
      int error = errno;
      close(fd);
      throw SystemError(env, "setsockopt(NETLINK_ADD_MEMBERSHIP)", error);
    }
    watch_ = std::make_unique<Watch>(env, fd, [this] { OnReady(); });
    Ref();
  }

 private:
  static constexpr int kDatagramsAtOnce = 64;

  void OnReady() {
    std::vector<uint8_t> messages;
    bool lost = false;
    for (int i = 0; i < kDatagramsAtOnce; i++) {
      sockaddr_nl from = {};
      socklen_t size = sizeof from;
      ssize_t got = recvfrom(watch_->fd(), read_.data(), read_.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0 && errno == ENOBUFS) lost = true;
      else if (got < 0) break;
      else if (from.nl_pid == 0) messages.insert(messages.end(), read_.begin(), read_.begin() + got);
    }
    if (messages.empty() && !lost) return;
    Napi::Uint8Array copy = Napi::Uint8Array::New(Env(), messages.size());
    if (!messages.empty()) memcpy(copy.Data(), messages.data(), messages.size());
    CallFromLoop(Env(), onMessages_, context_, {copy, Napi::Boolean::New(Env(), lost)});
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    if (watch_->isOpen()) {
      watch_->Close();
      Unref();
    }
    return info.Env().Undefined();
  }

  Napi::AsyncContext context_;
  Napi::FunctionReference onMessages_;
  std::vector<uint8_t> read_;
  std::unique_ptr<Watch> watch_;
};

void InitNetlink(Napi::Env env, Napi::Object exports) {
  NetlinkSocket::Register(env, exports);
  NetlinkEvents::Register(env, exports);
}

}  // namespace pluto
