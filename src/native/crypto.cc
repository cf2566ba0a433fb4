// OpenSSL as Node links it, for the few operations that every handshake is made of: hashes, HMAC, prf+, ciphers, X25519 and
// X448. node:crypto makes several objects for each of them, and copies what they hold; here inputs and outputs stand in one
// arena that is shared with JS (crypto.ts), and a call makes nothing.
#include "addon.h"

// Weak, so that the addon also loads where the process does not offer OpenSSL's symbols: then there is no Crypto.
#if __has_include(<openssl/evp.h>)
#include <openssl/crypto.h>
#include <openssl/evp.h>
#pragma weak EVP_CIPHER_CTX_ctrl
#pragma weak EVP_CIPHER_CTX_free
#pragma weak EVP_CIPHER_CTX_new
#pragma weak EVP_CIPHER_CTX_reset
#pragma weak EVP_CIPHER_CTX_set_padding
#pragma weak EVP_CIPHER_fetch
#pragma weak EVP_CIPHER_free
#pragma weak EVP_CIPHER_get_flags
#pragma weak EVP_CIPHER_get_iv_length
#pragma weak EVP_CIPHER_get_key_length
#pragma weak EVP_CIPHER_get_mode
#pragma weak EVP_CipherFinal_ex
#pragma weak EVP_CipherInit_ex2
#pragma weak EVP_CipherUpdate
#pragma weak EVP_DigestFinal_ex
#pragma weak EVP_DigestInit_ex2
#pragma weak EVP_DigestUpdate
#pragma weak EVP_MD_CTX_free
#pragma weak EVP_MD_CTX_new
#pragma weak EVP_MD_CTX_reset
#pragma weak EVP_MD_fetch
#pragma weak EVP_MD_free
#pragma weak EVP_MD_get_block_size
#pragma weak EVP_MD_get_size
#pragma weak EVP_PKEY_CTX_free
#pragma weak EVP_PKEY_CTX_new_from_name
#pragma weak EVP_PKEY_CTX_new_from_pkey
#pragma weak EVP_PKEY_derive
#pragma weak EVP_PKEY_derive_init
#pragma weak EVP_PKEY_derive_set_peer
#pragma weak EVP_PKEY_free
#pragma weak EVP_PKEY_generate
#pragma weak EVP_PKEY_get_raw_public_key
#pragma weak EVP_PKEY_keygen_init
#pragma weak EVP_PKEY_new_raw_public_key_ex
#pragma weak OPENSSL_cleanse

#include <vector>

#include "openssl.h"

namespace pluto {
namespace {

constexpr size_t kLargestBlock = 144;  // of any hash: SHA3-224's

class Crypto : public Napi::ObjectWrap<Crypto> {
 public:
  static void Register(Napi::Env env, Napi::Object exports) {
    exports.Set("Crypto", DefineClass(env, "Crypto",
                                      {
                                          InstanceMethod<&Crypto::Hash>("hash"),
                                          InstanceMethod<&Crypto::Cipher>("cipher"),
                                          InstanceMethod<&Crypto::Curve>("curve"),
                                          InstanceMethod<&Crypto::Digest>("digest"),
                                          InstanceMethod<&Crypto::Hmac>("hmac"),
                                          InstanceMethod<&Crypto::PrfPlus>("prfPlus"),
                                          InstanceMethod<&Crypto::Encrypt>("encrypt"),
                                          InstanceMethod<&Crypto::Decrypt>("decrypt"),
                                          InstanceMethod<&Crypto::Meet>("meet"),
                                      }));
  }

