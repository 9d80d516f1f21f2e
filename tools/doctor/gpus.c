// SPDX-License-Identifier: MIT
/*
 * The GPUs: what their topology says, and what amdkfd makes of it. Which GPU
 * replays faults when is decided in kfd_process_xnack_mode() and
 * amdgpu_gmc_noretry_set() of the kernel; the same rules, from the outside.
 */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES "/sys/class/kfd/kfd/topology/nodes"
#define CAPABILITY_SVM (1u << 27)
#define GFX9	90000
#define GFX10	100000
/* From here on faults are replayed again. */
#define GFX121	120100

void arch_name(unsigned int gfx, char name[16])
{
	snprintf(name, 16, "gfx%u%x%x", gfx / 10000 % 100, gfx / 100 % 100, gfx % 100);
}

/* MI200 and MI300: each process has its own mode. */
static bool per_process(const struct gpu *gpu)
{
	static const unsigned int able[] = { 90010, 90400, 90401, 90402, 90500 };

	for (size_t i = 0; i < sizeof(able) / sizeof(able[0]); i++)
		if (gpu->gfx == able[i])
			return true;
	return false;
}

/* The mode that a GPU boots with, unless amdgpu.noretry says otherwise. */
static bool noretry_by_default(const struct gpu *gpu)
{
	return gpu->gfx == 90000 || gpu->gfx == 90006 || gpu->gfx == 90008 || per_process(gpu) ||
	       gpu->gfx >= 100300;
}

/* @noretry: module parameter, -1 if it was left to the driver. */
static void judge(struct gpu *gpu, long long noretry)
{
	bool off = noretry < 0 ? noretry_by_default(gpu) : noretry > 0;
	bool retries = gpu->gfx >= GFX121 || (gpu->gfx >= GFX9 && gpu->gfx < GFX10);

	gpu->default_on = retries && !off;
	gpu->can_xnack = gpu->default_on || per_process(gpu);
}

static int by_node(const void *a, const void *b)
{
	const struct gpu *left = a, *right = b;

	return (left->node > right->node) - (left->node < right->node);
}

static bool add_node(const char *name, void *arg)
{
	struct doctor *d = arg;
	unsigned long long simds = 0, gfx = 0, capability = 0, minor = 0, bytes = 0;
	const char *properties = tree_path(d, NODES "/%s/properties", name);
	struct gpu *gpu = &d->gpus[d->nr_gpus];

	if (!tree_property(properties, "simd_count", &simds) || !simds || d->nr_gpus == MAX_GPUS)
		return d->nr_gpus == MAX_GPUS;
	tree_property(properties, "gfx_target_version", &gfx);
	tree_property(properties, "capability", &capability);
	tree_property(properties, "drm_render_minor", &minor);
	tree_property(tree_path(d, NODES "/%s/mem_banks/0/properties", name), "size_in_bytes", &bytes);
	*gpu = (struct gpu){
		.node = (unsigned int)atoi(name), .gfx = (unsigned int)gfx,
		.render = (unsigned int)minor, .vram_bytes = bytes,
		.svm = capability & CAPABILITY_SVM,
	};
	arch_name(gpu->gfx, gpu->arch);
	d->nr_gpus++;
	return false;
}

/* Why this GPU cannot do it, when none can. */
static void explain_gpu(struct doctor *d, const struct gpu *gpu, long long noretry)
{
	if (gpu->gfx >= GFX10 && gpu->gfx < GFX121)
		cause(d, LOSES_XNACK, "gpu-no-retry",
		      "node %u (%s): GPUs of this generation cannot replay an access that faulted; no setting changes that",
		      gpu->node, gpu->arch);
	else if (noretry > 0)
		cause(d, LOSES_XNACK, "noretry-set",
		      "node %u (%s) has one mode for all processes, and the module parameter amdgpu.noretry=%lld chose off; load amdgpu with noretry=0",
		      gpu->node, gpu->arch, noretry);
	else
		cause(d, LOSES_XNACK, "noretry-default",
		      "node %u (%s) has one mode for all processes, and it is off unless amdgpu is loaded with noretry=0",
		      gpu->node, gpu->arch);
}

/* The mode is one of the process: its weakest GPU decides. */
static void check_xnack(struct doctor *d, long long noretry)
{
	const struct gpu *able = NULL;

	for (unsigned int i = 0; i < d->nr_gpus; i++)
		if (d->gpus[i].can_xnack)
			able = &d->gpus[i];
	for (unsigned int i = 0; i < d->nr_gpus; i++) {
		const struct gpu *gpu = &d->gpus[i];

		if (gpu->gfx < GFX9 || gpu->can_xnack)
			continue;
		if (able)
			cause(d, LOSES_XNACK, "mixed-gpus",
			      "node %u (%s) cannot replay faults, and the mode is one for all GPUs that a process may open, so node %u (%s) goes without; keep /dev/dri/renderD%u from the process by a device cgroup (container); ROCR_VISIBLE_DEVICES is not enough",
			      gpu->node, gpu->arch, able->node, able->arch, gpu->render);
		else
			explain_gpu(d, gpu, noretry);
	}
}

static void check_one(struct doctor *d, const struct gpu *gpu)
{
	row("GPU", "node %u, %s, %llu MiB VRAM, SVM %s, XNACK %s", gpu->node, gpu->arch,
	    (unsigned long long)gpu->vram_bytes >> 20, gpu->svm ? "yes" : "no",
	    per_process(gpu) ? "chosen by each process" : gpu->can_xnack ? "always on" : "no");
	if (gpu->gfx < GFX9)
		cause(d, LOSES_HMM | LOSES_XNACK, "gpu-too-old",
		      "node %u (%s): SVM begins with gfx900 (Vega)", gpu->node, gpu->arch);
	else if (!gpu->svm)
		cause(d, LOSES_HMM | LOSES_XNACK, "gpu-no-svm",
		      "node %u (%s) shows no SVM (capability bit 27), and libhsakmt uses it on all GPUs or on none: the driver lacks it or could not register VRAM as device memory (see dmesg for 'HMM')",
		      gpu->node, gpu->arch);
}

void check_gpus(struct doctor *d)
{
	long long noretry = -1;

	if (!d->driver)
		return;
	tree_number(tree_path(d, "/sys/module/amdgpu/parameters/noretry"), &noretry);
	tree_each(tree_path(d, NODES), add_node, d);
	if (!d->nr_gpus) {
		cause(d, LOSES_HMM | LOSES_XNACK, "no-kfd-gpu",
		      "%s is loaded, but no GPU is in " NODES "; dmesg says what KFD refused", d->driver);
		return;
	}
	qsort(d->gpus, d->nr_gpus, sizeof(d->gpus[0]), by_node);
	for (unsigned int i = 0; i < d->nr_gpus; i++) {
		judge(&d->gpus[i], noretry);
		check_one(d, &d->gpus[i]);
	}
	check_xnack(d, noretry);
}
