# SPDX-License-Identifier: MIT
# Front door for people who type make; ./vkfd has the logic.

all build:
	./vkfd build
demo:
	./vkfd demo
kmod:
	./vkfd build kmod-stock
device:
	./vkfd build device
check:
	./vkfd test static
test:
	./vkfd test host
guest:
	./vkfd test guest
clean:
	./vkfd clean

.PHONY: all build demo kmod device check test guest clean
