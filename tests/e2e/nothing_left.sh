#!/bin/sh
# SPDX-License-Identifier: MIT
# However a run ends, no process, file or mount of it stays.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

# shellcheck disable=SC2086
begin() { start_run $plain -- sh -c 'echo started; sleep 300'; }
group() { /bin/kill "$1" -- "-$run_pid"; }

mkdir "$tmp/work"
expect 0 env TMPDIR="$tmp/work" sh -c "./vkfd run $plain -- true"
nothing_left "a normal end"
expect 71 env TMPDIR="$tmp/work" sh -c "./vkfd run $plain -- sh -c 'echo c >/proc/sysrq-trigger'"
nothing_left "a guest panic"

begin
group -INT # what Ctrl-C does: the whole foreground group gets it
end_run 130 "Ctrl-C"

begin
kill -TERM "$run_pid"
end_run 143 "SIGTERM to the launcher alone"

begin
kill -HUP "$run_pid"
end_run 129 "a closed terminal"

begin
kill -9 "$(ours_named qemu-system-x86_64 | head -n 1)"
end_run 71 "a killed QEMU"
said 'the guest died'

begin
kill -9 "$(ours_named virtiofsd | head -n 1)"
end_run 71 "a killed virtiofsd"
said 'virtiofsd.* died'

begin
kill -9 "$(ours_named supervise | head -n 1)"
end_run 137 "a killed supervisor"

# Nobody can clean up after its own SIGKILL: the processes go at once, the
# files with the next run.
begin
kill -9 "$run_pid"
wait "$run_pid" 2>/dev/null || :
run_pid=
wait_for 15 nothing_runs || fail "a killed launcher left processes: $(ours)"
expect 0 env TMPDIR="$tmp/work" sh -c "./vkfd run $plain -- true"
nothing_left "the run after a killed launcher"

# With a GPU: its process is one more that can die, or must.
begin_gpu() { start_run --no-build --no-driver --gpus 2 -- sh -c 'echo started; sleep 300'; }
begin_gpu
kill -9 "$(ours_named vkfd-gpu | head -n 1)"
end_run 71 "a killed GPU"
said 'the GPU (vkfd-gpu) died'

begin_gpu
group -INT
end_run 130 "Ctrl-C with GPUs"
