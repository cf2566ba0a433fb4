// The addon's parts, and the few things they share: system errors as exceptions, and a file descriptor watched on
// Node's loop. Nothing here decides anything; src/native/index.ts is the one typed way in.
#pragma once

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <functional>

namespace pluto {

void InitCredentials(Napi::Env env, Napi::Object exports);
void InitCrypt(Napi::Env env, Napi::Object exports);
void InitCrypto(Napi::Env env, Napi::Object exports);
void InitEcdsa(Napi::Env env, Napi::Object exports);
void InitNetlink(Napi::Env env, Napi::Object exports);
void InitSocketOptions(Napi::Env env, Napi::Object exports);
void InitTun(Napi::Env env, Napi::Object exports);
void InitUdp(Napi::Env env, Napi::Object exports);
// Weak: the addon links without the userspace data plane.
__attribute__((weak)) void InitUserspace(Napi::Env env, Napi::Object exports);

// An Error with `errno` (positive) and `syscall`, which index.ts turns into a fault.
Napi::Error SystemError(Napi::Env env, const char* call, int error);

// A view of a JS Uint8Array; valid while the caller's arguments are.
struct Bytes {
  uint8_t* data;
  size_t length;
};
Bytes BytesOf(const Napi::Value& value);

// Watches a descriptor on Node's loop and owns it: both end with Close. Readiness is level-triggered, so a callback
// may leave work for its next call.
class Watch {
 public:
  Watch(Napi::Env env, int fd, std::function<void()> onReady);
  ~Watch() { Close(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  int fd() const { return fd_; }
  bool isOpen() const { return fd_ >= 0; }
  // Between the two nobody is told of anything; what is ready then is told of afterwards.
  void Pause();
  void Resume();
  void Close();

 private:
  struct Handle;
  Handle* handle_;
  int fd_;
};

// Calls into JS from the loop: a throw there becomes an uncaughtException, as one in a timer would.
void CallFromLoop(Napi::Env env, const Napi::FunctionReference& callback, const Napi::AsyncContext& context,
                  const std::initializer_list<napi_value>& arguments);

}  // namespace pluto
