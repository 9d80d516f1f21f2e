/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_STATS_H
#define VKFD_STATS_H

/*
 * Event counters of the device, 64 bit, only growing, read at
 * VKFD_REGS_STATS_OFFSET + 8 * index of BAR4. STAT(name, what it counts).
 */
/* clang-format off */
#define VKFD_STATS(STAT)                                                     \
	STAT(SDMA_BYTES_READ,     "bytes SDMA copies read")                   \
	STAT(SDMA_BYTES_WRITTEN,  "bytes SDMA copies, fills and writes wrote") \
	STAT(SDMA_PACKETS,        "SDMA packets executed")                    \
	STAT(SYSTEM_READ_BYTES,   "bytes read from guest RAM by engines")     \
	STAT(SYSTEM_WRITE_BYTES,  "bytes written to guest RAM by engines")    \
	STAT(VRAM_READ_BYTES,     "bytes read from own VRAM by engines")      \
	STAT(VRAM_WRITE_BYTES,    "bytes written to own VRAM by engines")     \
	STAT(PEER_READ_BYTES,     "bytes read from peers' VRAM")              \
	STAT(PEER_WRITE_BYTES,    "bytes written to peers' VRAM")             \
	STAT(TLB_HITS,            "translations answered by the TLB")         \
	STAT(TLB_MISSES,          "page table walks")                         \
	STAT(TLB_FLUSHES,         "TLB flush commands")                       \
	STAT(FAULTS_RETRY,        "retry faults reported")                    \
	STAT(FAULTS_NORETRY,      "no-retry faults reported")                 \
	STAT(FAULTS_MERGED,       "faults on a page already reported")        \
	STAT(FAULT_REPLAYS,       "parked accesses run again")                \
	STAT(IH_ENTRIES,          "interrupt ring entries written")           \
	STAT(IH_INTERRUPTS,       "interrupts raised")                        \
	STAT(IH_FULL,             "entries that waited for ring space")       \
	STAT(DOORBELLS,           "doorbell stores")                          \
	STAT(DOORBELLS_UNUSED,    "doorbell stores to slots without a queue") \
	STAT(REG_READS,           "trapped register reads")                   \
	STAT(REG_WRITES,          "trapped register writes")                  \
	STAT(KIQ_COMMANDS,        "kernel interface queue commands")          \
	STAT(QUEUE_ERRORS,        "queues stopped by a packet error")           \
	STAT(COMPUTE_PACKETS,     "PM4 and AQL packets executed")             \
	STAT(DISPATCHES,          "kernels launched")                         \
	STAT(GROUPS,              "workgroups that ended")                    \
	STAT(WAVES,               "waves launched")                           \
	STAT(INSTRUCTIONS,        "wave instructions executed")               \
	STAT(WAVE_FAULTS,         "waves that waited for a page")             \
	STAT(WAVE_ERRORS,         "waves that stopped their queue")           \
	STAT(QUEUE_SUSPENDS,      "running queues that were suspended")      \
	STAT(QUEUE_RESUMES,       "suspended queues that run again")
/* clang-format on */

enum vkfd_stat {
#define VKFD_STAT_ENUM(name, what) VKFD_STAT_##name,
	VKFD_STATS(VKFD_STAT_ENUM)
#undef VKFD_STAT_ENUM
	VKFD_STAT_COUNT
};

#endif
