/* SPDX-License-Identifier: MIT */
#ifndef VKFD_TESTS_HIP_CASE_H
#define VKFD_TESTS_HIP_CASE_H

/*
 * A program of HIP cases: `--list`, or one case by name. Exit status 0 passed,
 * 4 skipped with a last line "SKIP: reason", anything else failed.
 */
#include <hip/hip_runtime.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define HIP_OK(call)                                                               \
	do {                                                                       \
		hipError_t err_ = (call);                                          \
		if (err_ != hipSuccess) {                                          \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__,     \
				#call, hipGetErrorString(err_));                   \
			exit(1);                                                   \
		}                                                                  \
	} while (0)

#define EXPECT(cond, ...)                                                          \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #cond); \
			fprintf(stderr, __VA_ARGS__);                              \
			fputc('\n', stderr);                                       \
			exit(1);                                                   \
		}                                                                  \
	} while (0)

/* Waits for everything launched, errors of launch and of execution included. */
#define LAUNCHED()                                                                 \
	do {                                                                       \
		HIP_OK(hipGetLastError());                                         \
		HIP_OK(hipDeviceSynchronize());                                    \
	} while (0)

struct hip_case {
	const char *name;
	void (*run)();
	const char *tags;	/* what the guest must be, or "" */
	const char *xnack;	/* HSA_XNACK, set before HIP starts; or NULL */
};

/* A device copy of host data, freed with the object. */
template <typename T> class device_array {
public:
	explicit device_array(size_t count) : count_(count)
	{
		HIP_OK(hipMalloc(&data_, count * sizeof(T)));
	}
	explicit device_array(const std::vector<T> &host) : device_array(host.size())
	{
		HIP_OK(hipMemcpy(data_, host.data(), count_ * sizeof(T), hipMemcpyHostToDevice));
	}
	device_array(const device_array &) = delete;
	device_array &operator=(const device_array &) = delete;
	~device_array() { (void)hipFree(data_); }

	T *get() { return data_; }
	std::vector<T> host() const
	{
		std::vector<T> out(count_);

		HIP_OK(hipMemcpy(out.data(), data_, count_ * sizeof(T), hipMemcpyDeviceToHost));
		return out;
	}

private:
	T *data_ = nullptr;
	size_t count_;
};

/* The same numbers in each run: a failure can be repeated. */
static inline uint32_t next_random(uint32_t &state)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static inline int hip_cases_main(int argc, char **argv, const hip_case *cases, size_t nr)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s --list|NAME\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(argv[1], "--list")) {
			printf("%s\t%s\n", cases[i].name, cases[i].tags);
		} else if (!strcmp(argv[1], cases[i].name)) {
			if (cases[i].xnack)
				setenv("HSA_XNACK", cases[i].xnack, 1);
			cases[i].run();
			return 0;
		}
	}
	if (!strcmp(argv[1], "--list"))
		return 0;
	fprintf(stderr, "%s: no case '%s'; see --list\n", argv[0], argv[1]);
	return 2;
}

#endif