  // new Crypto(arena): a Uint8Array of a buffer that is never transferred.
  explicit Crypto(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Crypto>(info),
        arena_(info[0]),
        hashing_(EVP_MD_CTX_new()),
        ciphering_(EVP_CIPHER_CTX_new()) {
    if (!hashing_ || !ciphering_) throw Napi::Error::New(info.Env(), "OpenSSL has no memory");
  }

 private:
  // hash(name), cipher(name), curve(name): the number to name it by, or -1 where OpenSSL has none such. Of ciphers, CCM is
  // left out, which wants to know all lengths before.
  Napi::Value Hash(const Napi::CallbackInfo& info) {
    return Listed(info, hashes_, EVP_MD_fetch(nullptr, NameOf(info).c_str(), nullptr));
  }

  Napi::Value Cipher(const Napi::CallbackInfo& info) {
    Owned<EVP_CIPHER, EVP_CIPHER_free> found(EVP_CIPHER_fetch(nullptr, NameOf(info).c_str(), nullptr));
    if (found && EVP_CIPHER_get_mode(found.get()) == EVP_CIPH_CCM_MODE) found.reset();
    return Listed(info, ciphers_, found.release());
  }

  Napi::Value Curve(const Napi::CallbackInfo& info) {
    std::string name = NameOf(info);
    Generator generator(EVP_PKEY_CTX_new_from_name(nullptr, name.c_str(), nullptr));
    if (generator && EVP_PKEY_keygen_init(generator.get()) <= 0) generator.reset();
    if (generator) curveNames_.push_back(name);
    return Listed(info, curves_, generator.release());
  }

  // digest(hash, octets): `octets` at the arena's beginning become their hash; returns its length, 0 if OpenSSL fails.
  Napi::Value Digest(const Napi::CallbackInfo& info) {
    const EVP_MD* md = At(info, hashes_).get();
    size_t octets = Octets(info, 1);
    arena_.Holds(info.Env(), {octets, static_cast<size_t>(EVP_MD_get_size(md))});
    size_t length = Hashed(md, {{arena_.data, octets}}, arena_.data) ? EVP_MD_get_size(md) : 0;
    EVP_MD_CTX_reset(hashing_.get());
    return Length(info.Env(), length);
  }

  // hmac(hash, keyOctets, octets): key | data, of which the HMAC takes the place; returns its length, 0 if OpenSSL fails.
  Napi::Value Hmac(const Napi::CallbackInfo& info) {
    const EVP_MD* md = At(info, hashes_).get();
    size_t keyOctets = Octets(info, 1), octets = Octets(info, 2);
    arena_.Holds(info.Env(), {keyOctets, octets, static_cast<size_t>(EVP_MD_get_size(md))});
    Pads pads(*this, md, {arena_.data, keyOctets});
    bool ok = pads.Mac({{arena_.data + keyOctets, octets}}, arena_.data);
    return Length(info.Env(), ok ? EVP_MD_get_size(md) : 0);
  }

  // prfPlus(hash, keyOctets, seedOctets, octets): key | seed, behind which come `octets` of prf+, RFC 7296 §2.13.
  Napi::Value PrfPlus(const Napi::CallbackInfo& info) {
    const EVP_MD* md = At(info, hashes_).get();
    size_t keyOctets = Octets(info, 1), seedOctets = Octets(info, 2), octets = Octets(info, 3);
    size_t size = EVP_MD_get_size(md);
    size_t blocks = (octets + size - 1) / size;
    if (blocks > 255) throw Napi::RangeError::New(info.Env(), "prf+ cannot make so much");
    arena_.Holds(info.Env(), {keyOctets, seedOctets, blocks * size});
    Pads pads(*this, md, {arena_.data, keyOctets});
    Bytes seed = {arena_.data + keyOctets, seedOctets};
    uint8_t* t = seed.data + seed.length;
    bool ok = true;
    for (size_t n = 1; ok && n <= blocks; n++, t += size) {
      uint8_t counter = static_cast<uint8_t>(n);
      ok = pads.Mac({{t - size, n == 1 ? 0 : size}, seed, {&counter, 1}}, t);
    }
    return Answer(info.Env(), ok);
  }

  // encrypt(cipher, keyOctets, nonceOctets, aadOctets, gapOctets, octets, tagOctets): key | nonce | aad | gap | text, which is
  // encrypted where it stands, without padding; an AEAD's tag comes behind it. decrypt undoes it. False: octets that are not authentic,
  // which are not to be read then. Lengths that the cipher does not have are thrown at.
  Napi::Value Encrypt(const Napi::CallbackInfo& info) { return Ciphered(info, true); }
  Napi::Value Decrypt(const Napi::CallbackInfo& info) { return Ciphered(info, false); }

  // meet(curve, octets): the peer's public value becomes ours, of a fresh pair, and the shared secret, each of `octets`; the
  // private part is gone. False: no public value of that curve, or one of small order.
  Napi::Value Meet(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    EVP_PKEY_CTX* generator = At(info, curves_).get();
    const char* name = curveNames_[Octets(info, 0)].c_str();
    size_t octets = Octets(info, 1);
    arena_.Holds(env, {octets, octets});
    using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
    Key theirs(EVP_PKEY_new_raw_public_key_ex(nullptr, name, nullptr, arena_.data, octets));
    if (!theirs) return Answer(env, false);
    EVP_PKEY* made = nullptr;
    if (EVP_PKEY_generate(generator, &made) <= 0) return Answer(env, false);
    Key mine(made);
    Generator deriving(EVP_PKEY_CTX_new_from_pkey(nullptr, mine.get(), nullptr));
    size_t publicOctets = octets, sharedOctets = octets;
    bool ok = deriving && EVP_PKEY_derive_init(deriving.get()) > 0 &&
              EVP_PKEY_derive_set_peer(deriving.get(), theirs.get()) > 0 &&
              EVP_PKEY_derive(deriving.get(), arena_.data + octets, &sharedOctets) > 0 &&
              EVP_PKEY_get_raw_public_key(mine.get(), arena_.data, &publicOctets) > 0;
    return Answer(env, ok && publicOctets == octets && sharedOctets == octets);
  }

  Napi::Value Ciphered(const Napi::CallbackInfo& info, bool encrypting) {
    const EVP_CIPHER* cipher = At(info, ciphers_).get();
    size_t keyOctets = Octets(info, 1), nonceOctets = Octets(info, 2), aadOctets = Octets(info, 3);
    size_t gapOctets = Octets(info, 4), octets = Octets(info, 5), tagOctets = Octets(info, 6);
    arena_.Holds(info.Env(), {keyOctets, nonceOctets, aadOctets, gapOctets, octets, tagOctets});
    uint8_t* nonce = arena_.data + keyOctets;
    uint8_t* aad = nonce + nonceOctets;
    uint8_t* text = aad + aadOctets + gapOctets;
    bool isAead = (EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER) != 0;
    bool fits = keyOctets == static_cast<size_t>(EVP_CIPHER_get_key_length(cipher)) &&
                nonceOctets == static_cast<size_t>(EVP_CIPHER_get_iv_length(cipher)) && isAead == (tagOctets > 0);
    if (!fits) throw Napi::RangeError::New(info.Env(), "lengths that the cipher does not have");
    EVP_CIPHER_CTX* c = ciphering_.get();
    int tag = static_cast<int>(tagOctets), done = 0, rest = 0;
    bool ok = EVP_CipherInit_ex2(c, cipher, arena_.data, nonce, encrypting, nullptr) > 0 &&
              (isAead || EVP_CIPHER_CTX_set_padding(c, 0) > 0) &&
              (!isAead || encrypting || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag, text + octets) > 0) &&
              (!isAead || EVP_CipherUpdate(c, nullptr, &done, aad, static_cast<int>(aadOctets)) > 0) &&
              EVP_CipherUpdate(c, text, &done, text, static_cast<int>(octets)) > 0 &&
              EVP_CipherFinal_ex(c, text + done, &rest) > 0 && static_cast<size_t>(done) + rest == octets &&
              (!isAead || !encrypting || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag, text + octets) > 0);
    EVP_CIPHER_CTX_reset(c);
    return Answer(info.Env(), ok);
  }

