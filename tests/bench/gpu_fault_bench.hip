// SPDX-License-Identifier: MIT
/*
 * usage: gpu_fault_bench [--json] [--quick]
 *
 * A HIP kernel touches one word of each of many pages that the GPU has no
 * mapping for: all lanes of all waves fault together, far more than 64 at a
 * time. Beside it a CPU that touches as much memory for the first time. Exit
 * status 1 if a fault without migration costs more than 4 CPU faults.
 */
#include <hip/hip_runtime.h>
#include <fcntl.h>
#include <linux/kfd_ioctl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
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

static const size_t page = 4096;

static double seconds()
{
	timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

__global__ void touch(char *base, const uint32_t *order, uint32_t nr)
{
	uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < nr)
		*(volatile uint32_t *)(base + size_t(order[i]) * page) = i + 1;
}

static char *pages_map(uint32_t nr)
{
	void *addr = mmap(nullptr, nr * page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED || madvise(addr, nr * page, MADV_NOHUGEPAGE)) {
		perror("gpu_fault_bench: mmap");
		exit(1);
	}
	return static_cast<char *>(addr);
}

/* The id that the KFD knows the only GPU by. */
static uint32_t gpu_id()
{
	uint32_t id = 0;

	for (int node = 0; node < 16 && !id; node++) {
		char path[80];
		snprintf(path, sizeof(path), "/sys/class/kfd/kfd/topology/nodes/%d/gpu_id", node);
		FILE *file = fopen(path, "r");
		if (file && fscanf(file, "%u", &id) != 1)
			id = 0;
		if (file)
			fclose(file);
	}
	return id;
}

/* A fault serves one page, which stays in RAM or moves to VRAM. */
static void policy_set(char *addr, uint32_t nr, bool to_vram)
{
	static int kfd = open("/dev/kfd", O_RDWR | O_CLOEXEC);
	kfd_ioctl_svm_attribute attrs[3] = {
		{ KFD_IOCTL_SVM_ATTR_GRANULARITY, 0 },
		{ KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, to_vram ? gpu_id() : 0 },
		{ to_vram ? KFD_IOCTL_SVM_ATTR_ACCESS : KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, gpu_id() },
	};
	std::vector<char> call(sizeof(kfd_ioctl_svm_args) + sizeof(attrs));
	kfd_ioctl_svm_args *args = reinterpret_cast<kfd_ioctl_svm_args *>(call.data());

	args->start_addr = reinterpret_cast<uintptr_t>(addr);
	args->size = nr * page;
	args->op = KFD_IOCTL_SVM_OP_SET_ATTR;
	args->nattr = 3;
	memcpy(args->attrs, attrs, sizeof(attrs));
	if (ioctl(kfd, AMDKFD_IOC_SVM + (sizeof(attrs) << _IOC_SIZESHIFT), args)) {
		perror("gpu_fault_bench: AMDKFD_IOC_SVM");
		exit(1);
	}
}

static double launch(char *base, const uint32_t *order, uint32_t nr)
{
	double start = seconds();

	touch<<<(nr + 255) / 256, 256>>>(base, order, nr);
	HIP_OK(hipGetLastError());
	HIP_OK(hipDeviceSynchronize());
	return seconds() - start;
}

/* Seconds a fault: the first launch, less the same with everything mapped. */
static double measure(uint32_t nr, bool random, bool touched, bool to_vram)
{
	std::vector<uint32_t> order(nr);
	uint32_t *device_order;
	char *base = pages_map(nr);
	double first, again;

	for (uint32_t i = 0; i < nr; i++)
		order[i] = random ? uint32_t(uint64_t(i) * 2654435761u % nr) : i;
	HIP_OK(hipMalloc(&device_order, nr * sizeof(uint32_t)));
	HIP_OK(hipMemcpy(device_order, order.data(), nr * sizeof(uint32_t), hipMemcpyHostToDevice));
	if (touched)
		memset(base, 0, nr * page);
	policy_set(base, nr, to_vram);
	first = launch(base, device_order, nr);
	again = launch(base, device_order, nr);
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t word;
		memcpy(&word, base + order[i] * page, sizeof(word));
		if (word != i + 1) {
			fprintf(stderr, "gpu_fault_bench: page %u holds %u, not %u\n", order[i],
				word, i + 1);
			exit(1);
		}
	}
	HIP_OK(hipFree(device_order));
	munmap(base, nr * page);
	return (first - again) / nr;
}

static double measure_cpu(uint32_t nr)
{
	char *base = pages_map(nr);
	double start = seconds();

	for (uint32_t i = 0; i < nr; i++)
		*(volatile uint32_t *)(base + i * page) = i;
	start = seconds() - start;
	munmap(base, nr * page);
	return start / nr;
}

int main(int argc, char **argv)
{
	bool json = false, quick = false;
	double cpu, gpu, limit = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			json = true;
		} else if (!strcmp(argv[i], "--quick")) {
			quick = true;
		} else {
			fprintf(stderr, "gpu_fault_bench: '%s'? usage: gpu_fault_bench [--json] [--quick]\n", argv[i]);
			return 2;
		}
	}
	const uint32_t nr = quick ? 256 : 16384;
	struct {
		const char *what;
		bool random, touched, to_vram;
	} rows[] = {
		{ "4 KiB in RAM, sequential", false, true, false },
		{ "4 KiB in RAM, random", true, true, false },
		{ "4 KiB never touched, mapped in RAM", false, false, false },
		{ "4 KiB moved to VRAM, random", true, true, true },
	};
	HIP_OK(hipInit(0));
	measure(256, false, true, false);	/* the kernel's code object is loaded */
	cpu = measure_cpu(nr);
	if (!json)
		printf("%u faults of one kernel, per fault\n  %-52s %9.2f us\n", nr,
		       "CPU, anonymous, 4 KiB", cpu * 1e6);
	for (auto &row : rows) {
		gpu = measure(nr, row.random, row.touched, row.to_vram);
		if (!row.to_vram && gpu > limit)
			limit = gpu;
		printf(json ? "{\"bench\":\"faults\",\"what\":\"%s\",\"us\":%.2f,\"cpu\":%.2f}\n" :
			      "  GPU, %-47s %9.2f us   %.2f CPU faults\n",
		       row.what, gpu * 1e6, json ? cpu * 1e6 : gpu / cpu);
	}
	if (json)
		printf("{\"target\":\"CPU faults a GPU fault without migration\",\"value\":%.3f,\"bound\":4,\"met\":%s}\n",
		       limit / cpu, limit <= 4 * cpu ? "true" : "false");
	else
		printf("  %-62s %8.2f  <= 4.00  %s\n", "a GPU fault without migration, worst, in CPU faults",
		       limit / cpu, limit <= 4 * cpu ? "met" : "MISSED");
	return limit <= 4 * cpu ? 0 : 1;
}
