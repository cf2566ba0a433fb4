// What crypto.cc and ecdsa.cc have in common: OpenSSL as Node links it, and an arena that is shared with JS. Only to be
// included where there is <openssl/err.h>.
#pragma once

#include <openssl/err.h>
#pragma weak ERR_clear_error

#include <initializer_list>
#include <memory>
#include <string>

#include "addon.h"

namespace pluto {

template <auto free>
struct Free {
  template <typename T>
  void operator()(T* it) const {
    free(it);
  }
};
template <typename T, auto free>
using Owned = std::unique_ptr<T, Free<free>>;

// A Uint8Array of a buffer that is never transferred: arguments before a call, results after it.
class Arena {
 public:
  explicit Arena(const Napi::Value& array)
      : data(BytesOf(array).data), length_(BytesOf(array).length), kept_(Napi::Persistent(array.As<Napi::Object>())) {}

  // Throws unless it holds them all, one behind the other; what takes the place of others counts as if it did not.
  void Holds(Napi::Env env, std::initializer_list<size_t> parts) const {
    size_t room = length_;
    for (size_t part : parts) {
      if (part > room) throw Napi::RangeError::New(env, "too much for the arena");
      room -= part;
    }
  }

  uint8_t* const data;

 private:
  size_t length_;
  Napi::ObjectReference kept_;
};

inline std::string NameOf(const Napi::CallbackInfo& info) { return info[0].As<Napi::String>(); }

inline size_t Octets(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().Uint32Value();
}

// The one that the first argument names by its number.
template <typename List>
typename List::reference At(const Napi::CallbackInfo& info, List& list) {
  size_t index = Octets(info, 0);
  if (index >= list.size()) throw Napi::RangeError::New(info.Env(), "no such algorithm");
  return list[index];
}

// What OpenSSL has noted about it is what node:crypto, and TLS, would take for an error of their own.
inline Napi::Value Failed(Napi::Value answer) {
  ERR_clear_error();
  return answer;
}

inline Napi::Value Answer(Napi::Env env, bool is) {
  Napi::Value answer = Napi::Boolean::New(env, is);
  return is ? answer : Failed(answer);
}

}  // namespace pluto
