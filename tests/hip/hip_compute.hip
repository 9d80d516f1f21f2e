// SPDX-License-Identifier: MIT
/*
 * Ordinary HIP kernels, each checked against the same computation on the CPU,
 * bit for bit: the floating-point ones use operations that IEEE 754 defines.
 */
#include <algorithm>
#include <cmath>
#include "hip_case.h"

static std::vector<float> some_floats(size_t count, uint32_t seed)
{
	std::vector<float> out(count);

	for (auto &value : out)
		value = (float)((int)(next_random(seed) % 20001) - 10000) / 64.0f;
	return out;
}

static std::vector<uint32_t> some_words(size_t count, uint32_t seed)
{
	std::vector<uint32_t> out(count);

	for (auto &value : out)
		value = next_random(seed);
	return out;
}

template <typename T>
static void expect_equal(const std::vector<T> &got, const std::vector<T> &want)
{
	EXPECT(got.size() == want.size(), "%zu elements, not %zu", got.size(), want.size());
	for (size_t i = 0; i < got.size(); i++)
		EXPECT(!memcmp(&got[i], &want[i], sizeof(T)), "element %zu: %g, not %g", i,
		       (double)got[i], (double)want[i]);
}

__global__ void vector_add(const float *a, const float *b, float *c, size_t count)
{
	size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;

	if (i < count)
		c[i] = a[i] + b[i];
}

static void run_vector_add(size_t count)
{
	auto a = some_floats(count, 1), b = some_floats(count, 2);
	device_array<float> da(a), db(b), dc(count);
	std::vector<float> want(count);

	for (size_t i = 0; i < count; i++)
		want[i] = a[i] + b[i];
	vector_add<<<(count + 255) / 256, 256>>>(da.get(), db.get(), dc.get(), count);
	LAUNCHED();
	expect_equal(dc.host(), want);
}

static void vector_add_small() { run_vector_add(1000); }
static void vector_add_million() { run_vector_add(1 << 20); }

__global__ void saxpy(float a, const float *x, float *y, size_t count)
{
	size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;

	if (i < count)
		y[i] = fmaf(a, x[i], y[i]);
}

static void saxpy_is_fused()
{
	const size_t count = 70001;
	auto x = some_floats(count, 3), y = some_floats(count, 4);
	device_array<float> dx(x), dy(y);

	saxpy<<<(count + 127) / 128, 128>>>(1.1f, dx.get(), dy.get(), count);
	LAUNCHED();
	for (size_t i = 0; i < count; i++)
		y[i] = fmaf(1.1f, x[i], y[i]);
	expect_equal(dy.host(), y);
}

#define REDUCE_THREADS 256

__global__ void reduce(const uint32_t *in, uint64_t *sum, size_t count)
{
	__shared__ uint64_t part[REDUCE_THREADS];
	size_t step = (size_t)gridDim.x * blockDim.x;
	uint64_t mine = 0;

	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < count; i += step)
		mine += in[i];
	part[threadIdx.x] = mine;
	for (unsigned int half = REDUCE_THREADS / 2; half; half /= 2) {
		__syncthreads();
		if (threadIdx.x < half)
			part[threadIdx.x] += part[threadIdx.x + half];
	}
	if (!threadIdx.x)
		atomicAdd((unsigned long long *)sum, (unsigned long long)part[0]);
}

static void reduction_sums_all()
{
	const size_t count = 200003;
	auto in = some_words(count, 5);
	device_array<uint32_t> din(in);
	device_array<uint64_t> dsum(std::vector<uint64_t>(1, 0));
	uint64_t want = 0;

	for (auto value : in)
		want += value;
	reduce<<<20, REDUCE_THREADS>>>(din.get(), dsum.get(), count);
	LAUNCHED();
	EXPECT(dsum.host()[0] == want, "%llx, not %llx", (unsigned long long)dsum.host()[0],
	       (unsigned long long)want);
}

