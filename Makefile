# SPDX-License-Identifier: GPL-2.0
#
# Two verbs are all a newcomer needs: "make run" and "make check". The rest is
# told by "make help". Everything that is made goes to build/. V=1 shows how.

VERSION := 0.1.0

prefix ?= /usr/local
includedir ?= $(prefix)/include
libdir ?= $(prefix)/lib
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
bashcompdir ?= $(prefix)/share/bash-completion/completions
CC := gcc
CFLAGS ?= -O2 -g

B := build
KERNEL := tools/vm/kernel
MAKEFLAGS += --no-print-directory
export V
ifneq ($(V),1)
Q := @
KFLAGS := -s
endif

ALL_CFLAGS := -std=gnu11 -Wall -Wextra -Werror $(CFLAGS) -MMD -MP -Iinclude/uapi -Ilibipc
TEST_CFLAGS := $(ALL_CFLAGS) -isystem $(B)/kselftest -static

.PHONY: all module libipc tools samples selftests setup-build setup-tools setup-test setup-run setup-check
all: module libipc tools samples selftests

# The module, for the kernel of the installed headers and for the others.
# kbuild writes next to what it reads: give it a copy. (BTF would take the
# kernel's unpacked image, which Debian's headers don't have.)

define build_module
	$(Q)mkdir -p $(B)/module-$(1)
	$(Q)rsync -rlpc --delete --filter='P *.o' --filter='P .*.cmd' Kbuild module include $(B)/module-$(1)
	$(Q)+$(MAKE) $(KFLAGS) -C $(2) M=$(abspath $(B)/module-$(1)) \
		CONFIG_DEBUG_INFO_BTF_MODULES= $(3) modules
endef

module: setup-build
	$(call build_module,stock,$(or $(KDIR),$$($(KERNEL) headers)))

MODULES := debug-module backports-module kcsan-module
.PHONY: $(MODULES)

debug-module: KUNIT := PARLEY_KUNIT=1

$(MODULES): %-module: setup-check
	$(call build_module,$*,$$($(KERNEL) $*)/build,$(KUNIT))

# libipc: static, and shared with versioned symbols.

LIB_SOURCES := $(wildcard libipc/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(B)/%.o)

libipc: $(B)/libipc.a $(B)/libipc.so.0

$(B)/libipc/%.o: libipc/%.c | setup-build
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -c -o $@ $<

$(B)/libipc.a: $(LIB_OBJECTS)
	$(Q)rm -f $@
	$(Q)ar rcsD $@ $^

$(B)/libipc.so.0: $(LIB_OBJECTS) libipc/libipc.map
	$(Q)$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-soname,$(@F) -Wl,-z,defs \
		-Wl,--version-script=libipc/libipc.map -o $@ $(LIB_OBJECTS)

# The command line tool; the guest gets a static one.

PARLEY := $(B)/tools/parley/parley
PARLEY_PACKAGES := libnl-genl-3.0 json-c
PARLEY_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tools/parley/*.c))

tools: $(PARLEY) $(PARLEY)-static

$(B)/tools/parley/%.o: tools/parley/%.c | setup-tools
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -DVERSION='"$(VERSION)"' $$(pkg-config --cflags $(PARLEY_PACKAGES)) \
		-c -o $@ $<

$(PARLEY): $(PARLEY_OBJECTS) $(B)/libipc.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs $(PARLEY_PACKAGES))

$(PARLEY)-static: $(PARLEY_OBJECTS) $(B)/libipc.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -Wl,--no-warnings -o $@ $^ \
		$$(pkg-config --static --libs $(PARLEY_PACKAGES))

# Samples: each samples/*/*.c is a program.

SAMPLES := $(patsubst %.c,$(B)/%,$(wildcard samples/*/*.c))
SAMPLE_SCRIPTS := $(addprefix $(B)/,$(wildcard samples/*/*.sh))

samples: $(SAMPLES) $(SAMPLE_SCRIPTS)

$(B)/samples/%: samples/%.c $(B)/libipc.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -static -o $@ $< $(B)/libipc.a

$(B)/samples/%.sh: samples/%.sh
	@mkdir -p $(@D)
	$(Q)install $< $@

# Selftests: each .c is a program, with its directory's common.c if there is
# one; those of the module are built a second time as 32-bit programs, but for
# those that link a library (packages_PROGRAM, as pkg-config knows them), of
# which there is no 32-bit one, and for those about races, to which the layout of
# arguments is nothing. The benchmark is one program.

NO_WARNINGS := -Wl,--no-warnings
packages_attributes := libnl-genl-3.0 json-c
packages_uring := liburing
packages_uring-cancel := liburing
packages_uring_args := liburing
packages_uring_cancel := liburing
packages_uring_cargo := liburing
packages_uring_end := liburing
packages_uring_many := liburing

