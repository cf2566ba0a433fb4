// The engine as a JavaScript class. Arguments come from src/kernel/userspace/engine.ts, which checks them; addresses
// are 4 or 16 octets, numbers plain, faults positive errnos.
#include <sys/socket.h>

#include <memory>
#include <string>

#include "../addon.h"
#include "engine.h"
#include "nfnetlink.h"

namespace pluto {
namespace {

using userspace::Action;
using userspace::Address;
using userspace::Endpoint;
using userspace::Engine;
using userspace::Event;
using userspace::Limits;
using userspace::Policy;
using userspace::Range;
using userspace::SaConfig;
using userspace::SaCounters;
using userspace::SaKey;
using userspace::Selector;

uint32_t Number(const Napi::Object& from, const char* name) {
  return from.Get(name).As<Napi::Number>().Uint32Value();
}

bool Flag(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Boolean>().Value(); }

std::string Text(const Napi::Object& from, const char* name) {
  Napi::Value value = from.Get(name);
  return value.IsUndefined() ? std::string() : value.As<Napi::String>().Utf8Value();
}

Address AddressOf(const Napi::Value& value) {
  Bytes bytes = BytesOf(value);
  Address address;
  address.family = bytes.length == 4 ? 4 : bytes.length == 16 ? 6 : 0;
  if (address.family == 0) throw Napi::RangeError::New(value.Env(), "an address has 4 or 16 octets");
  memcpy(address.octets, bytes.data, bytes.length);
  return address;
}

std::vector<uint8_t> KeyOf(const Napi::Object& from, const char* name) {
  Napi::Value value = from.Get(name);
  if (value.IsUndefined()) return {};
  Bytes bytes = BytesOf(value);
  return {bytes.data, bytes.data + bytes.length};
}

Range RangeOf(const Napi::Value& value) {
  Napi::Object from = value.As<Napi::Object>();
  Range range;
  range.start = AddressOf(from.Get("start"));
  range.end = AddressOf(from.Get("end"));
  range.protocol = static_cast<uint8_t>(Number(from, "protocol"));
  range.startPort = static_cast<uint16_t>(Number(from, "startPort"));
  range.endPort = static_cast<uint16_t>(Number(from, "endPort"));
  return range;
}

Limits LimitsOf(const Napi::Value& value) {
  Limits limits;
  if (value.IsUndefined()) return limits;
  Napi::Object from = value.As<Napi::Object>();
  auto read = [&from](const char* name) -> uint64_t {
    Napi::Value limit = from.Get(name);
    return limit.IsUndefined() ? 0 : static_cast<uint64_t>(limit.As<Napi::Number>().Int64Value());
  };
  limits.bytes = read("bytes");
  limits.packets = read("packets");
  limits.seconds = read("seconds");
  return limits;
}

SaKey SaKeyOf(const Napi::CallbackInfo& info) {
  return {info[0].As<Napi::Number>().Uint32Value(), AddressOf(info[1])};
}

Endpoint EndpointOf(const Napi::Value& address, const Napi::Value& port) {
  return {AddressOf(address), static_cast<uint16_t>(port.As<Napi::Number>().Uint32Value())};
}

Napi::Value ToBytes(Napi::Env env, const Address& address) {
  return Napi::Buffer<uint8_t>::Copy(env, address.octets, address.length());
}

}  // namespace

class UserspaceEngine : public Napi::ObjectWrap<UserspaceEngine> {
 public:
  static void Register(Napi::Env env, Napi::Object exports) {
    exports.Set("UserspaceEngine", DefineClass(env, "UserspaceEngine",
                                               {
                                                   InstanceMethod<&UserspaceEngine::AddSa>("addSa"),
                                                   InstanceMethod<&UserspaceEngine::MoveSa>("moveSa"),
                                                   InstanceMethod<&UserspaceEngine::DeleteSa>("deleteSa"),
                                                   InstanceMethod<&UserspaceEngine::Counters>("counters"),
                                                   InstanceMethod<&UserspaceEngine::PutPolicy>("putPolicy"),
                                                   InstanceMethod<&UserspaceEngine::DeletePolicy>("deletePolicy"),
                                                   InstanceMethod<&UserspaceEngine::Serve>("serve"),
                                                   InstanceMethod<&UserspaceEngine::Unserve>("unserve"),
                                                   InstanceMethod<&UserspaceEngine::Flush>("flush"),
                                                   InstanceMethod<&UserspaceEngine::Totals>("totals"),
                                                   InstanceMethod<&UserspaceEngine::Close>("close"),
                                                   InstanceAccessor<&UserspaceEngine::Warnings>("warnings"),
                                               }));
  }

