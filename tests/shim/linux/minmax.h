/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

/* Both sides once, and of one type after promotion, as the kernel insists. */
#define min(a, b)                          \
	({                                 \
		__typeof__(a) min_a = (a); \
		__typeof__(b) min_b = (b); \
		min_a < min_b ? min_a : min_b; \
	})
#define max(a, b)                          \
	({                                 \
		__typeof__(a) max_a = (a); \
		__typeof__(b) max_b = (b); \
		max_a > max_b ? max_a : max_b; \
	})

#endif
