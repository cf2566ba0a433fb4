#pragma once

#include <cstddef>
#include <cstdint>

namespace pluto::userspace {

// Carries out a batch of messages, from NFNL_MSG_BATCH_BEGIN to _END. 0, or the (positive) errno of the first refusal.
int NfnetlinkBatch(const uint8_t* messages, size_t length);

}  // namespace pluto::userspace
