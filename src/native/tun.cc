// TUN devices: IP packets to and from a descriptor, without the protocol header in front (IFF_NO_PI).
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "addon.h"

namespace pluto {

// openTun(name, vnetHeader, offloads): { fd, name, ifindex }. `name` may hold a %d. `offloads` are TUN_F_* bits.
static Napi::Value OpenTun(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string name = info[0].As<Napi::String>();
  bool vnetHeader = info[1].As<Napi::Boolean>();
  unsigned offloads = info[2].As<Napi::Number>().Uint32Value();
  struct ifreq request = {};
  if (name.size() >= sizeof request.ifr_name) throw SystemError(env, "openTun", ENAMETOOLONG);
  memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = IFF_TUN | IFF_NO_PI | (vnetHeader ? IFF_VNET_HDR : 0);

  int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw SystemError(env, "open(/dev/net/tun)", errno);
  const char* failed = nullptr;
  if (ioctl(fd, TUNSETIFF, &request) < 0) failed = "ioctl(TUNSETIFF)";
  else if (offloads != 0 && ioctl(fd, TUNSETOFFLOAD, static_cast<unsigned long>(offloads)) < 0)
    failed = "ioctl(TUNSETOFFLOAD)";
  if (failed) {
    int error = errno;
    close(fd);
    throw SystemError(env, failed, error);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("fd", Napi::Number::New(env, fd));
  result.Set("name", Napi::String::New(env, request.ifr_name));
  result.Set("ifindex", Napi::Number::New(env, if_nametoindex(request.ifr_name)));
  return result;
}

void InitTun(Napi::Env env, Napi::Object exports) { exports.Set("openTun", Napi::Function::New(env, OpenTun)); }

}  // namespace pluto
