// The outbound security policy database (RFC 4301 §4.4.1), and the packets that wait for an SA.
#pragma once

#include <cstdint>
#include <vector>

#include "association.h"

namespace pluto::userspace {

enum class Action { kProtect, kPass, kDrop };

struct Policy {
  uint32_t id = 0;  // the main thread's name for it
  Action action = Action::kDrop;
  uint32_t priority = 0;  // lower wins
  uint32_t reqid = 0;
  Range src, dst;  // `protocol` and the port ranges; of ICMP: type and code, as a kernel has it

  // An acquire was raised and is not answered; another one may follow after this uptime.
  int64_t askedUntil = 0;
  std::vector<std::vector<uint8_t>> held;
};

class PolicyTable {
 public:
  void Put(Policy policy);  // replaces the one with the same id
  bool Delete(uint32_t id);
  void Clear() { rows_.clear(); }

  // Null if none matches: such packets pass (as they do where a kernel has no policy for them).
  Policy* Find(const Flow& flow);
  std::vector<Policy>& rows() { return rows_; }

 private:
  std::vector<Policy> rows_;  // best first
};

}  // namespace pluto::userspace