TEST_SOURCES := $(filter-out %/common.c,$(foreach d,module libipc stress tools,$(wildcard selftests/$(d)/*.c)))
TESTS := $(TEST_SOURCES:%.c=$(B)/%)
RACES := selftests/module/race.c selftests/module/deadlock_race.c
TESTS_32 := $(foreach t,$(patsubst selftests/module/%.c,%,$(filter-out $(RACES),$(filter selftests/module/%,$(TEST_SOURCES)))),\
	$(if $(packages_$(t)),,$(B)/selftests/module/32/$(t)))

selftests: $(TESTS) $(TESTS_32) $(B)/selftests/bench/ipc

$(B)/kselftest: | setup-test
	@mkdir -p $(@D)
	$(Q)ln -sfn "$$($(KERNEL) source)/tools/testing/selftests" $@

.SECONDEXPANSION:
$(B)/selftests/%: selftests/%.c $$(wildcard selftests/$$(*D)/common.c) $(B)/libipc.a | $(B)/kselftest
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $(filter %.c,$^) $(B)/libipc.a \
		$(if $(packages_$(*F)),$(NO_WARNINGS) \
			$$(pkg-config --static --cflags --libs $(packages_$(*F))))

$(B)/selftests/module/32/%: selftests/module/%.c $(wildcard selftests/module/common.c) | $(B)/kselftest
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 $(TEST_CFLAGS) -o $@ $(filter %.c,$^)

$(B)/selftests/bench/ipc: $(wildcard selftests/bench/*.[ch] include/uapi/linux/*.h) | setup-build
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -static -o $@ $(filter %.c,$^)

-include $(LIB_OBJECTS:.o=.d) $(PARLEY_OBJECTS:.o=.d) $(addsuffix .d,$(SAMPLES) $(TESTS) $(TESTS_32))

# File systems that the tests mount.
$(B)/selftests/fs: selftests/images | setup-test
	@mkdir -p $(@D)
	$(Q)rm -rf $@ && selftests/images $@

# The verbs that take the virtual machine.

.PHONY: run check check-quick check-long bench guest clean install help
run: setup-run module tools samples
	$(Q)tools/vm/run $(B)/samples/tour $(PARLEY)-static

# The selftests as the guest sees them: exactly the ones that there are now.
guest: selftests tools $(B)/selftests/fs
	$(Q)rm -rf $(B)/guest
	$(Q)mkdir -p $(B)/guest/bin
	$(Q)cp selftests/run-guest $(B)/guest
	$(Q)cp $(PARLEY)-static $(B)/guest/bin/parley
	$(Q)cd $(B)/selftests && cp --parents $(patsubst $(B)/selftests/%,%,$(TESTS) $(TESTS_32)) ../guest
	$(Q)cd selftests && cp --parents $(patsubst selftests/%,%,$(wildcard selftests/*/settings)) ../$(B)/guest
	$(Q)cp -r $(B)/selftests/fs $(B)/guest

check: setup-run all guest debug-module backports-module
	$(Q)selftests/run check

check-quick: setup-run all guest
	$(Q)selftests/run quick

check-long: setup-run all guest $(MODULES)
	$(Q)selftests/run long

bench: setup-run module $(B)/selftests/bench/ipc
	$(Q)selftests/run-bench

setup-build:
	$(Q)tools/vm/setup build

setup-tools:
	$(Q)tools/vm/setup build tools

setup-test:
	$(Q)tools/vm/setup tools test

setup-run:
	$(Q)tools/vm/setup build run

setup-check:
	$(Q)tools/vm/setup build tools test check

clean:
	rm -rf $(B)

# Where DKMS looks for it, whatever the prefix.
DKMS := $(DESTDIR)/usr/src/parley-$(VERSION)

install: libipc $(PARLEY)
	rm -rf $(DKMS)
	install -d $(DESTDIR)$(libdir)/pkgconfig $(DESTDIR)$(includedir)/linux $(DKMS)
	install -m 644 $(B)/libipc.a $(B)/libipc.so.0 $(DESTDIR)$(libdir)
	ln -sf libipc.so.0 $(DESTDIR)$(libdir)/libipc.so
	install -m 644 libipc/libipc*.h $(DESTDIR)$(includedir)
	install -m 644 include/uapi/linux/*.h $(DESTDIR)$(includedir)/linux
	sed -e 's|@VERSION@|$(VERSION)|;s|@prefix@|$(prefix)|;s|@libdir@|$(libdir)|;s|@includedir@|$(includedir)|' \
		libipc/libipc.pc.in >$(DESTDIR)$(libdir)/pkgconfig/libipc.pc
	for page in libipc/man/*.[0-9]; do \
		install -D -m 644 -t $(DESTDIR)$(mandir)/man$${page##*.} $$page || exit 1; \
	done
	install -D -t $(DESTDIR)$(bindir) $(PARLEY)
	install -D -m 644 -t $(DESTDIR)$(mandir)/man1 tools/parley/parley.1
	install -D -m 644 tools/parley/parley.bash $(DESTDIR)$(bashcompdir)/parley
	cp -r Kbuild module include $(DKMS)
	sed 's|@VERSION@|$(VERSION)|' dkms.conf >$(DKMS)/dkms.conf
	chmod -R u=rwX,go=rX $(DKMS) $(DESTDIR)$(libdir)/pkgconfig/libipc.pc

help:
	@cat tools/vm/help
