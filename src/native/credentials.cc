// Who is at the other end of a UNIX socket (SO_PEERCRED): decided by the kernel when the peer connected.
#include <sys/socket.h>

#include <cerrno>

#include "addon.h"

namespace pluto {

// peerCredentials(fd): { pid, uid, gid }
static Napi::Value PeerCredentials(const Napi::CallbackInfo& info) {
  struct ucred peer = {};
  socklen_t length = sizeof peer;
  if (getsockopt(info[0].As<Napi::Number>().Int32Value(), SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
    throw SystemError(info.Env(), "getsockopt(SO_PEERCRED)", errno);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("pid", Napi::Number::New(info.Env(), peer.pid));
  result.Set("uid", Napi::Number::New(info.Env(), peer.uid));
  result.Set("gid", Napi::Number::New(info.Env(), peer.gid));
  return result;
}

void InitCredentials(Napi::Env env, Napi::Object exports) {
  exports.Set("peerCredentials", Napi::Function::New(env, PeerCredentials));
}

}  // namespace pluto
