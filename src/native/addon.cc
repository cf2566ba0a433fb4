#include "addon.h"

#include <unistd.h>

#include <cstring>

namespace pluto {

Napi::Error SystemError(Napi::Env env, const char* call, int error) {
  Napi::Error e = Napi::Error::New(env, std::string(call) + ": " + strerror(error));
  e.Set("errno", Napi::Number::New(env, error));
  e.Set("syscall", Napi::String::New(env, call));
  return e;
}

Bytes BytesOf(const Napi::Value& value) {
  if (!value.IsTypedArray()) throw Napi::TypeError::New(value.Env(), "a typed array is needed");
  Napi::TypedArray array = value.As<Napi::TypedArray>();
  auto* base = static_cast<uint8_t*>(array.ArrayBuffer().Data());
  return {base + array.ByteOffset(), array.ByteLength()};
}

// Outlives its Watch by the turns of the loop that uv_close takes.
struct Watch::Handle {
  uv_poll_t poll;
  std::function<void()> onReady;
  napi_env env;

  static void Start(Handle* handle) {
    uv_poll_start(&handle->poll, UV_READABLE | UV_PRIORITIZED, [](uv_poll_t* poll, int status, int) {
      auto* self = static_cast<Handle*>(poll->data);
      // libuv takes EPOLLERR for a bad descriptor and stops; on our sockets it means that the error queue has
      // something. The callback reads it, and we go on.
      if (status < 0) Start(self);
      Napi::HandleScope scope(self->env);
      try {
        self->onReady();
      } catch (const Napi::Error& e) {
        // Nothing but C is above us.
        napi_fatal_exception(self->env, e.Value());
      }
    });
  }
};

Watch::Watch(Napi::Env env, int fd, std::function<void()> onReady) : handle_(nullptr), fd_(fd) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  auto* handle = new Handle{{}, std::move(onReady), env};
  int status = uv_poll_init(loop, &handle->poll, fd);
  if (status < 0) {
    delete handle;
    close(fd);
    fd_ = -1;
    throw SystemError(env, "uv_poll_init", -status);
  }
  handle->poll.data = handle;
  handle_ = handle;
  Handle::Start(handle);
}

void Watch::Pause() {
  if (fd_ >= 0) uv_poll_stop(&handle_->poll);
}

void Watch::Resume() {
  if (fd_ >= 0) Handle::Start(handle_);
}

void Watch::Close() {
  if (fd_ < 0) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->poll),
           [](uv_handle_t* handle) { delete static_cast<Handle*>(handle->data); });
  close(fd_);
  fd_ = -1;
}

void CallFromLoop(Napi::Env env, const Napi::FunctionReference& callback, const Napi::AsyncContext& context,
                  const std::initializer_list<napi_value>& arguments) {
  try {
    callback.MakeCallback(env.Global(), arguments, context);
  } catch (const Napi::Error& e) {
    napi_fatal_exception(env, e.Value());
  }
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  InitCredentials(env, exports);
  InitCrypt(env, exports);
  InitCrypto(env, exports);
  InitEcdsa(env, exports);
  InitNetlink(env, exports);
  InitSocketOptions(env, exports);
  InitTun(env, exports);
  InitUdp(env, exports);
  if (InitUserspace) InitUserspace(env, exports);
  return exports;
}

NODE_API_MODULE(pluto_native, Init)

}  // namespace pluto