  // new UserspaceEngine(tun, mark, onEvents): owns the descriptor `tun` from now on.
  explicit UserspaceEngine(const Napi::CallbackInfo& info) : Napi::ObjectWrap<UserspaceEngine>(info) {
    Napi::Env env = info.Env();
    int tun = info[0].As<Napi::Number>();
    uint32_t mark = info[1].As<Napi::Number>();
    onEvents_ = Napi::ThreadSafeFunction::New(env, info[2].As<Napi::Function>(), "pluto:userspace", 0, 1);
    // One call is under way at a time, and takes all events that are there by then.
    engine_ = std::make_unique<Engine>(tun, mark, [this] {
      if (!called_.exchange(true)) onEvents_.NonBlockingCall([this](Napi::Env e, Napi::Function f) { Deliver(e, f); });
    });
    int error = engine_->Start(&warnings_);
    if (error == 0) {
      // A process that exits without close() frees the function while the thread may still call it. Hooks run in the
      // opposite order of their coming: this one before the function's own.
      napi_add_env_cleanup_hook(env, ShutHook, this);
      isHooked_ = true;
      return;
    }
    Shut();
    throw SystemError(env, "userspace engine", error);
  }

  ~UserspaceEngine() override { Shut(); }

 private:
  void Deliver(Napi::Env env, const Napi::Function& onEvents) {
    called_ = false;
    if (!engine_) return;
    std::vector<Event> events = engine_->TakeEvents();
    if (events.empty()) return;
    Napi::Array list = Napi::Array::New(env, events.size());
    for (uint32_t i = 0; i < events.size(); i++) list[i] = ToObject(env, events[i]);
    onEvents.Call({list});
  }

  static Napi::Object ToObject(Napi::Env env, const Event& event) {
    Napi::Object object = Napi::Object::New(env);
    auto number = [env, &object](const char* name, double value) { object.Set(name, Napi::Number::New(env, value)); };
    switch (event.kind) {
      case Event::Kind::kAcquire:
        object.Set("t", "acquire");
        number("reqid", event.reqid);
        object.Set("src", ToBytes(env, event.flow.src));
        object.Set("dst", ToBytes(env, event.flow.dst));
        number("protocol", event.flow.protocol);
        object.Set("hasPorts", Napi::Boolean::New(env, event.flow.hasPorts));
        number("srcPort", event.flow.srcPort);
        number("dstPort", event.flow.dstPort);
        return object;
      case Event::Kind::kExpire:
        object.Set("t", "expire");
        object.Set("hard", Napi::Boolean::New(env, event.isHard));
        break;
      case Event::Kind::kMapping:
        object.Set("t", "mapping");
        object.Set("from", ToBytes(env, event.from.address));
        number("fromPort", event.from.port);
        break;
    }
    number("spi", event.key.spi);
    object.Set("dst", ToBytes(env, event.key.dst));
    return object;
  }