/* Inclusive scan of one block of 1024: shuffles inside waves, LDS between them. */
__global__ void scan_block(uint32_t *data)
{
	__shared__ uint32_t totals[16];
	unsigned int lane = threadIdx.x % 64, wave = threadIdx.x / 64;
	uint32_t value = data[blockIdx.x * 1024 + threadIdx.x];

	for (int step = 1; step < 64; step *= 2) {
		uint32_t below = __shfl_up(value, step);

		if (lane >= (unsigned int)step)
			value += below;
	}
	if (lane == 63)
		totals[wave] = value;
	__syncthreads();
	for (unsigned int w = 0; w < wave; w++)
		value += totals[w];
	data[blockIdx.x * 1024 + threadIdx.x] = value;
}

static void scan_of_blocks()
{
	const size_t blocks = 24;
	auto data = some_words(blocks * 1024, 6);
	device_array<uint32_t> ddata(data);

	scan_block<<<blocks, 1024>>>(ddata.get());
	LAUNCHED();
	for (size_t i = 0; i < data.size(); i++)
		if (i % 1024)
			data[i] += data[i - 1];
	expect_equal(ddata.host(), data);
}

#define TILE 16

__global__ void transpose(const float *in, float *out, int width, int height)
{
	__shared__ float tile[TILE][TILE + 1];
	int x = blockIdx.x * TILE + threadIdx.x, y = blockIdx.y * TILE + threadIdx.y;

	if (x < width && y < height)
		tile[threadIdx.y][threadIdx.x] = in[y * width + x];
	__syncthreads();
	x = blockIdx.y * TILE + threadIdx.x;
	y = blockIdx.x * TILE + threadIdx.y;
	if (x < height && y < width)
		out[y * height + x] = tile[threadIdx.x][threadIdx.y];
}

static void transpose_of_odd_shape()
{
	const int width = 211, height = 147;
	auto in = some_floats((size_t)width * height, 7);
	std::vector<float> want(in.size());
	device_array<float> din(in), dout(in.size());

	transpose<<<dim3((width + TILE - 1) / TILE, (height + TILE - 1) / TILE),
		    dim3(TILE, TILE)>>>(din.get(), dout.get(), width, height);
	LAUNCHED();
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			want[x * height + y] = in[y * width + x];
	expect_equal(dout.host(), want);
}

__global__ void matmul(const float *a, const float *b, float *c, int n)
{
	__shared__ float ta[TILE][TILE], tb[TILE][TILE];
	int x = blockIdx.x * TILE + threadIdx.x, y = blockIdx.y * TILE + threadIdx.y;
	float sum = 0;

	for (int t = 0; t < n; t += TILE) {
		ta[threadIdx.y][threadIdx.x] = a[y * n + t + threadIdx.x];
		tb[threadIdx.y][threadIdx.x] = b[(t + threadIdx.y) * n + x];
		__syncthreads();
		for (int k = 0; k < TILE; k++)
			sum = fmaf(ta[threadIdx.y][k], tb[k][threadIdx.x], sum);
		__syncthreads();
	}
	c[y * n + x] = sum;
}

static void matmul_by_tiles()
{
	const int n = 64;
	auto a = some_floats(n * n, 8), b = some_floats(n * n, 9);
	std::vector<float> want(n * n);
	device_array<float> da(a), db(b), dc(n * n);

	matmul<<<dim3(n / TILE, n / TILE), dim3(TILE, TILE)>>>(da.get(), db.get(), dc.get(), n);
	LAUNCHED();
	for (int y = 0; y < n; y++)
		for (int x = 0; x < n; x++) {
			float sum = 0;

			for (int k = 0; k < n; k++)
				sum = fmaf(a[y * n + k], b[k * n + x], sum);
			want[y * n + x] = sum;
		}
	expect_equal(dc.host(), want);
}

__global__ void histogram(const uint32_t *in, uint32_t *bins, size_t count)
{
	__shared__ uint32_t mine[256];
	size_t step = (size_t)gridDim.x * blockDim.x;

	mine[threadIdx.x] = 0;
	__syncthreads();
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < count; i += step)
		atomicAdd(&mine[in[i] >> 24], 1);
	__syncthreads();
	atomicAdd(&bins[threadIdx.x], mine[threadIdx.x]);
}

