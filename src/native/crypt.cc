// Whether a password is the one: by a hash of crypt(3), or as PAM sees it. Both take from milliseconds to as long as they
// like, so that they run on threads of libuv's; both libraries are looked for when they are first wanted, so that the addon
// loads where they are not. What a password was copied to is cleared afterwards.
#include "addon.h"

#include <dlfcn.h>
#include <string.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace pluto {
namespace {

// crypt_r(3) keeps what it computes with in a block of the caller's: libxcrypt's has 32 kB, that of old glibc 128 kB and
// some. Zeros are how it begins.
constexpr size_t kCryptOctets = 256 * 1024;
using CryptR = char* (*)(const char* phrase, const char* setting, void* data);

void* Library(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (void* found = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return found;
  return nullptr;
}

CryptR FindCrypt() {
  static const auto found = [] {
    void* library = Library({"libcrypt.so.1", "libcrypt.so.2"});
    return library ? reinterpret_cast<CryptR>(dlsym(library, "crypt_r")) : nullptr;
  }();
  return found;
}

// The part of Linux-PAM's interface that is needed; it has not changed since 1997.
struct PamMessage {
  int style;
  const char* text;
};
struct PamResponse {
  char* answer;
  int unused;
};
struct PamConversation {
  int (*ask)(int count, const PamMessage** messages, PamResponse** responses, void* self);
  void* self;
};
constexpr int kPamSuccess = 0, kPamBufferError = 5, kPamConversationError = 19;
constexpr int kEchoOff = 1, kEchoOn = 2;
constexpr int kRemoteHost = 4, kFailDelay = 10;
constexpr int kSilent = 0x8000;
constexpr int kMostMessages = 32;

struct Pam {
  int (*start)(const char* service, const char* user, const PamConversation* conversation, void** handle);
  int (*set_item)(void* handle, int item, const void* value);
  int (*authenticate)(void* handle, int flags);
  int (*acct_mgmt)(void* handle, int flags);
  int (*end)(void* handle, int status);
  const char* (*strerror)(void* handle, int error);
};

const Pam* FindPam() {
  static const Pam* const found = []() -> const Pam* {
    // PAM's own modules look for its symbols.
    void* library = dlopen("libpam.so.0", RTLD_NOW | RTLD_GLOBAL);
    if (!library) return nullptr;
    static Pam pam;
    bool whole = true;
    auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      whole = whole && function;
    };
    find(pam.start, "pam_start");
    find(pam.set_item, "pam_set_item");
    find(pam.authenticate, "pam_authenticate");
    find(pam.acct_mgmt, "pam_acct_mgmt");
    find(pam.end, "pam_end");
    find(pam.strerror, "pam_strerror");
    return whole ? &pam : nullptr;
  }();
  return found;
}

std::string TextOf(const Napi::Value& value) {
  Bytes bytes = BytesOf(value);
  return std::string(reinterpret_cast<char*>(bytes.data), bytes.length);
}

void Clear(std::string& text) {
  explicit_bzero(text.data(), text.size());
}

// Its promise is fulfilled with "" where the password is right, else with why not.
class Check : public Napi::AsyncWorker {
 public:
  Check(Napi::Env env, std::string password)
      : Napi::AsyncWorker(env, "pluto.password"), deferred_(Napi::Promise::Deferred::New(env)),
        password_(std::move(password)) {}
  ~Check() override { Clear(password_); }

  Napi::Value Begin() {
    Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  void OnOK() override { deferred_.Resolve(Napi::String::New(Env(), why_)); }
  void OnError(const Napi::Error& e) override { deferred_.Resolve(Napi::String::New(Env(), e.Message())); }

  Napi::Promise::Deferred deferred_;
  std::string password_;
  std::string why_;
};

class CryptCheck : public Check {
 public:
  CryptCheck(Napi::Env env, std::string password, std::string hash)
      : Check(env, std::move(password)), hash_(std::move(hash)) {}