  // addSa(sa): undefined, or [errno, why].
  Napi::Value AddSa(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    Napi::Object from = info[0].As<Napi::Object>();
    SaConfig sa;
    sa.key = {Number(from, "spi"), AddressOf(from.Get("dst"))};
    sa.src = AddressOf(from.Get("src"));
    sa.isOutbound = Flag(from, "isOutbound");
    sa.isTransport = Flag(from, "isTransport");
    sa.extended = Flag(from, "esn");
    sa.encapsulates = Flag(from, "encapsulates");
    sa.srcPort = static_cast<uint16_t>(Number(from, "srcPort"));
    sa.dstPort = static_cast<uint16_t>(Number(from, "dstPort"));
    sa.reqid = Number(from, "reqid");
    sa.replayWindow = Number(from, "replayWindow");
    sa.soft = LimitsOf(from.Get("soft"));
    sa.hard = LimitsOf(from.Get("hard"));
    Napi::Array selectors = from.Get("selectors").As<Napi::Array>();
    for (uint32_t i = 0; i < selectors.Length(); i++) {
      Napi::Object pair = selectors.Get(i).As<Napi::Object>();
      sa.selectors.push_back({RangeOf(pair.Get("src")), RangeOf(pair.Get("dst"))});
    }
    sa.algorithms.aead = Text(from, "aead");
    sa.algorithms.aeadKey = KeyOf(from, "aeadKey");
    sa.algorithms.encryption = Text(from, "encryption");
    sa.algorithms.encryptionKey = KeyOf(from, "encryptionKey");
    sa.algorithms.integrity = Text(from, "integrity");
    sa.algorithms.integrityKey = KeyOf(from, "integrityKey");
    sa.algorithms.icvBits = Number(from, "icvBits");
    std::string why;
    int error = OpenEngine(env).AddSa(std::move(sa), &why);
    if (error == 0) return env.Undefined();
    Napi::Array fault = Napi::Array::New(env, 2);
    fault[0u] = Napi::Number::New(env, error);
    fault[1u] = Napi::String::New(env, why);
    return fault;
  }

  // moveSa(spi, dst, newSrc, newDst, encapsulates, srcPort, dstPort): errno.
  Napi::Value MoveSa(const Napi::CallbackInfo& info) {
    Engine& engine = OpenEngine(info.Env());
    auto port = [&info](size_t at) { return static_cast<uint16_t>(info[at].As<Napi::Number>().Uint32Value()); };
    return Napi::Number::New(info.Env(), engine.MoveSa(SaKeyOf(info), AddressOf(info[2]), AddressOf(info[3]),
                                                       info[4].As<Napi::Boolean>(), port(5), port(6)));
  }