static void histogram_counts_each()
{
	const size_t count = 100000;
	auto in = some_words(count, 10);
	std::vector<uint32_t> want(256);
	device_array<uint32_t> din(in), dbins(want);

	histogram<<<12, 256>>>(din.get(), dbins.get(), count);
	LAUNCHED();
	for (auto value : in)
		want[value >> 24]++;
	expect_equal(dbins.host(), want);
}

__global__ void stencil(const double *in, double *out, int width, int height)
{
	int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;

	if (x >= width || y >= height)
		return;
	if (!x || !y || x == width - 1 || y == height - 1) {
		out[y * width + x] = in[y * width + x];
		return;
	}
	out[y * width + x] = fma(0.25, (in[y * width + x - 1] + in[y * width + x + 1]) +
				 (in[(y - 1) * width + x] + in[(y + 1) * width + x]),
				 -in[y * width + x]);
}

static void stencil_in_double()
{
	const int width = 130, height = 70;
	std::vector<double> in((size_t)width * height), want(in);
	uint32_t seed = 11;

	for (auto &value : in)
		value = (double)next_random(seed) / 3.0;
	device_array<double> din(in), dout(in.size());
	stencil<<<dim3((width + 31) / 32, (height + 7) / 8), dim3(32, 8)>>>(din.get(), dout.get(),
									    width, height);
	LAUNCHED();
	want = in;
	for (int y = 1; y < height - 1; y++)
		for (int x = 1; x < width - 1; x++) {
			int at = y * width + x;

			want[at] = fma(0.25, (in[at - 1] + in[at + 1]) +
				       (in[at - width] + in[at + width]), -in[at]);
		}
	expect_equal(dout.host(), want);
}

/* Division and square root: long sequences of instructions, correctly rounded. */
__global__ void divide(const float *a, const float *b, float *quotient, float *root,
		       double *dquotient, size_t count)
{
	size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;

	if (i >= count)
		return;
	quotient[i] = a[i] / b[i];
	root[i] = sqrtf(fabsf(a[i]));
	dquotient[i] = (double)a[i] / (double)b[i];
}

static void division_is_rounded_correctly()
{
	const size_t count = 20000;
	auto a = some_floats(count, 12), b = some_floats(count, 13);
	std::vector<float> quotient(count), root(count);
	std::vector<double> dquotient(count);
	device_array<float> da(a), dq(count), dr(count);
	device_array<double> dd(count);

	for (auto &value : b)
		value = value == 0 ? 3.0f : value;
	device_array<float> db(b);
	divide<<<(count + 255) / 256, 256>>>(da.get(), db.get(), dq.get(), dr.get(), dd.get(),
					     count);
	LAUNCHED();
	for (size_t i = 0; i < count; i++) {
		quotient[i] = a[i] / b[i];
		root[i] = sqrtf(fabsf(a[i]));
		dquotient[i] = (double)a[i] / (double)b[i];
	}
	expect_equal(dq.host(), quotient);
	expect_equal(dr.host(), root);
	expect_equal(dd.host(), dquotient);
}

/* A kernel's arithmetic does not depend on the guest's kernel, and the debug kernel is slow. */
#define STOCK "kernel=stock"

static const hip_case cases[] = {
	{ "vector_add_small", vector_add_small, "", nullptr },
	{ "vector_add_million", vector_add_million, "", nullptr },
	{ "saxpy_is_fused", saxpy_is_fused, STOCK, nullptr },
	{ "reduction_sums_all", reduction_sums_all, "", nullptr },
	{ "scan_of_blocks", scan_of_blocks, STOCK, nullptr },
	{ "transpose_of_odd_shape", transpose_of_odd_shape, STOCK, nullptr },
	{ "matmul_by_tiles", matmul_by_tiles, STOCK, nullptr },
	{ "histogram_counts_each", histogram_counts_each, STOCK, nullptr },
	{ "stencil_in_double", stencil_in_double, STOCK, nullptr },
	{ "division_is_rounded_correctly", division_is_rounded_correctly, STOCK, nullptr },
};

int main(int argc, char **argv)
{
	return hip_cases_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
