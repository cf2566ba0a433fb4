// What a data plane asks of a UDP socket that carries IKE.
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "addon.h"

#ifndef IP_XFRM_POLICY
#define IP_XFRM_POLICY 17
#endif
#ifndef IPV6_XFRM_POLICY
#define IPV6_XFRM_POLICY 35
#endif

namespace pluto {

// encapsulateEsp(fd): the kernel takes ESP out of UDP on this socket and leaves us the rest (RFC 3948 §2).
static Napi::Value EncapsulateEsp(const Napi::CallbackInfo& info) {
  int how = UDP_ENCAP_ESPINUDP;
  if (setsockopt(info[0].As<Napi::Number>().Int32Value(), IPPROTO_UDP, UDP_ENCAP, &how, sizeof how) < 0)
    throw SystemError(info.Env(), "setsockopt(UDP_ENCAP)", errno);
  return info.Env().Undefined();
}

// bypassPolicies(fd, family): no policy of the machine applies to this socket, so that IKE passes in the clear
// where a tunnel to the peer itself says `protect` (RFC 4301 §4.4.1).
static Napi::Value BypassPolicies(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>().Int32Value();
  bool v4 = info[1].As<Napi::Number>().Int32Value() == 4;
  struct xfrm_userpolicy_info policy = {};
  policy.action = XFRM_POLICY_ALLOW;
  policy.sel.family = v4 ? AF_INET : AF_INET6;
  for (auto direction : {XFRM_POLICY_IN, XFRM_POLICY_OUT}) {
    policy.dir = direction;
    int status = v4 ? setsockopt(fd, IPPROTO_IP, IP_XFRM_POLICY, &policy, sizeof policy)
                    : setsockopt(fd, IPPROTO_IPV6, IPV6_XFRM_POLICY, &policy, sizeof policy);
    if (status < 0) throw SystemError(info.Env(), "setsockopt(IP_XFRM_POLICY)", errno);
  }
  return info.Env().Undefined();
}

// setBuffers(fd, octets): both buffers of the socket. FORCE passes rmem_max and needs CAP_NET_ADMIN; without it the
// kernel gives what it may.
static Napi::Value SetBuffers(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>().Int32Value(), octets = info[1].As<Napi::Number>().Int32Value();
  for (auto [forced, polite] : {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, std::pair{SO_SNDBUFFORCE, SO_SNDBUF}}) {
    if (setsockopt(fd, SOL_SOCKET, forced, &octets, sizeof octets) == 0) continue;
    if (setsockopt(fd, SOL_SOCKET, polite, &octets, sizeof octets) < 0)
      throw SystemError(info.Env(), "setsockopt(SO_RCVBUF)", errno);
  }
  return info.Env().Undefined();
}

void InitSocketOptions(Napi::Env env, Napi::Object exports) {
  exports.Set("encapsulateEsp", Napi::Function::New(env, EncapsulateEsp));
  exports.Set("bypassPolicies", Napi::Function::New(env, BypassPolicies));
  exports.Set("setBuffers", Napi::Function::New(env, SetBuffers));
}

}  // namespace pluto
