#include "policy.h"

#include <algorithm>

namespace pluto::userspace {
namespace {

bool Precedes(const Policy& a, const Policy& b) { return a.priority < b.priority; }

bool IsPort(const Range& range, uint16_t port) { return range.startPort <= port && port <= range.endPort; }

bool Matches(const Policy& policy, const Flow& flow) {
  if (!policy.src.Contains(flow.src) || !policy.dst.Contains(flow.dst)) return false;
  if (policy.src.protocol != 0 && policy.src.protocol != flow.protocol) return false;
  if (policy.src.isAnyPort() && policy.dst.isAnyPort()) return true;
  // A later fragment shows no ports. It may belong to what is protected or dropped, so it must not pass.
  if (!flow.hasPorts) return policy.action != Action::kPass;
  return IsPort(policy.src, flow.srcPort) && IsPort(policy.dst, flow.dstPort);
}

}  // namespace

void PolicyTable::Put(Policy policy) {
  Delete(policy.id);
  rows_.insert(std::upper_bound(rows_.begin(), rows_.end(), policy, Precedes), std::move(policy));
}

bool PolicyTable::Delete(uint32_t id) {
  auto row = std::find_if(rows_.begin(), rows_.end(), [id](const Policy& p) { return p.id == id; });
  if (row == rows_.end()) return false;
  rows_.erase(row);
  return true;
}

Policy* PolicyTable::Find(const Flow& flow) {
  for (Policy& policy : rows_)
    if (Matches(policy, flow)) return &policy;
  return nullptr;
}

}  // namespace pluto::userspace
