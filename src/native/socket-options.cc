// What a data plane asks of a UDP socket that carries IKE.
#include <linux/filter.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <vector>

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

// sharePort(fd): others of this user may be bound where this socket is.
static Napi::Value SharePort(const Napi::CallbackInfo& info) {
  int on = 1;
  if (setsockopt(info[0].As<Napi::Number>().Int32Value(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
    throw SystemError(info.Env(), "setsockopt(SO_REUSEPORT)", errno);
  return info.Env().Undefined();
}

// steer(fd, isMarked, known, fresh, esp): which of the sockets of its port gets a packet, as Steering in udp.ts says. The
// program sees the UDP payload; what it returns is a socket's place in the order of their binding.
static Napi::Value Steer(const Napi::CallbackInfo& info) {
  bool isMarked = info[1].As<Napi::Boolean>();
  uint32_t known = info[2].As<Napi::Number>(), fresh = info[3].As<Napi::Number>(), esp = info[4].As<Napi::Number>();
  constexpr uint32_t kMarker = 4, kEspLeast = 8, kHeader = 28, kResponderSpi = 8, kFlags = 19, kResponse = 0x20;
  uint32_t at = isMarked ? kMarker : 0;
  std::vector<sock_filter> program;
  if (isMarked)
    program = {
        {BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},
        {BPF_JMP | BPF_JGE | BPF_K, 1, 0, kEspLeast},  // NAT keepalives (RFC 3948 §2.3) are no ESP
        {BPF_RET | BPF_K, 0, 0, fresh},
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
        {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0},
        {BPF_RET | BPF_K, 0, 0, esp},
    };
  const sock_filter ike[] = {
      {BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},
      {BPF_JMP | BPF_JGE | BPF_K, 0, 6, at + kHeader},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, at + kResponderSpi},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 0},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, at + kResponderSpi + 4},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0},
      // Answers to our own first messages, if they come with no SPI.
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, at + kFlags},
      {BPF_JMP | BPF_JSET | BPF_K, 1, 0, kResponse},
      {BPF_RET | BPF_K, 0, 0, fresh},
      {BPF_RET | BPF_K, 0, 0, known},
  };
  program.insert(program.end(), std::begin(ike), std::end(ike));
  sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  int fd = info[0].As<Napi::Number>().Int32Value();
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) < 0)
    throw SystemError(info.Env(), "setsockopt(SO_ATTACH_REUSEPORT_CBPF)", errno);
  return info.Env().Undefined();
}

void InitSocketOptions(Napi::Env env, Napi::Object exports) {
  exports.Set("encapsulateEsp", Napi::Function::New(env, EncapsulateEsp));
  exports.Set("bypassPolicies", Napi::Function::New(env, BypassPolicies));
  exports.Set("setBuffers", Napi::Function::New(env, SetBuffers));
  exports.Set("sharePort", Napi::Function::New(env, SharePort));
  exports.Set("steer", Napi::Function::New(env, Steer));
}

}  // namespace pluto
