// The cryptography of one SA in one direction: AEADs (RFC 4106, RFC 7634), and a cipher with a separate integrity
// check (RFC 3602, RFC 2404, RFC 4868), by OpenSSL. Contexts are made once; a packet allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pluto::userspace {

// Names are the Linux crypto API's. Empty: none. `key` of an AEAD ends with its salt.
struct Algorithms {
  std::string aead, encryption, integrity;
  std::vector<uint8_t> aeadKey, encryptionKey, integrityKey;
  uint32_t icvBits = 0;

  Algorithms() = default;
  Algorithms(Algorithms&&) = default;
  Algorithms& operator=(Algorithms&&) = delete;  // would free keys that nobody has wiped
  ~Algorithms() { Wipe(); }
  void Wipe();
};

// ESP is: SPI (4), sequence number (4), IV, text, ICV.
constexpr size_t kEspHeader = 8;
constexpr size_t kLargestIv = 16;
constexpr size_t kLargestIcv = 32;

class Transform {
 public:
  virtual ~Transform() = default;

  // Null if the machine has no such algorithm or the key does not fit it; `why` says which.
  static std::unique_ptr<Transform> Make(const Algorithms& algorithms, bool isOutbound, bool extended,
                                         std::string* why);

  // Encrypts the `length` octets of text behind the header and the IV's room; writes IV and ICV. The header is
  // already there. `sequence` is the whole number, of which the header carries the lower half.
  virtual bool Seal(uint8_t* esp, size_t length, uint64_t sequence) = 0;
  // Checks the ICV and decrypts `length` octets of text in place. False: not authentic.
  virtual bool Open(uint8_t* esp, size_t length, uint64_t sequence) = 0;

  size_t ivLength() const { return ivLength_; }
  size_t icvLength() const { return icvLength_; }
  // The text's length is a multiple of this (RFC 4303 §2.4).
  size_t alignment() const { return alignment_; }

 protected:
  size_t ivLength_ = 0, icvLength_ = 0, alignment_ = 4;
};

}  // namespace pluto::userspace