  // RFC 2104: a key, shaped to the two pads, and messages under it.
  class Pads {
   public:
    Pads(Crypto& in, const EVP_MD* md, Bytes key) : in_(in), md_(md), block_(EVP_MD_get_block_size(md)) {
      uint8_t short_[EVP_MAX_MD_SIZE];
      ok_ = block_ <= kLargestBlock;
      if (ok_ && key.length > block_) {
        ok_ = in.Hashed(md, {key}, short_);
        key = {short_, static_cast<size_t>(EVP_MD_get_size(md))};
      }
      for (size_t i = 0; ok_ && i < block_; i++) {
        uint8_t octet = i < key.length ? key.data[i] : 0;
        inner_[i] = octet ^ 0x36;
        outer_[i] = octet ^ 0x5c;
      }
      OPENSSL_cleanse(short_, sizeof short_);
    }
    ~Pads() {
      OPENSSL_cleanse(inner_, sizeof inner_);
      OPENSSL_cleanse(outer_, sizeof outer_);
      EVP_MD_CTX_reset(in_.hashing_.get());
    }
    Pads(const Pads&) = delete;
    Pads& operator=(const Pads&) = delete;

    // `out` may be where the pieces are.
    bool Mac(std::initializer_list<Bytes> pieces, uint8_t* out) {
      EVP_MD_CTX* c = in_.hashing_.get();
      uint8_t hashed[EVP_MAX_MD_SIZE];
      ok_ = ok_ && EVP_DigestInit_ex2(c, md_, nullptr) > 0 && EVP_DigestUpdate(c, inner_, block_) > 0;
      for (const Bytes& piece : pieces) ok_ = ok_ && EVP_DigestUpdate(c, piece.data, piece.length) > 0;
      ok_ = ok_ && EVP_DigestFinal_ex(c, hashed, nullptr) > 0 &&
            in_.Hashed(md_, {{outer_, block_}, {hashed, static_cast<size_t>(EVP_MD_get_size(md_))}}, out);
      OPENSSL_cleanse(hashed, sizeof hashed);
      return ok_;
    }

