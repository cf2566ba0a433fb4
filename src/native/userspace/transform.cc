#include "transform.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>

#include "packet.h"

namespace pluto::userspace {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

void StoreHost64(uint8_t* p, uint64_t v) {
  Store32(p, static_cast<uint32_t>(v >> 32));
  Store32(p + 4, static_cast<uint32_t>(v));
}

// AES-GCM and ChaCha20-Poly1305: a salt of four octets and an IV of eight make the nonce. The IV is the sequence
// number, which no key sees twice (RFC 4106 §3.1 asks for no more).
class Aead final : public Transform {
 public:
  static constexpr size_t kSalt = 4, kIv = 8;

  Aead(size_t icvLength, bool extended) : extended_(extended) {
    ivLength_ = kIv;
    icvLength_ = icvLength;
  }

  bool Init(const EVP_CIPHER* cipher, const std::vector<uint8_t>& key, bool isOutbound) {
    context_.reset(EVP_CIPHER_CTX_new());
    memcpy(nonce_, key.data() + key.size() - kSalt, kSalt);
    return context_ && EVP_CipherInit_ex(context_.get(), cipher, nullptr, nullptr, nullptr, isOutbound) == 1 &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_IVLEN, sizeof nonce_, nullptr) == 1 &&
           EVP_CipherInit_ex(context_.get(), nullptr, nullptr, key.data(), nullptr, isOutbound) == 1;
  }
  ~Aead() override { OPENSSL_cleanse(nonce_, sizeof nonce_); }

  bool Seal(uint8_t* esp, size_t length, uint64_t sequence) override {
    uint8_t* iv = esp + kEspHeader;
    uint8_t* text = iv + kIv;
    StoreHost64(iv, sequence);
    int written = 0;
    return Begin(esp, sequence) &&
           EVP_EncryptUpdate(context_.get(), text, &written, text, static_cast<int>(length)) == 1 &&
           EVP_EncryptFinal_ex(context_.get(), text + written, &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(icvLength_), text + length) == 1;
  }

  bool Open(uint8_t* esp, size_t length, uint64_t sequence) override {
    uint8_t* text = esp + kEspHeader + kIv;
    int written = 0;
    return Begin(esp, sequence) &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(icvLength_), text + length) ==
               1 &&
           EVP_DecryptUpdate(context_.get(), text, &written, text, static_cast<int>(length)) == 1 &&
           EVP_DecryptFinal_ex(context_.get(), text + written, &written) == 1;
  }

 private:
  // Nonce and associated data: SPI and sequence number, whose upper half stands between them (RFC 4106 §5).
  bool Begin(const uint8_t* esp, uint64_t sequence) {
    memcpy(nonce_ + kSalt, esp + kEspHeader, kIv);
    uint8_t associated[12];
    int size = 8, written = 0;
    memcpy(associated, esp, kEspHeader);
    if (extended_) {
      StoreHost64(associated + 4, sequence);
      size = 12;
    }
    return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce_, -1) == 1 &&
           EVP_CipherUpdate(context_.get(), nullptr, &written, associated, size) == 1;
  }

  CipherContext context_;
  uint8_t nonce_[kSalt + kIv] = {};
  bool extended_;
};

// Octets that nobody can predict, bought from OpenSSL by the page.
class RandomPool {
 public:
  bool Take(uint8_t* out, size_t length) {
    if (used_ + length > sizeof page_) {
      if (RAND_bytes(page_, sizeof page_) != 1) return false;
      used_ = 0;
    }
    memcpy(out, page_ + used_, length);
    used_ += length;
    return true;
  }

 private:
  uint8_t page_[1024];
  size_t used_ = sizeof page_;
};

// AES-CBC or no cipher, then HMAC over everything in front of the ICV and the upper half of an extended sequence
// number (RFC 4303 §2.8).
class CipherThenMac final : public Transform {
 public:
  explicit CipherThenMac(bool extended) : extended_(extended) {}

  bool InitCipher(const EVP_CIPHER* cipher, const std::vector<uint8_t>& key, bool isOutbound) {
    ivLength_ = alignment_ = 16;
    cipher_.reset(EVP_CIPHER_CTX_new());
    return cipher_ && EVP_CipherInit_ex(cipher_.get(), cipher, nullptr, key.data(), nullptr, isOutbound) == 1 &&
           EVP_CIPHER_CTX_set_padding(cipher_.get(), 0) == 1;
  }