 protected:
  void Execute() override {
    CryptR crypt = FindCrypt();
    if (!crypt) {
      why_ = "libcrypt is not there";
      return;
    }
    std::vector<char> data(kCryptOctets);
    const char* made = crypt(password_.c_str(), hash_.c_str(), data.data());
    // A failure token begins with a star, as a locked account's hash does.
    if (!made || made[0] == '*') why_ = "libcrypt does not know this kind of hash";
    else if (!IsSame(made)) why_ = "wrong password";
    explicit_bzero(data.data(), data.size());
  }

 private:
  bool IsSame(const char* made) const {
    if (strlen(made) != hash_.size()) return false;
    unsigned char differs = 0;
    for (size_t i = 0; i < hash_.size(); i++) differs |= static_cast<unsigned char>(made[i] ^ hash_[i]);
    return differs == 0;
  }

  std::string hash_;
};

class PamCheck : public Check {
 public:
  PamCheck(Napi::Env env, std::string service, std::string user, std::string password, std::string host)
      : Check(env, std::move(password)), service_(std::move(service)), user_(std::move(user)), host_(std::move(host)) {}

 protected:
  void Execute() override {
    const Pam* pam = FindPam();
    if (!pam) {
      why_ = "PAM is not there (libpam.so.0)";
      return;
    }
    PamConversation conversation{Ask, this};
    void* handle = nullptr;
    int status = pam->start(service_.c_str(), user_.c_str(), &conversation, &handle);
    if (status != kPamSuccess) {
      why_ = "PAM does not start";
      return;
    }
    pam->set_item(handle, kRemoteHost, host_.c_str());
    // Whoever asks waits after a failure as long as it likes, without a thread.
    pam->set_item(handle, kFailDelay, reinterpret_cast<const void*>(NoDelay));
    status = pam->authenticate(handle, kSilent);
    if (status == kPamSuccess) status = pam->acct_mgmt(handle, kSilent);
    if (status != kPamSuccess) {
      const char* text = pam->strerror(handle, status);
      why_ = text ? text : "PAM refuses";
    }
    pam->end(handle, status);
  }

 private:
  static void NoDelay(int, unsigned, void*) {}

  // What is asked without an echo is the password. PAM frees the answers, and clears them.
  static int Ask(int count, const PamMessage** messages, PamResponse** responses, void* self) {
    auto* check = static_cast<PamCheck*>(self);
    if (count <= 0 || count > kMostMessages) return kPamConversationError;
    auto* answers = static_cast<PamResponse*>(calloc(count, sizeof(PamResponse)));
    if (!answers) return kPamBufferError;
    for (int i = 0; i < count; i++) {
      if (messages[i]->style == kEchoOff) answers[i].answer = strdup(check->password_.c_str());
      if (messages[i]->style == kEchoOn) answers[i].answer = strdup(check->user_.c_str());
    }
    *responses = answers;
    return kPamSuccess;
  }

  std::string service_;
  std::string user_;
  std::string host_;
};

// checkCrypt(password: Uint8Array, hash: Uint8Array): Promise<string>
Napi::Value CheckCrypt(const Napi::CallbackInfo& info) {
  return (new CryptCheck(info.Env(), TextOf(info[0]), TextOf(info[1])))->Begin();
}

// checkPam(service, user, password, host: Uint8Array): Promise<string>
Napi::Value CheckPam(const Napi::CallbackInfo& info) {
  auto* check = new PamCheck(info.Env(), TextOf(info[0]), TextOf(info[1]), TextOf(info[2]), TextOf(info[3]));
  return check->Begin();
}

}  // namespace

void InitCrypt(Napi::Env env, Napi::Object exports) {
  exports.Set("checkCrypt", Napi::Function::New<CheckCrypt>(env, "checkCrypt"));
  exports.Set("checkPam", Napi::Function::New<CheckPam>(env, "checkPam"));
}

}  // namespace pluto