   private:
    Crypto& in_;
    const EVP_MD* md_;
    size_t block_;
    bool ok_;
    uint8_t inner_[kLargestBlock], outer_[kLargestBlock];
  };

  bool Hashed(const EVP_MD* md, std::initializer_list<Bytes> pieces, uint8_t* out) {
    EVP_MD_CTX* c = hashing_.get();
    bool ok = EVP_DigestInit_ex2(c, md, nullptr) > 0;
    for (const Bytes& piece : pieces) ok = ok && EVP_DigestUpdate(c, piece.data, piece.length) > 0;
    return ok && EVP_DigestFinal_ex(c, out, nullptr) > 0;
  }

  static Napi::Value Length(Napi::Env env, size_t octets) {
    return octets > 0 ? Napi::Number::New(env, octets) : Failed(Napi::Number::New(env, 0));
  }

  template <typename List>
  static Napi::Value Listed(const Napi::CallbackInfo& info, List& list, typename List::value_type::pointer found) {
    if (!found) return Failed(Napi::Number::New(info.Env(), -1));
    list.emplace_back(found);
    return Napi::Number::New(info.Env(), list.size() - 1);
  }

  using Generator = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

  Arena arena_;
  Owned<EVP_MD_CTX, EVP_MD_CTX_free> hashing_;
  Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> ciphering_;
  std::vector<Owned<EVP_MD, EVP_MD_free>> hashes_;
  std::vector<Owned<EVP_CIPHER, EVP_CIPHER_free>> ciphers_;
  std::vector<Generator> curves_;
  std::vector<std::string> curveNames_;
};

}  // namespace

void InitCrypto(Napi::Env env, Napi::Object exports) {
  // All came with OpenSSL 3.0, the last of them included.
  if (EVP_MD_fetch && EVP_CIPHER_fetch && EVP_CipherInit_ex2 && EVP_PKEY_generate && EVP_PKEY_new_raw_public_key_ex &&
      ERR_clear_error)
    Crypto::Register(env, exports);
}

}  // namespace pluto
#else
namespace pluto {
void InitCrypto(Napi::Env, Napi::Object) {}
}  // namespace pluto
#endif
