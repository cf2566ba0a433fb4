// ECDSA signatures of peers, verified with OpenSSL as Node links it. node:crypto makes an object of each peer's key, and has
// OpenSSL multiply the point by the curve's order first, which takes as long as to verify with it: on a curve whose cofactor
// is 1, and there are no others here, a point that is on it has that order.
#include "addon.h"

// Weak, as in crypto.cc. These functions are deprecated and do what their successors do, which want a key encoded first.
#if __has_include(<openssl/ec.h>)
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/objects.h>
#pragma weak BN_bin2bn
#pragma weak BN_free
#pragma weak BN_is_one
#pragma weak ECDSA_SIG_free
#pragma weak ECDSA_SIG_new
#pragma weak ECDSA_SIG_set0
#pragma weak ECDSA_do_verify
#pragma weak EC_GROUP_free
#pragma weak EC_GROUP_get0_cofactor
#pragma weak EC_GROUP_new_by_curve_name
#pragma weak EC_KEY_free
#pragma weak EC_KEY_new
#pragma weak EC_KEY_set_group
#pragma weak EC_KEY_set_public_key
#pragma weak EC_POINT_free
#pragma weak EC_POINT_new
#pragma weak EC_POINT_oct2point
#pragma weak OBJ_sn2nid

#include <vector>

#include "openssl.h"

namespace pluto {
namespace {

struct Curve {
  Owned<EC_GROUP, EC_GROUP_free> group;
  // What a peer's point is read into, and the key that has it: used by one call after another.
  Owned<EC_POINT, EC_POINT_free> point;
  Owned<EC_KEY, EC_KEY_free> key;
};

class Ecdsa : public Napi::ObjectWrap<Ecdsa> {
 public:
  static void Register(Napi::Env env, Napi::Object exports) {
    exports.Set("Ecdsa", DefineClass(env, "Ecdsa",
                                     {
                                         InstanceMethod<&Ecdsa::Named>("curve"),
                                         InstanceMethod<&Ecdsa::IsPoint>("isPoint"),
                                         InstanceMethod<&Ecdsa::Verify>("verify"),
                                     }));
  }

  // new Ecdsa(arena): a Uint8Array of a buffer that is never transferred.
  explicit Ecdsa(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Ecdsa>(info), arena_(info[0]) {}

 private:
  // curve(name): the number to name it by, or -1 where OpenSSL has none such, or its cofactor is not 1.
  Napi::Value Named(const Napi::CallbackInfo& info) {
    Curve curve;
    int nid = OBJ_sn2nid(NameOf(info).c_str());
    if (nid != NID_undef) curve.group.reset(EC_GROUP_new_by_curve_name(nid));
    EC_GROUP* group = curve.group.get();
    if (group && BN_is_one(EC_GROUP_get0_cofactor(group))) {
      curve.point.reset(EC_POINT_new(group));
      curve.key.reset(EC_KEY_new());
    }
    if (!curve.point || !curve.key || EC_KEY_set_group(curve.key.get(), group) != 1)
      return Failed(Napi::Number::New(info.Env(), -1));
    curves_.push_back(std::move(curve));
    return Napi::Number::New(info.Env(), curves_.size() - 1);
  }

  // isPoint(curve, octets): the arena begins with a point of it, as X9.62 encodes them.
  Napi::Value IsPoint(const Napi::CallbackInfo& info) {
    Curve& curve = At(info, curves_);
    size_t octets = Octets(info, 1);
    arena_.Holds(info.Env(), {octets});
    return Answer(info.Env(), Read(curve, octets));
  }

  // verify(curve, pointOctets, digestOctets, octets): point | digest | r | s, these two of `octets` each. False also for
  // what is no point, and for numbers out of range.
  Napi::Value Verify(const Napi::CallbackInfo& info) {
    Curve& curve = At(info, curves_);
    size_t pointOctets = Octets(info, 1), digestOctets = Octets(info, 2), octets = Octets(info, 3);
    arena_.Holds(info.Env(), {pointOctets, digestOctets, octets, octets});
    const uint8_t* digest = arena_.data + pointOctets;
    const uint8_t* numbers = digest + digestOctets;
    Owned<ECDSA_SIG, ECDSA_SIG_free> signature(ECDSA_SIG_new());
    Owned<BIGNUM, BN_free> r(BN_bin2bn(numbers, static_cast<int>(octets), nullptr));
    Owned<BIGNUM, BN_free> s(BN_bin2bn(numbers + octets, static_cast<int>(octets), nullptr));
    if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return Answer(info.Env(), false);
    r.release();
    s.release();
    bool is = Read(curve, pointOctets) && EC_KEY_set_public_key(curve.key.get(), curve.point.get()) == 1 &&
              ECDSA_do_verify(digest, static_cast<int>(digestOctets), signature.get(), curve.key.get()) == 1;
    return Answer(info.Env(), is);
  }

  // Whether it is on the curve is looked at here.
  bool Read(Curve& curve, size_t octets) {
    return EC_POINT_oct2point(curve.group.get(), curve.point.get(), arena_.data, octets, nullptr) == 1;
  }

  Arena arena_;
  std::vector<Curve> curves_;
};

}  // namespace

void InitEcdsa(Napi::Env env, Napi::Object exports) {
  bool isThere = BN_bin2bn && BN_free && BN_is_one && ECDSA_SIG_free && ECDSA_SIG_new && ECDSA_SIG_set0 &&
                 ECDSA_do_verify && EC_GROUP_free && EC_GROUP_get0_cofactor && EC_GROUP_new_by_curve_name &&
                 EC_KEY_free && EC_KEY_new && EC_KEY_set_group && EC_KEY_set_public_key && EC_POINT_free &&
                 EC_POINT_new && EC_POINT_oct2point && ERR_clear_error && OBJ_sn2nid;
  if (isThere) Ecdsa::Register(env, exports);
}

}  // namespace pluto
#else
namespace pluto {
void InitEcdsa(Napi::Env, Napi::Object) {}
}  // namespace pluto
#endif