  bool InitMac(const char* digest, const std::vector<uint8_t>& key, size_t icvLength) {
    icvLength_ = icvLength;
    EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    if (!hmac) return false;
    mac_.reset(EVP_MAC_CTX_new(hmac));
    EVP_MAC_free(hmac);
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", const_cast<char*>(digest), 0),
                               OSSL_PARAM_construct_end()};
    return mac_ && EVP_MAC_init(mac_.get(), key.data(), key.size(), parameters) == 1;
  }

  bool Seal(uint8_t* esp, size_t length, uint64_t sequence) override {
    uint8_t* iv = esp + kEspHeader;
    uint8_t* text = iv + ivLength_;
    if (cipher_) {
      int written = 0;
      if (!random_.Take(iv, ivLength_) || EVP_EncryptInit_ex(cipher_.get(), nullptr, nullptr, nullptr, iv) != 1 ||
          EVP_EncryptUpdate(cipher_.get(), text, &written, text, static_cast<int>(length)) != 1)
        return false;
    }
    uint8_t full[EVP_MAX_MD_SIZE];
    if (!Mac(esp, kEspHeader + ivLength_ + length, sequence, full)) return false;
    memcpy(text + length, full, icvLength_);
    return true;
  }

  bool Open(uint8_t* esp, size_t length, uint64_t sequence) override {
    uint8_t* iv = esp + kEspHeader;
    uint8_t* text = iv + ivLength_;
    uint8_t full[EVP_MAX_MD_SIZE];
    if (!Mac(esp, kEspHeader + ivLength_ + length, sequence, full)) return false;
    if (CRYPTO_memcmp(full, text + length, icvLength_) != 0) return false;
    if (!cipher_) return true;
    int written = 0;
    return EVP_DecryptInit_ex(cipher_.get(), nullptr, nullptr, nullptr, iv) == 1 &&
           EVP_DecryptUpdate(cipher_.get(), text, &written, text, static_cast<int>(length)) == 1;
  }

 private:
  bool Mac(const uint8_t* data, size_t length, uint64_t sequence, uint8_t* full) {
    uint8_t high[4];
    Store32(high, static_cast<uint32_t>(sequence >> 32));
    size_t size = 0;
    return EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 && EVP_MAC_update(mac_.get(), data, length) == 1 &&
           (!extended_ || EVP_MAC_update(mac_.get(), high, sizeof high) == 1) &&
           EVP_MAC_final(mac_.get(), full, &size, EVP_MAX_MD_SIZE) == 1;
  }

  CipherContext cipher_;
  MacContext mac_;
  RandomPool random_;
  bool extended_;
};

struct AeadRow {
  const char* name;
  size_t keyLength;  // without the salt
  const EVP_CIPHER* (*cipher)();
  bool isIcvFixed;  // 16 octets; otherwise 8, 12 or 16
};
const AeadRow kAeads[] = {
    {"rfc4106(gcm(aes))", 16, EVP_aes_128_gcm, false},
    {"rfc4106(gcm(aes))", 24, EVP_aes_192_gcm, false},
    {"rfc4106(gcm(aes))", 32, EVP_aes_256_gcm, false},
    {"rfc7539esp(chacha20,poly1305)", 32, EVP_chacha20_poly1305, true},
};

struct CipherRow {
  const char* name;
  size_t keyLength;
  const EVP_CIPHER* (*cipher)();
};
const CipherRow kCiphers[] = {
    {"cbc(aes)", 16, EVP_aes_128_cbc},
    {"cbc(aes)", 24, EVP_aes_192_cbc},
    {"cbc(aes)", 32, EVP_aes_256_cbc},
};

struct MacRow {
  const char* name;
  const char* digest;
  size_t keyLength;
  uint32_t icvBits;
};
const MacRow kMacs[] = {
    {"hmac(sha1)", "SHA1", 20, 96},
    {"hmac(sha256)", "SHA256", 32, 128},
    {"hmac(sha384)", "SHA384", 48, 192},
    {"hmac(sha512)", "SHA512", 64, 256},
};

std::string Refuse(const std::string& name, size_t keyOctets, uint32_t icvBits) {
  return "the userspace data plane has no " + name + " with a key of " + std::to_string(keyOctets * 8) +
         " bits and an ICV of " + std::to_string(icvBits);
}

std::unique_ptr<Transform> MakeAead(const Algorithms& algorithms, bool isOutbound, bool extended, std::string* why) {
  for (const AeadRow& row : kAeads) {
    uint32_t icv = algorithms.icvBits;
    bool isIcvRight = icv == 128 || (!row.isIcvFixed && (icv == 64 || icv == 96));
    if (algorithms.aead != row.name || algorithms.aeadKey.size() != row.keyLength + Aead::kSalt || !isIcvRight)
      continue;
    auto transform = std::make_unique<Aead>(icv / 8, extended);
    if (transform->Init(row.cipher(), algorithms.aeadKey, isOutbound)) return transform;
    *why = "OpenSSL refused " + algorithms.aead;
    return nullptr;
  }
  *why = Refuse(algorithms.aead, algorithms.aeadKey.size(), algorithms.icvBits);
  return nullptr;
}

}  // namespace

void Algorithms::Wipe() {
  for (auto* key : {&aeadKey, &encryptionKey, &integrityKey}) {
    if (!key->empty()) OPENSSL_cleanse(key->data(), key->size());
    key->clear();
  }
}

std::unique_ptr<Transform> Transform::Make(const Algorithms& algorithms, bool isOutbound, bool extended,
                                           std::string* why) {
  if (!algorithms.aead.empty()) return MakeAead(algorithms, isOutbound, extended, why);
  if (algorithms.integrity.empty()) {
    *why = "the userspace data plane carries nothing without an integrity check";
    return nullptr;
  }
  auto transform = std::make_unique<CipherThenMac>(extended);
  bool isNull = algorithms.encryption.empty() || algorithms.encryption == "ecb(cipher_null)";
  bool hasCipher = isNull;
  for (const CipherRow& row : kCiphers) {
    if (isNull || algorithms.encryption != row.name || algorithms.encryptionKey.size() != row.keyLength) continue;
    hasCipher = transform->InitCipher(row.cipher(), algorithms.encryptionKey, isOutbound);
  }
  if (!hasCipher) {
    *why = Refuse(algorithms.encryption, algorithms.encryptionKey.size(), algorithms.icvBits);
    return nullptr;
  }
  for (const MacRow& row : kMacs) {
    if (algorithms.integrity != row.name || algorithms.integrityKey.size() != row.keyLength ||
        algorithms.icvBits != row.icvBits)
      continue;
    if (transform->InitMac(row.digest, algorithms.integrityKey, row.icvBits / 8)) return transform;
  }
  *why = Refuse(algorithms.integrity, algorithms.integrityKey.size(), algorithms.icvBits);
  return nullptr;
}

}  // namespace pluto::userspace
