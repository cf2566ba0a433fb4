#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pluto::userspace {

// Carries out a batch of messages, from NFNL_MSG_BATCH_BEGIN to _END. 0, or the (positive) errno of the first refusal.
// `handles` gets those of new rules that were to be echoed (NLM_F_ECHO), in order.
int NfnetlinkBatch(const uint8_t* messages, size_t length, std::vector<uint64_t>* handles);

}  // namespace pluto::userspace