  // deleteSa(spi, dst): errno.
  Napi::Value DeleteSa(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), OpenEngine(info.Env()).DeleteSa(SaKeyOf(info)));
  }

  // counters(spi, dst): [bytes, packets, replayed, unauthentic, addedAt, usedAt], or errno.
  Napi::Value Counters(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    SaCounters counters;
    int error = OpenEngine(env).Counters(SaKeyOf(info), &counters);
    if (error != 0) return Napi::Number::New(env, error);
    Napi::Array row = Napi::Array::New(env, 6);
    row[0u] = static_cast<double>(counters.bytes);
    row[1u] = static_cast<double>(counters.packets);
    row[2u] = static_cast<double>(counters.replayed);
    row[3u] = static_cast<double>(counters.unauthentic);
    row[4u] = static_cast<double>(counters.addedAt);
    row[5u] = static_cast<double>(counters.usedAt);
    return row;
  }

  // putPolicy(id, action, priority, reqid, src, dst), the last two ranges.
  Napi::Value PutPolicy(const Napi::CallbackInfo& info) {
    Policy policy;
    policy.id = info[0].As<Napi::Number>().Uint32Value();
    std::string action = info[1].As<Napi::String>();
    policy.action = action == "protect" ? Action::kProtect : action == "pass" ? Action::kPass : Action::kDrop;
    policy.priority = info[2].As<Napi::Number>().Uint32Value();
    policy.reqid = info[3].As<Napi::Number>().Uint32Value();
    policy.src = RangeOf(info[4]);
    policy.dst = RangeOf(info[5]);
    OpenEngine(info.Env()).PutPolicy(std::move(policy));
    return info.Env().Undefined();
  }

  // deletePolicy(id): errno.
  Napi::Value DeletePolicy(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), OpenEngine(info.Env()).DeletePolicy(info[0].As<Napi::Number>().Uint32Value()));
  }

  // serve(fd, address, port, encapsulates): errno.
  Napi::Value Serve(const Napi::CallbackInfo& info) {
    int ike = info[0].As<Napi::Number>();
    return Napi::Number::New(info.Env(), OpenEngine(info.Env()).Serve(ike, EndpointOf(info[1], info[2]),
                                                                      info[3].As<Napi::Boolean>()));
  }

  Napi::Value Unserve(const Napi::CallbackInfo& info) {
    OpenEngine(info.Env()).Unserve(EndpointOf(info[0], info[1]));
    return info.Env().Undefined();
  }

  Napi::Value Flush(const Napi::CallbackInfo& info) {
    OpenEngine(info.Env()).Flush();
    return info.Env().Undefined();
  }

  // totals(): packets that no SA counts, by what became of them.
  Napi::Value Totals(const Napi::CallbackInfo& info) {
    userspace::EngineCounters totals = OpenEngine(info.Env()).Totals();
    Napi::Object row = Napi::Object::New(info.Env());
    auto set = [&row](const char* name, uint64_t value) { row.Set(name, static_cast<double>(value)); };
    set("noSa", totals.noSa);
    set("malformed", totals.malformed);
    set("notSelected", totals.notSelected);
    set("held", totals.held);
    set("overheld", totals.overheld);
    set("dropped", totals.dropped);
    set("noSocket", totals.noSocket);
    set("passed", totals.passed);
    set("unsent", totals.unsent);
    set("unheard", totals.unheard);
    return row;
  }

  Napi::Value Warnings(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), warnings_); }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    Shut();
    return info.Env().Undefined();
  }

  // Whoever calls after close() gets an exception, not a crash.
  Engine& OpenEngine(Napi::Env env) {
    if (!engine_) throw Napi::Error::New(env, "the userspace engine is closed");
    return *engine_;
  }

  static void ShutHook(void* self) {
    auto* engine = static_cast<UserspaceEngine*>(self);
    engine->isHooked_ = false;
    engine->Shut();
  }

  void Shut() {
    if (!engine_) return;
    if (isHooked_) napi_remove_env_cleanup_hook(Env(), ShutHook, this);
    isHooked_ = false;
    engine_.reset();  // joins its thread: no more calls after this
    onEvents_.Abort();
  }

  std::unique_ptr<Engine> engine_;
  Napi::ThreadSafeFunction onEvents_;
  std::atomic<bool> called_{false};
  bool isHooked_ = false;
  std::string warnings_;
};

// nfnetlinkBatch(messages): errno, or the handles of new rules that were to be echoed.
static Napi::Value NfnetlinkBatch(const Napi::CallbackInfo& info) {
  Bytes messages = BytesOf(info[0]);
  std::vector<uint64_t> handles;
  int error = userspace::NfnetlinkBatch(messages.data, messages.length, &handles);
  if (error != 0) return Napi::Number::New(info.Env(), error);
  Napi::Array list = Napi::Array::New(info.Env(), handles.size());
  for (uint32_t i = 0; i < handles.size(); i++)
    list[i] = Napi::Number::New(info.Env(), static_cast<double>(handles[i]));
  return list;
}

void InitUserspace(Napi::Env env, Napi::Object exports) {
  UserspaceEngine::Register(env, exports);
  exports.Set("nfnetlinkBatch", Napi::Function::New(env, NfnetlinkBatch));
}

}  // namespace pluto
